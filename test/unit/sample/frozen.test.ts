import { describe, expect, it } from 'vitest';
import type { Resource, Sample, Task } from '../../../src/model/sample';
import { findFrozen } from '../../../src/sample/frozen';
import { fileOf, requestOf, sampleOf, taskOf } from '../samples';
import { fakeTarget, type Tree } from './fakeTarget';

const MOUNTS = [
  '20 1 254:0 / / rw - ext4 /dev/vda rw',
  '30 20 254:16 / /mnt rw - xfs /dev/vdb rw',
  '40 20 0:5 / /proc rw - proc proc rw',
].join('\n');
const PROCESSES = {
  ok: true as const,
  entries: ['7', '12', '13', '14'].map((name) => ({ name })),
  truncated: false,
};
const HOST: Tree = {
  '/proc/7/comm': 'server\n',
  '/proc/12/comm': 'qemu-ga\n',
  '/proc/13/comm': 'backup\n',
  '/proc/14/comm': 'bash\n',
  '/proc/13/fd/4': '/mnt',
  '/proc/14/fd/4': '/mnt/data',
};

const held = (name: string, args: readonly string[], path?: string): Task =>
  taskOf({
    state: 'D',
    wchan: 'percpu_rwsem_wait',
    syscall: { number: 1, name, args, ...(path === undefined ? {} : { path }) },
  });
const root = (fd: number) => fileOf(fd, '/var/log/x', { mount: '/', fsType: 'ext4', device: '254:0' });
const file = (fd: number): Resource =>
  fileOf(fd, '/mnt/data', { mount: '/mnt', fsType: 'xfs', source: '/dev/vdb', device: '254:16' });

const found = (parts: Partial<Sample>, target = fakeTarget(HOST)) =>
  findFrozen(target, sampleOf(parts), MOUNTS, PROCESSES, false);

describe('the frozen file system that a task waits for', () => {
  it('is that of the descriptor it writes to, with who may have frozen it', async () => {
    expect(await found({ tasks: [held('write', ['0x5'])], resources: [root(4), file(5)] })).toEqual([
      {
        mount: '/mnt',
        fsType: 'xfs',
        source: '/dev/vdb',
        device: '254:16',
        suspects: [
          { pid: 12, name: 'qemu-ga' },
          { pid: 13, name: 'backup' },
        ],
      },
    ]);
  });

  it('is that of the path it makes', async () => {
    expect(
      await found({ tasks: [held('mkdir', ['0x1000'], '/mnt/new')], resources: [root(4)] }),
    ).toMatchObject([{ mount: '/mnt' }]);
  });

  it('is that of the request a worker carries', async () => {
    const worker: Task = { ...taskOf({ tid: 9, kind: 'worker', state: 'D', wchan: 'percpu_rwsem_wait' }) };
    const requests = [requestOf({ operation: 'WRITE', fd: 5, worker: 9 })];
    expect(await found({ tasks: [worker], requests, resources: [root(4), file(5)] })).toMatchObject([
      { mount: '/mnt' },
    ]);
  });

  it('is not named where it may be one of several', async () => {
    const unnamed = taskOf({ state: 'D', wchan: 'percpu_rwsem_wait' });
    expect(await found({ tasks: [unnamed], resources: [root(4), file(5)] })).toEqual([]);
    expect(await found({ tasks: [unnamed], resources: [file(5)] })).toMatchObject([{ mount: '/mnt' }]);
  });

  it('is none that cannot be frozen, and is looked for only while somebody waits', async () => {
    const path = held('mkdir', ['0x1000'], '/proc/x');
    expect(await found({ tasks: [path] })).toEqual([]);
    const target = fakeTarget(HOST);
    expect(
      await found({ tasks: [taskOf({ state: 'D', wchan: 'io_schedule' })], resources: [file(5)] }, target),
    ).toEqual([]);
    expect(target.asked).toEqual([]);
  });
});
