pos:	0
flags:	02000002
mnt_id:	17
ino:	322694
