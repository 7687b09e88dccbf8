pos:	0
flags:	02000002
mnt_id:	16
ino:	2647
SqMask:	0x3f
SqHead:	6
SqTail:	6
CachedSqHead:	6
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
UserFiles:	0
UserBufs:	0
PollList:
CqOverflowList:
NAPI:	disabled
