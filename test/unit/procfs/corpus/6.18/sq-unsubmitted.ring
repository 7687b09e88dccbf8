pos:	0
flags:	02000002
mnt_id:	17
ino:	316648
SqMask:	0x3f
SqHead:	0
SqTail:	5
CachedSqHead:	0
CqMask:	0x7f
CqHead:	0
CqTail:	0
CachedCqTail:	0
SQEs:	5
    0: opcode:READ, fd:3, flags:0, off:0, addr:0x7f20a6d0d000, rw_flags:0x0, buf_index:0 user_data:0
    1: opcode:READ, fd:3, flags:0, off:0, addr:0x7f20a6d0e000, rw_flags:0x0, buf_index:0 user_data:1
    2: opcode:READ, fd:3, flags:0, off:0, addr:0x7f20a6d0f000, rw_flags:0x0, buf_index:0 user_data:2
    3: opcode:READ, fd:3, flags:0, off:0, addr:0x7f20a6d10000, rw_flags:0x0, buf_index:0 user_data:3
    4: opcode:READ, fd:3, flags:0, off:0, addr:0x7f20a6d11000, rw_flags:0x0, buf_index:0 user_data:4
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
