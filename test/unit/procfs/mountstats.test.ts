import { describe, expect, it } from 'vitest';
import { parseMountstats } from '../../../src/procfs/mountstats';

/** As net/sunrpc/stats.c and fs/nfs/super.c of Linux 6.12 print it; not recorded. */
const TEXT = `device proc mounted on /proc with fstype proc
device 10.9.9.1:/ mounted on /srv/n\\040fs with fstype nfs4 statvers=1.1
	opts:	rw,vers=4.2,hard,proto=tcp,timeo=50,addr=10.9.9.1
	age:	93
	caps:	caps=0xfffbc0bf,wtmult=512
	sec:	flavor=1,pseudoflavor=1
	events:	0 1 0 0 0
	bytes:	0 0 0 0
	RPC iostats version: 1.1  p/v: 100003/4 (nfs)
	xprt:	tcp 803 1 2 0 61 49 45 1 200 0 2 10 20
	xprt:	tcp 804 1 2 0 7 10 10 0 200 0 2 10 20
	per-op statistics
	        NULL: 1 1 0 44 24 0 0 0 0
	        READ: 4 9 5 800 0 1 2 300 0
device /dev/vda mounted on / with fstype ext4
	age:	1
device h:/x mounted on /old with fstype nfs statvers=1.0
	xprt:	udp 803 1 49 45 3 200 0 2 10 20
	xprt:	local 1 2 0 61 49 45 3 200 0 2 10 20
	xprt:	smoke 1 2 3 4 5 6 7 8
`;

describe('mountstats', () => {
  const [tcp, udp, ...more] = parseMountstats(TEXT);

  it('tells of each NFS mount its age, connections and operations', () => {
    expect(more).toEqual([]);
    expect(tcp).toEqual({
      mountPoint: '/srv/n fs',
      age: 93,
      transports: [
        { protocol: 'tcp', sends: 49, receives: 45, badXids: 1, idle: 61 },
        { protocol: 'tcp', sends: 10, receives: 10, badXids: 0, idle: 7 },
      ],
      operations: [
        { name: 'NULL', calls: 1, transmissions: 1, timeouts: 0 },
        { name: 'READ', calls: 4, transmissions: 9, timeouts: 5 },
      ],
    });
  });

  it('knows the columns of each transport, and leaves out those it does not know', () => {
    expect(udp).toEqual({
      mountPoint: '/old',
      transports: [
        { protocol: 'udp', sends: 49, receives: 45, badXids: 3 },
        { protocol: 'local', sends: 49, receives: 45, badXids: 3, idle: 61 },
      ],
      operations: [],
    });
  });
});
