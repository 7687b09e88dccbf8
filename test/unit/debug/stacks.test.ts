import { describe, expect, it } from 'vitest';
import type { DebugServices } from '../../../src/debug/services';
import type { Request, Task } from '../../../src/model/sample';
import { frame, idle, read, ring, stuck, worker } from '../views/samples';
import { attached, sessionOf } from './scripted';

const USER: Task['userStack'] = [
  { function: 'syscall', address: '0x7f00', trust: 'proven', binary: '/usr/lib/x86_64-linux-gnu/libc.so.6' },
  { function: 'inner', file: '/src/app/a.c', line: 40, address: '0x1010', trust: 'proven', inlined: true },
  { function: 'outer', file: '/src/app/a.c', line: 50, column: 7, address: '0x1010', trust: 'probable' },
  { function: 'poll', file: '/rustc/0123abc/library/std/src/x.rs', line: 9, address: '0x2', trust: 'proven' },
  { function: '__poll', file: 'sysdeps/poll.c', line: 29, address: '0x3', trust: 'proven' },
];

const THREAD = idle(4242, {
  kernelStack: [frame('io_cqring_wait'), { ...frame('ep_poll'), module: 'mod' }],
  syscall: { number: 426, name: 'io_uring_enter', args: ['0x5'] },
  userStack: USER,
  userStackNote: 'ends here: no unwind table',
});

describe('the stack of a task', () => {
  it('has the kernel’s frames above the program’s, and says where one ends and what is missing', async () => {
    const { client } = await attached(stuck({ tasks: [THREAD] }), false);
    const { stackFrames, totalFrames } = await client.ask('stackTrace', { threadId: 4242 });
    expect(stackFrames.map(({ name }: { name: string }) => name)).toEqual([
      'io_cqring_wait+0x115/0x2f0',
      'ep_poll+0x115/0x2f0 [mod]',
      '— system call io_uring_enter —',
      'syscall',
      'inner (inlined)',
      'outer (probable)',
      'poll',
      '__poll',
      '— its stack ends here: no unwind table —',
    ]);
    expect(totalFrames).toBe(9);
    const [kernel, , label, libc, inner, outer, rust, poll] = stackFrames;
    expect(kernel).toEqual({
      id: expect.any(Number),
      name: kernel.name,
      line: 0,
      column: 0,
      presentationHint: 'subtle',
    });
    expect(label.presentationHint).toBe('label');
    expect(libc).toMatchObject({ presentationHint: 'subtle', line: 0 });
    expect(inner).toMatchObject({
      presentationHint: 'normal',
      line: 40,
      column: 1,
      source: { name: 'a.c', path: '/src/app/a.c' },
    });
    expect(inner.source.presentationHint).toBeUndefined();
    expect(outer).toMatchObject({ line: 50, column: 7 });
    expect(rust).toMatchObject({
      presentationHint: 'subtle',
      source: { name: 'x.rs', presentationHint: 'deemphasize', origin: expect.stringContaining('Rust') },
    });
    expect(rust.source.path).toBeUndefined();
    expect(poll.source).toMatchObject({ name: 'poll.c', presentationHint: 'deemphasize' });
    expect(poll.source.path).toBeUndefined();
  });

  it('comes in pages whose frames keep their ids', async () => {
    const { client } = await attached(stuck({ tasks: [THREAD] }), false);
    const all = await client.ask('stackTrace', { threadId: 4242 });
    const page = await client.ask('stackTrace', { threadId: 4242, startFrame: 4, levels: 2 });
    expect(page).toEqual({ stackFrames: all.stackFrames.slice(4, 6), totalFrames: 9 });
    const beyond = await client.ask('stackTrace', { threadId: 4242, startFrame: 9, levels: 20 });
    expect(beyond).toEqual({ stackFrames: [], totalFrames: 9 });
  });

  it('counts lines and names paths as the client does', async () => {
    const { client } = await attached(stuck({ tasks: [THREAD] }), false, {
      linesStartAt1: false,
      columnsStartAt1: false,
      pathFormat: 'uri',
    });
    const { stackFrames } = await client.ask('stackTrace', { threadId: 4242, startFrame: 5, levels: 1 });
    expect(stackFrames[0]).toMatchObject({ line: 49, column: 6, source: { path: 'file:///src/app/a.c' } });
  });

  it('leads to where the sources are here, and pales what is not here', async () => {
    const { client, services } = sessionOf(stuck({ tasks: [THREAD] }), false);
    const looked: string[] = [];
    const findSource: DebugServices['findSource'] = async (file) => {
      looked.push(file);
      return file === '/home/me/a.c' ? file : undefined;
    };
    Object.assign(services, { findSource });
    await client.ask('attach', { pid: 4242, sourceFileMap: { '/src/app': '/home/me' } });
    const mapped = await client.ask('stackTrace', { threadId: 4242, startFrame: 4, levels: 2 });
    expect(mapped.stackFrames[0].source).toEqual({ name: 'a.c', path: '/home/me/a.c' });
    expect(looked).toEqual(['/home/me/a.c']);

    const other = sessionOf(stuck({ tasks: [THREAD] }), false);
    Object.assign(other.services, { findSource });
    await other.client.ask('attach', { pid: 4242 });
    const { stackFrames } = await other.client.ask('stackTrace', {
      threadId: 4242,
      startFrame: 4,
      levels: 1,
    });
    expect(stackFrames[0].source).toMatchObject({
      path: '/src/app/a.c',
      presentationHint: 'deemphasize',
      origin: expect.stringContaining('sourceFileMap'),
    });
  });

  it('says that the kernel’s frames cannot be seen', async () => {
    const { kernelStack: _, ...blind } = idle(4242);
    const { client } = await attached(stuck({ tasks: [blind, worker(4243)] }), false);
    const { stackFrames } = await client.ask('stackTrace', { threadId: 4242 });
    expect(stackFrames[0].name).toBe('— kernel stack not visible: it needs CAP_SYS_ADMIN —');
    const carried = await client.ask('stackTrace', { threadId: 4243 });
    expect(carried.stackFrames.at(-1).name).toContain('a thread of the kernel');
  });

  it('has a text of what is known where there is no code to show, so that clients select that frame', async () => {
    const { client, stop } = await attached(stuck({ tasks: [idle(4242), worker(4243)] }), false);
    const { stackFrames } = await client.ask('stackTrace', { threadId: 4243 });
    const told = stackFrames.filter(({ source }: { source?: object }) => source);
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({
      name: expect.stringMatching(/← waits here$/),
      presentationHint: 'normal',
      line: 1,
      source: { name: 'request_wait_answer' },
    });
    expect(told[0].source.presentationHint).toBeUndefined();
    const { content } = await client.ask('source', { source: told[0].source, sourceReference: 0 });
    expect(content).toMatch(/^request_wait_answer\+0x115/);
    expect(content).toMatch(/\nWaits for\n {2}waits: it waits for/);
    expect(content).toMatch(/what to do: /);
    expect((await client.request('source', { sourceReference: 9999 })).message).toContain('not known');
    expect(stop.body.threadId).toBeGreaterThan(0);
  });

  it('keeps a text that was opened as it was, and says so of one that was not', async () => {
    const seen = stuck({ tasks: [idle(4242), worker(4243)] });
    const { client, services } = await attached(seen, false);
    const told = async () => {
      const { stackFrames } = await client.ask('stackTrace', { threadId: 4243 });
      const found = stackFrames.find(({ source }: { source?: object }) => source);
      return found.source.sourceReference as number;
    };
    const opened = await told();
    const { content } = await client.ask('source', { sourceReference: opened });
    await client.ask('continue');
    const look = (second: number) =>
      services.inspection.look({ ...seen, takenAt: `2026-11-22T20:00:0${second}.000Z` });
    look(1);
    const unopened = await told();
    expect(unopened).not.toBe(opened);
    for (const second of [2, 3, 4]) look(second);
    expect(await client.ask('source', { sourceReference: opened })).toMatchObject({ content });
    const { message } = await client.request('source', { sourceReference: unopened });
    expect(message).toBe(
      'What was known of this frame is not known any more. It belongs to a picture that newer ones have replaced, or to another session. Select a frame in the Call Stack for what is known now.',
    );
  });

  it('selects code of the user’s where a file of it is here', async () => {
    const { client, services } = sessionOf(stuck({ tasks: [THREAD] }), false);
    const told = async () => {
      const { stackFrames } = await client.ask('stackTrace', { threadId: 4242 });
      return stackFrames.filter(
        ({ source }: { source?: { sourceReference?: number } }) => source?.sourceReference,
      );
    };
    Object.assign(services, { findSource: async (file: string) => file });
    await client.ask('attach', { pid: 4242 });
    expect(await told()).toEqual([]);
    const elsewhere = sessionOf(stuck({ tasks: [THREAD] }), false);
    Object.assign(elsewhere.services, { findSource: async () => undefined });
    await elsewhere.client.ask('attach', { pid: 4242 });
    const { stackFrames } = await elsewhere.client.ask('stackTrace', { threadId: 4242 });
    expect(stackFrames[0].source).toMatchObject({
      name: 'io_cqring_wait',
      sourceReference: stackFrames[0].id,
    });
  });

  it('gives the frame itself to who finds its line in the kernel', async () => {
    const { client } = await attached(stuck({ tasks: [THREAD] }), false);
    const { stackFrames } = await client.ask('stackTrace', { threadId: 4242 });
    expect(await client.ask('ioUring/kernelFrame', { frameId: stackFrames[1].id })).toEqual({
      frame: THREAD.kernelStack?.[1],
      stack: THREAD.kernelStack,
      host: { kernel: '6.18.44', arch: 'x86_64' },
    });
    const own = await client.request('ioUring/kernelFrame', { frameId: stackFrames[4].id });
    expect(own.message).toContain('no frame of the kernel');
  });
});

