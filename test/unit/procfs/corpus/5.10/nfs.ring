pos:	0
flags:	02000002
mnt_id:	13
SqThread:	-1
SqThreadCpu:	-1
UserFiles:	0
UserBufs:	0
PollList:
