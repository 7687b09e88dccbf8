pos:	0
flags:	02000002
mnt_id:	17
ino:	316327
SqMask:	0x3f
SqHead:	6
SqTail:	6
CachedSqHead:	6
CqMask:	0x7f
CqHead:	0
CqTail:	6
CachedCqTail:	6
SQEs:	0
CQEs:	6
    0: user_data:0, res:0, flag:0
    1: user_data:1, res:0, flag:0
    2: user_data:2, res:0, flag:0
    3: user_data:3, res:0, flag:0
    4: user_data:4, res:0, flag:0
    5: user_data:5, res:0, flag:0
SqThread:	-1
SqThreadCpu:	-1
SqTotalTime:	0
SqWorkTime:	0
UserFiles:	0
UserBufs:	0
PollList:
CqOverflowList:
NAPI:	disabled