describe('the stack of a ring', () => {
  const origin: Request['origin'] = [
    { kind: 'object', function: 'ReadOp', file: '/src/op.h', line: 3 },
    { kind: 'callback', function: 'on_read', file: '/src/op.c', line: 120 },
  ];

  it('is what is pending, what blocks first, each with the line it belongs to', async () => {
    const requests = [
      read({ worker: 4243, age: 31.2, userData: '0x1000', origin }),
      read({ worker: 4244, age: 31.2 }),
      read({ state: 'queued', operation: 'FSYNC' }),
    ];
    const { client } = await attached(
      stuck({ requests, rings: [ring(1, { inFlight: 5, explained: 3 })] }),
      false,
    );
    const { threads } = await client.ask('threads');
    const { stackFrames, totalFrames } = await client.ask('stackTrace', { threadId: threads[0].id });
    expect(stackFrames.map(({ name }: { name: string }) => name)).toEqual([
      '— 2 running in workers: 2 × read /mnt/data/db —',
      'READ /mnt/data/db · running in a worker · 31 s · worker 4243',
      'READ /mnt/data/db · running in a worker · 31 s · worker 4244',
      'FSYNC /mnt/data/db · queued behind workers',
      '— 2 more not listed: queued or inside the kernel —',
    ]);
    expect(totalFrames).toBe(5);
    expect(stackFrames[1]).toMatchObject({
      line: 120,
      source: { path: '/src/op.c' },
      presentationHint: 'normal',
    });
    expect(stackFrames[2].source).toBeUndefined();
  });

  it('says so where nothing is pending', async () => {
    const { client } = await attached(stuck({ requests: [], rings: [ring(1, { inFlight: 0 })] }), false);
    const { threads } = await client.ask('threads');
    const { stackFrames } = await client.ask('stackTrace', { threadId: threads[0].id });
    expect(stackFrames.map(({ name }: { name: string }) => name)).toEqual(['— nothing is pending —']);
  });

  it('is there for requests of a ring not known, and for Linux AIO', async () => {
    const aio = {
      id: 1,
      address: '0x7f0000000000',
      pending: 2,
      requests: [
        {
          operation: 'PREAD',
          fd: 6,
          path: '/mnt/data/db',
          userData: '0x1',
          iocb: '0x5000',
          certainty: 'certain' as const,
        },
      ],
      sources: ['kernel walk' as const],
    };
    const { client } = await attached(stuck({ requests: [read({ ring: null })], aio: [aio] }), false);
    const { threads } = await client.ask('threads');
    expect(threads.slice(1, 3).map(({ name }: { name: string }) => name)).toEqual([
      '1 request of a ring not known',
      expect.stringContaining('Linux AIO context 1 · 2 pending'),
    ]);
    const own = await client.ask('stackTrace', { threadId: threads[2].id });
    expect(own.stackFrames).toHaveLength(2);
    expect(own.stackFrames[1].name).toBe('— 1 more request pending, not listed —');
    const scopes = await client.ask('scopes', { frameId: own.stackFrames[0].id });
    expect(scopes.scopes.slice(0, 2).map(({ name }: { name: string }) => name)).toEqual([
      'Request',
      'Linux AIO context',
    ]);
  });

  it('of 100,000 requests, and 5,000 threads, come in pages at once', async () => {
    const requests = Array.from({ length: 100_000 }, (_, index) =>
      read({ state: 'queued', userData: `0x${index.toString(16)}`, sequence: index, age: 1 }),
    );
    const rings = [ring(1, { inFlight: requests.length, explained: requests.length })];
    const tasks = Array.from({ length: 5000 }, (_, index) => worker(10_000 + index));
    const { client } = await attached(stuck({ requests, rings, tasks: [idle(4242), ...tasks] }), false, {
      supportsVariablePaging: true,
    });
    const { threads } = await client.ask('threads');
    expect(threads).toHaveLength(5002);
    await client.ask('stackTrace', { threadId: threads[0].id, startFrame: 0, levels: 1 });
    const began = performance.now();
    const { stackFrames, totalFrames } = await client.ask('stackTrace', {
      threadId: threads[0].id,
      startFrame: 90_000,
      levels: 20,
    });
    for (const { id } of threads.slice(2, 102)) await client.ask('stackTrace', { threadId: id, levels: 20 });
    expect(performance.now() - began).toBeLessThan(1000);
    expect(stackFrames).toHaveLength(20);
    expect(totalFrames).toBe(100_001);
    const unpaged = await client.ask('stackTrace', { threadId: threads[0].id });
    expect([unpaged.stackFrames.length, unpaged.totalFrames]).toEqual([1000, 100_001]);
  });
});

describe('a saved Sample that holds what no look finds', () => {
  it('has one frame that says so', async () => {
    const kernelStack = JSON.parse('[{"function":"x"}]');
    const { client } = await attached(stuck({ tasks: [idle(4242, { kernelStack })] }), false);
    const { stackFrames } = await client.ask('stackTrace', { threadId: 4242 });
    expect(stackFrames[0].name).toMatch(/^— This part cannot be shown: /);
    expect((await client.ask('scopes', { frameId: stackFrames[0].id })).scopes.length).toBeGreaterThan(0);
  });
});
