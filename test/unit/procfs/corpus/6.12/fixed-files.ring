pos:	0
flags:	02000002
mnt_id:	16
ino:	1662
SqMask:	0x3f
SqHead:	2
SqTail:	2
CachedSqHead:	2
CqMask:	0x7f
CqHead:	0
CqTail:	0
CachedCqTail:	0
SQEs:	0
CQEs:	0
SqThread:	-1
SqThreadCpu:	-1
SqTotalTime:	0
SqWorkTime:	0
UserFiles:	4
    0: 
    1: 
    2: 
    3: 
UserBufs:	0
PollList:
  op=22, task_works=0
  op=22, task_works=0
CqOverflowList:
NAPI:	disabled
