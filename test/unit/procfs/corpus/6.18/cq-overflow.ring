pos:	0
flags:	02000002
mnt_id:	17
ino:	316568
SqMask:	0x3
SqHead:	40
SqTail:	40
CachedSqHead:	40
CqMask:	0x7
CqHead:	0
CqTail:	8
CachedCqTail:	8
SQEs:	0
CQEs:	8
    0: user_data:0, res:0, flag:0
    1: user_data:1, res:0, flag:0
    2: user_data:2, res:0, flag:0
    3: user_data:3, res:0, flag:0
    4: user_data:4, res:0, flag:0
    5: user_data:5, res:0, flag:0
    6: user_data:6, res:0, flag:0
    7: user_data:7, res:0, flag:0
SqThread:	-1
SqThreadCpu:	-1
SqTotalTime:	0
SqWorkTime:	0
UserFiles:	0
UserBufs:	0
PollList:
CqOverflowList:
  user_data=8, res=0, flags=0
  user_data=9, res=0, flags=0
  user_data=10, res=0, flags=0
  user_data=11, res=0, flags=0
  user_data=12, res=0, flags=0
  user_data=13, res=0, flags=0
  user_data=14, res=0, flags=0
  user_data=15, res=0, flags=0
  user_data=16, res=0, flags=0
  user_data=17, res=0, flags=0
  user_data=18, res=0, flags=0
  user_data=19, res=0, flags=0
  user_data=20, res=0, flags=0
  user_data=21, res=0, flags=0
  user_data=22, res=0, flags=0
  user_data=23, res=0, flags=0
  user_data=24, res=0, flags=0
  user_data=25, res=0, flags=0
  user_data=26, res=0, flags=0
  user_data=27, res=0, flags=0
  user_data=28, res=0, flags=0
  user_data=29, res=0, flags=0
  user_data=30, res=0, flags=0
  user_data=31, res=0, flags=0
  user_data=32, res=0, flags=0
  user_data=33, res=0, flags=0
  user_data=34, res=0, flags=0
  user_data=35, res=0, flags=0
  user_data=36, res=0, flags=0
  user_data=37, res=0, flags=0
  user_data=38, res=0, flags=0
  user_data=39, res=0, flags=0
NAPI:	disabled
