import { describe, expect, it } from 'vitest';
import { remoteMountSentence } from '../../../src/explain/remoteMounts';
import { parseMountinfo } from '../../../src/procfs/mountinfo';
import { readRemoteMounts } from '../../../src/sample/remoteMounts';
import { fileOf } from '../samples';
import { fakeTarget } from './fakeTarget';

const { rows } = parseMountinfo(`27 1 8:2 / / rw - ext4 /dev/sda2 rw
49 27 0:29 / /srv/nfs rw - nfs4 10.9.9.1:/export rw,vers=4.2,rsize=131072,hard,proto=tcp,timeo=50,addr=10.9.9.1
50 27 0:30 / /srv/smb rw - cifs //files/share rw,vers=3.1.1,soft,addr=10.9.9.2
51 27 0:31 / /srv/host rw - 9p hostshare rw,trans=virtio
`);
const STATS = `device 10.9.9.1:/export mounted on /srv/nfs with fstype nfs4 statvers=1.1
	age:	93
	xprt:	tcp 803 1 2 0 61 49 45 1 200 0 2 10 20
	        READ: 4 9 5 800 0 1 2 300 0
`;
const at = (mount: string, fsType: string) => fileOf(5, `${mount}/f`, { mount, fsType });

describe('the network mounts of a process', () => {
  it('tell server, export and how long they wait, NFS what its calls have come to', async () => {
    const target = fakeTarget({ '/proc/7/mountstats': STATS });
    const [nfs] = await readRemoteMounts(target, 7, rows, [at('/srv/nfs', 'nfs4'), at('/', 'ext4')]);
    expect(nfs).toEqual({
      mount: '/srv/nfs',
      fsType: 'nfs4',
      server: '10.9.9.1',
      exported: '/export',
      address: '10.9.9.1',
      options: ['vers=4.2', 'hard', 'proto=tcp', 'timeo=50'],
      calls: {
        age: 93,
        sent: 49,
        answered: 45,
        unknownAnswers: 1,
        timeouts: 5,
        idle: 61,
        slow: [{ operation: 'READ', timeouts: 5 }],
      },
    });
    if (nfs) {
      expect(remoteMountSentence(nfs)).toMatch(
        /10\.9\.9\.1:\/export .*mounted hard.*49 calls sent, 45 answered/,
      );
    }
  });

  it('tell how many calls wait now on the connections to their server', async () => {
    const place = '/sys/kernel/sunrpc/xprt-switches';
    const info = (port: number, pending: number, backlog: number) =>
      `last_used=4294\nbinding_q_len=0\nsending_q_len=1\npending_q_len=${pending}\nbacklog_q_len=${backlog}\ndst_port=${port}\n`;
    const target = fakeTarget({
      '/proc/7/mountstats': STATS,
      [`${place}/switch-0/xprt-0-tcp/dstaddr`]: '10.9.9.1\n',
      [`${place}/switch-0/xprt-0-tcp/xprt_info`]: info(2049, 2, 4),
      [`${place}/switch-0/xprt-1-tcp/dstaddr`]: '10.9.9.1\n',
      [`${place}/switch-0/xprt-1-tcp/xprt_info`]: info(2049, 1, 0),
      [`${place}/switch-0/xprt_switch_info`]: 'num_xprts=2\n',
      // The server's own calls, another server, a connection that is closed.
      [`${place}/switch-1/xprt-2-tcp/dstaddr`]: '10.9.9.1\n',
      [`${place}/switch-1/xprt-2-tcp/xprt_info`]: info(0, 8, 8),
      [`${place}/switch-2/xprt-3-tcp/dstaddr`]: '10.9.9.3\n',
      [`${place}/switch-2/xprt-3-tcp/xprt_info`]: info(2049, 8, 8),
      [`${place}/switch-3/xprt-4-tcp/dstaddr`]: '10.9.9.1\n',
      [`${place}/switch-3/xprt-4-tcp/xprt_info`]: '<closed>\n',
    });
    const [nfs] = await readRemoteMounts(target, 7, rows, [at('/srv/nfs', 'nfs4')]);
    expect(nfs?.calls).toMatchObject({ pending: 3, unsent: 6 });
    if (nfs) {
      expect(remoteMountSentence(nfs)).toMatch(/ 3 calls wait for an answer, 6 more could not be sent yet/);
    }
  });

  it('are named by what each kind of file system calls its server', async () => {
    const files = [at('/srv/smb', 'cifs'), at('/srv/host', '9p')];
    const target = fakeTarget({ '/proc/7/mountstats': STATS });
    expect(await readRemoteMounts(target, 7, rows, files)).toMatchObject([
      { server: 'files', exported: 'share', address: '10.9.9.2', options: ['vers=3.1.1', 'soft'] },
      { exported: 'hostshare', options: ['trans=virtio'] },
    ]);
    expect(target.asked).toEqual([]);
  });
});
