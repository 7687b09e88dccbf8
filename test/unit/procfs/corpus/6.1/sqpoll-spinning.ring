pos:	0
flags:	02000002
mnt_id:	15
ino:	1424
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
SqThread:	-1
SqThreadCpu:	-1
UserFiles:	0
UserBufs:	0
PollList:
  op=22, task_works=0
CqOverflowList:
