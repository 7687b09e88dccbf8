import { describe, expect, it } from 'vitest';
import type { Resource } from '../../../src/model/sample';
import { findFuseServers } from '../../../src/sample/fuseServers';
import type { Target } from '../../../src/target/target';
import { fileOf } from '../samples';
import { fakeTarget, type Tree } from './fakeTarget';

const clocks = { uptime: 1000, scheduler: 1000 };
const holder = { pid: 812, name: 'sshfs' };
const file = (waiting: number): Resource =>
  fileOf(6, '/mnt/data/db', { fsType: 'fuse.sshfs', device: '0:45', holder, waiting });

const STAT = `812 (sshfs) D 1 812 812 0 -1 4194560 ${Array.from({ length: 43 }, () => '0').join(' ')}`;
const MOUNTS = [
  '22 1 254:0 / / rw - ext4 /dev/vda rw',
  '40 22 0:45 / /mnt/data rw - fuse.sshfs host:/data rw',
].join('\n');
const TREE: Tree = {
  '/proc/812/task/812/stat': STAT,
  '/proc/812/task/812/wchan': 'request_wait_answer',
  '/proc/812/task/812/syscall': '0 0x7 0x1000 0x10 0x0 0x0 0x0 0x7ffe 0x7f00',
  '/proc/812/mountinfo': MOUNTS,
  '/proc/812/fd/7': '/mnt/data/db',
};

const found = (tree: Tree, waiting = 1, target: Partial<Target> = {}) =>
  findFuseServers({ ...fakeTarget(tree), ...target }, { resources: [file(waiting)], devices: [], clocks });

describe('the server of a FUSE file', () => {
  it('is looked at where it owes answers, and at nothing of it otherwise', async () => {
    const [server] = await found(TREE);
    expect(server).toMatchObject({
      ...holder,
      tasks: [{ tid: 812, state: 'D', wchan: 'request_wait_answer' }],
    });
    const target = fakeTarget(TREE);
    expect(await findFuseServers(target, { resources: [file(0)], devices: [], clocks })).toEqual([]);
    expect(target.asked).toEqual([]);
  });

  it('is found behind a disk, too', async () => {
    const backing = { fsType: 'fuse.sshfs', device: '0:45', holder, waiting: 1 };
    const devices = [{ name: 'loop0', backing }];
    const servers = await findFuseServers(fakeTarget(TREE), { resources: [], devices, clocks });
    expect(servers.map(({ pid }) => pid)).toEqual([812]);
  });

  it('is known to be inside a call on its own mount, by the descriptor', async () => {
    expect((await found(TREE))[0]?.calls).toEqual([{ tid: 812, path: '/mnt/data/db', ownMount: true }]);
    const elsewhere = { ...TREE, '/proc/812/fd/7': '/srv/other' };
    expect((await found(elsewhere))[0]?.calls).toEqual([{ tid: 812, path: '/srv/other' }]);
  });

  it('is known to be inside a call on its own mount, by the path that stands in its memory', async () => {
    const open = '257 0xffffff9c 0x4000 0x80000 0x0 0x0 0x0 0x7ffe 0x7f00';
    const tree = { ...TREE, '/proc/812/task/812/syscall': open };
    const holds = (text: string): Partial<Target> => ({
      memory: async (pid, [range]) => {
        expect([pid, range?.address]).toEqual([812, 0x4000n]);
        return [{ ok: true, data: Buffer.from(`${text}\0rest`), truncated: false }];
      },
    });
    expect((await found(tree, 1, holds('/mnt/data/x')))[0]?.calls).toEqual([
      { tid: 812, path: '/mnt/data/x', ownMount: true },
    ]);
    expect((await found(tree, 1, holds('data/x')))[0]?.calls).toEqual([]);
    expect((await found(tree, 1, holds('/mnt/database')))[0]?.calls).toEqual([
      { tid: 812, path: '/mnt/database' },
    ]);
    expect((await found(tree))[0]?.calls).toEqual([]);
  });

  it('that is gone meanwhile has no tasks', async () => {
    expect(await found({})).toEqual([{ ...holder, tasks: [], calls: [] }]);
  });
});
