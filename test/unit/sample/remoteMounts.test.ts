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
        /10\.9\.9\.1:\/export .*mounted hard.*49 calls sent 4 have no answer/,
      );
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
