pos:	0
flags:	02000002
mnt_id:	17
ino:	316802
SqMask:	0x3f
SqHead:	1
SqTail:	1
CachedSqHead:	1
CqMask:	0x7f
CqHead:	0
CqTail:	0
CachedCqTail:	0
SQEs:	0
CQEs:	0
SqThread:	4642
SqThreadCpu:	1
SqTotalTime:	20569
SqWorkTime:	0
UserFiles:	0
UserBufs:	0
PollList:
  op=22, task_works=0
CqOverflowList:
NAPI:	disabled
