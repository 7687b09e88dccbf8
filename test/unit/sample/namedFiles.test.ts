import { describe, expect, it } from 'vitest';
import type { Request, Sample } from '../../../src/model/sample';
import { stillNamed, withNamedFiles } from '../../../src/sample/namedFiles';
import { fileOf, requestOf, sampleOf, taskOf } from '../samples';
import { fakeTarget } from './fakeTarget';

const MOUNTINFO = [
  '21 1 254:1 / / rw - ext4 /dev/vda1 rw',
  '30 21 254:16 / /mnt/data rw - ext4 /dev/vdb rw',
  '31 30 0:50 / /mnt/data/far rw - fuse.sshfs host:/far rw',
].join('\n');

/** A target whose process 7 has texts in its memory, and a current directory. */
function targetWith(texts: Readonly<Record<number, string>>, root = '/') {
  const target = fakeTarget({
    '/proc/7/root': root,
    '/proc/7/task/7/cwd': '/srv/app',
    '/proc/7/task/8/cwd': '/mnt/data',
  });
  return {
    ...target,
    memory: async (_: number, ranges: readonly { readonly address: bigint; readonly length: number }[]) =>
      ranges.map(({ address, length }) => {
        const text = texts[Number(address)];
        return text === undefined
          ? ({ ok: false, errno: 'EFAULT' } as const)
          : ({ ok: true, data: Buffer.from(`${text}\0rest`).subarray(0, length), truncated: false } as const);
      }),
  };
}

async function named(parts: Partial<Sample>, texts: Readonly<Record<number, string>> = {}, root = '/') {
  const target = targetWith(texts, root) as unknown as Parameters<typeof withNamedFiles>[0];
  const asked = { mountinfo: MOUNTINFO, processes: undefined, ownInode: true };
  const { namedFiles = [] } = await withNamedFiles(target, sampleOf(parts), asked);
  return namedFiles;
}

const inCall = (name: string, ...args: readonly string[]) =>
  taskOf({ state: 'D', blocked: 5, syscall: { number: 0, name, args: [...args, '0x0', '0x0', '0x0'] } });

describe('withNamedFiles', () => {
  it.each([
    ['whole', 'mkdir', ['0x10'], '/mnt/data/new', '/mnt/data/new', '/mnt/data'],
    ['from the current directory', 'open', ['0x10'], 'x/./y', '/srv/app/x/y', '/'],
    ['with dots', 'open', ['0x10'], '/mnt/data/../database', '/mnt/database', '/'],
    ['from AT_FDCWD', 'openat', ['0xffffffffffffff9c', '0x10'], 'x', '/srv/app/x', '/'],
    ['from a descriptor', 'unlinkat', ['0x5', '0x10'], 'far/x', '/mnt/data/far/x', '/mnt/data/far'],
    ['by the descriptor alone', 'newfstatat', ['0x5', '0x10'], '', '/mnt/data', '/mnt/data'],
    ['by a descriptor and no pointer', 'statx', ['0x5', '0x0'], '', '/mnt/data', '/mnt/data'],
  ])('tells a path %s and its mount', async (_, call, args, text, path, mount) => {
    const resources = [fileOf(5, '/mnt/data', { mount: '/mnt/data', kind: 'directory' })];
    const found = await named({ tasks: [inCall(call, ...args)], resources }, { 16: text });
    expect(found).toMatchObject([{ task: 7, path, mount }]);
  });

  it('tells the paths of a process in a root of its own as that sees them', async () => {
    const tasks = [inCall('open', '0x10')];
    expect(await named({ tasks }, { 16: 'x' }, '/srv')).toMatchObject([{ path: '/app/x', mount: '/' }]);
    expect(await named({ tasks }, { 16: '/mnt/data/x' }, '/srv')).toMatchObject([{ path: '/mnt/data/x' }]);
    expect(await named({ tasks }, { 16: 'x' }, '/other')).toEqual([]);
  });

  it('tells both paths of a rename', async () => {
    const [found] = await named(
      { tasks: [inCall('rename', '0x10', '0x20')] },
      { 16: '/mnt/data/a', 32: '/mnt/data/b' },
    );
    expect(found).toMatchObject({ path: '/mnt/data/a', newPath: '/mnt/data/b', fsType: 'ext4' });
  });

  it('says nothing of what cannot be read, of an unknown directory and of a task that ran just now', async () => {
    const tasks = [
      inCall('mkdir', '0x30'),
      { ...inCall('mkdirat', '0x9', '0x10'), tid: 8 },
      { ...inCall('mkdir', '0x10'), tid: 9, blocked: 0.01 },
    ];
    expect(await named({ tasks }, { 16: 'x' })).toEqual([]);
  });

  const carried = (parts: Partial<Request>) =>
    requestOf({ operation: 'MKDIRAT', worker: 8, operands: [], ...parts });
  const worker = taskOf({ tid: 8, kind: 'worker', state: 'D', blocked: 5, operation: 'MKDIRAT' });
  const path = (value: string, name = 'path, now') => ({
    operands: [
      { name: 'directory', value: 'AT_FDCWD' },
      { name, value },
    ],
  });

  it('tells what a worker’s request names, as it stands in memory now', async () => {
    const found = await named({ tasks: [worker], requests: [carried(path('new'))] });
    expect(found).toMatchObject([{ task: 8, path: '/mnt/data/new', mount: '/mnt/data', later: true }]);
  });

  it('takes the kernel’s own path before that of memory', async () => {
    const requests = [carried({ ...path('other'), path: 'kept' })];
    const [found] = await named({ tasks: [worker], requests });
    expect(found).toMatchObject({ path: '/mnt/data/kept' });
    expect(found?.later).toBeUndefined();
  });

  it('takes memory for no path that holds something else now', async () => {
    expect(await named({ tasks: [worker], requests: [carried(path('\u0001\u0002'))] })).toEqual([]);
  });

  it('tells only the mount that all share where the worker may have any of several', async () => {
    const guessed = { sources: ['ring memory'], inferred: ['state', 'worker'] } as const;
    const rows = (second: string) => [
      carried({ ...path('/mnt/data/a'), ...guessed }),
      carried({ ...path(second), ...guessed, state: 'queued', worker: undefined as never }),
    ];
    expect(await named({ tasks: [worker], requests: rows('/mnt/data/b') })).toEqual([
      expect.objectContaining({ task: 8, mount: '/mnt/data' }),
    ]);
    expect((await named({ tasks: [worker], requests: rows('/mnt/data/b') }))[0]?.path).toBeUndefined();
    expect(await named({ tasks: [worker], requests: rows('/srv/b') })).toEqual([]);
    expect(await named({ tasks: [worker], requests: rows('/mnt/data/a') })).toMatchObject([
      { task: 8, path: '/mnt/data/a' },
    ]);
  });
});

describe('stillNamed', () => {
  const task = { ...inCall('mkdir', '0x10'), lastRan: 100 };
  const before = sampleOf({ tasks: [task], namedFiles: [{ task: 7, path: '/mnt/data/new' }] });

  it('stands while the task has not run', () => {
    expect(stillNamed(before, sampleOf({ tasks: [task] }))).toEqual(before.namedFiles);
  });

  it('asks for a new look where it has, and forgets tasks that wait for something else', () => {
    expect(stillNamed(before, sampleOf({ tasks: [{ ...task, lastRan: 101 }] }))).toBeUndefined();
    expect(stillNamed(before, sampleOf({ tasks: [taskOf()] }))).toEqual([]);
  });
});
