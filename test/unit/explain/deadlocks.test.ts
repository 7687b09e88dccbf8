import { describe, expect, it } from 'vitest';
import { type ExplainOptions, explain } from '../../../src/explain/explain';
import type { Finding, Request, Ring, Sample, Task } from '../../../src/model/sample';
import {
  earlier,
  fileOf,
  requestOf,
  requestsOf,
  ringOf,
  sampleOf,
  stackOf,
  taskOf,
  workerOf,
} from '../samples';

const found = (sample: Sample, tag: string, options?: ExplainOptions): Finding | undefined =>
  explain(sample, options).sample.findings.find((finding) => finding.tag === tag);

/** A thread inside io_uring_enter, which has asked for so many completions. */
const waiter = (least: number, flags = '0x1', parts: Partial<Task> = {}): Task =>
  taskOf({
    kernelStack: stackOf('io_cqring_wait', '__do_sys_io_uring_enter'),
    syscall: {
      number: 426,
      name: 'io_uring_enter',
      args: ['0x3', '0x0', `0x${least.toString(16)}`, flags, '0x0', '0x8'],
    },
    blocked: 30,
    ...parts,
  });

describe('a wait for more completions than can come', () => {
  const polled: Partial<Request> = { state: 'polling', sources: ['ring memory'] };
  const ring = (parts: Partial<Ring> = {}) =>
    ringOf({ sqHead: 3, sqTail: 3, cqTail: 1, inFlight: 2, explained: 2, live: 2, ...parts });
  const waiting = (parts: Partial<Sample> = {}) =>
    sampleOf({ tasks: [waiter(5)], rings: [ring()], requests: requestsOf(2, polled), ...parts });
  const told = (parts: Partial<Sample>) => found(waiting(parts), 'waits-for-more');

  it('lasts for ever: what is in the queue and in flight is counted', () => {
    expect(told({})).toMatchObject({
      severity: 'warning',
      summary:
        'Thread server (7) waits for 5 completions of ring 1 (fd 3), but no more than 3 can come: it would wait for ever.',
    });
  });

  it.each<[string, Partial<Sample>]>([
    ['as many are to come', { tasks: [waiter(3)] }],
    ['another thread may submit', { tasks: [waiter(5), taskOf({ tid: 8 })] }],
    [
      'a timer ends the wait',
      { requests: [requestOf(polled), requestOf({ operation: 'TIMEOUT', state: 'timeout' })] },
    ],
    [
      'a multishot request may post any number',
      {
        requests: [
          requestOf(polled),
          requestOf({
            ...polled,
            operation: 'ACCEPT',
            operands: [{ name: 'accept flags', value: 'MULTISHOT' }],
          }),
        ],
      },
    ],
    [
      'whether an accept is multishot is not known',
      {
        requests: [
          requestOf(polled),
          requestOf({ operation: 'ACCEPT', state: 'polling', sources: ['fdinfo'] }),
        ],
      },
    ],
    ['a request has no row', { rings: [ring({ explained: 1 })] }],
    ['the counters may be off', { rings: [ringOf({ inFlight: 2, explained: 2, skew: 'multishot' })] }],
    ['the queue is full before', { rings: [ring({ cqEntries: 3 })] }],
    ['SQEs are published to the submission thread', { rings: [ring({ sqTail: 5, setup: ['SQPOLL'] })] }],
  ])('is no such thing where %s', (_, parts) => {
    expect(told(parts)).toBeUndefined();
  });
});

describe('the lock of a ring', () => {
  const holder = taskOf({
    state: 'D',
    blocked: 40,
    operation: 'READ',
    kernelStack: stackOf('folio_wait_bit_common', 'filemap_read', 'io_read', 'io_submit_sqes'),
  });
  const locked = taskOf({
    tid: 8,
    name: 'b',
    state: 'D',
    blocked: 39,
    kernelStack: stackOf('__do_sys_io_uring_enter'),
  });

  it('has a holder, who is the cause', () => {
    const sample = sampleOf({ tasks: [holder, locked], rings: [ringOf({ readable: false })] });
    expect(found(sample, 'ring-lock')?.summary).toMatch(
      /^Thread b \(8\) waits for the lock of an io_uring ring, which thread server \(7\) holds while its read waits/,
    );
    expect(explain(sample).sample.findings[0]?.tag).toBe('submitter-stuck');
  });

  it('is not held by a thread that submits to another ring', () => {
    const enter = (fd: string) => ({
      syscall: { number: 426, name: 'io_uring_enter', args: [fd, '0x1', '0x0', '0x0', '0x0', '0x8'] },
    });
    const lockOf = (fd: string) =>
      found(
        sampleOf({
          tasks: [
            { ...holder, ...enter('0x3') },
            { ...locked, ...enter(fd) },
          ],
        }),
        'ring-lock',
      )?.summary;
    expect(lockOf('0x3')).toContain('which thread server (7) holds');
    expect(lockOf('0x4')).toBe('Thread b (8) waits for the lock of an io_uring ring.');
  });

  it('is seen without stacks by where the thread sleeps', () => {
    const { kernelStack: _, ...bare } = locked;
    const sample = sampleOf({ tasks: [{ ...bare, wchan: '__do_sys_io_uring_enter' }] });
    expect(found(sample, 'ring-lock')?.severity).toBe('critical');
  });

  it('is not what an interruptible wait for completions is about', () => {
    const sample = sampleOf({ tasks: [{ ...locked, state: 'S' }], rings: [ringOf()] });
    expect(found(sample, 'ring-lock')).toBeUndefined();
  });
});

describe('a process that cannot end', () => {
  const ending = taskOf({ state: 'D', blocked: 12, kernelStack: stackOf('io_wq_put_and_exit', 'do_exit') });
  const worker = workerOf(10, 'WRITE', ['percpu_rwsem_wait', '__percpu_down_read'], 30);

  it('names the workers that hold it', () => {
    expect(found(sampleOf({ tasks: [ending, worker] }), 'exit-blocked')?.summary).toMatch(
      /^Thread server \(7\) is ending and waits for its io-wq workers to end: 1 write in worker 10 waits/,
    );
  });

  it('is not told of one that is on its way', () => {
    const brief = sampleOf({ tasks: [{ ...ending, blocked: 0.01 }] });
    expect(explain(brief).lookAgain).toBe(true);
    expect(found(brief, 'exit-blocked', { other: earlier(brief), last: true })).toBeUndefined();
  });
});

describe('requests in a row', () => {
  const file = fileOf(6, '/mnt/log');
  const ring = ringOf({ sqHead: 4, sqTail: 4, inFlight: 4, explained: 4, live: 4 });
  const write = (parts: Partial<Request>) =>
    requestOf({ operation: 'WRITE', fd: 6, path: '/mnt/log', ...parts });
  const rows = (...requests: readonly Request[]) =>
    sampleOf({
      rings: [ring],
      resources: [file],
      requests,
      tasks: [workerOf(10, 'WRITE', ['percpu_rwsem_wait'], 9)],
    });

  it('name the write that holds their file, through the whole queue', () => {
    const sample = rows(
      write({ worker: 10 }),
      write({ state: 'queued', after: 0 }),
      write({ state: 'queued', after: 1 }),
    );
    expect(found(sample, 'hashed-writes', { last: true })?.summary).toMatch(
      /^2 requests for \/mnt\/log queue behind the write in worker 10, which waits/,
    );
    expect(found(sample, 'hashed-writes', { last: true })?.severity).toBe('info');
  });

  it('are followed once each, however long the queue is', () => {
    const many = Array.from({ length: 50_000 }, (_, i) => write({ state: 'queued', after: i }));
    const told = found(rows(write({ worker: 10 }), ...many), 'hashed-writes', { last: true });
    expect(told?.summary).toMatch(/^50,000 requests/);
  }, 5_000);

  it('are not told of a queue that moved on', () => {
    const before = rows(write({ worker: 10, offset: 0 }), write({ state: 'queued', after: 0 }));
    const now = rows(write({ worker: 10, offset: 4096 }), write({ state: 'queued', after: 0 }));
    expect(found(now, 'hashed-writes', { other: earlier(before) })).toBeUndefined();
    expect(found(now, 'hashed-writes', { other: earlier(now) })).toBeDefined();
  });

  it('name the head of a link, and count no circle', () => {
    const sample = rows(
      write({ state: 'issued', sources: ['kernel walk'] }),
      write({ state: 'linked', after: 0 }),
      write({ state: 'linked', after: 3 }),
      write({ state: 'linked', after: 2 }),
    );
    expect(found(sample, 'held-back', { last: true })?.summary).toBe(
      '1 linked request of ring 1 (fd 3) waits behind a write of /mnt/log (in the device or file system).',
    );
  });

  it('are not told while the ring completes', () => {
    const sample = rows(write({ state: 'issued' }), write({ state: 'linked', after: 0 }));
    const other = earlier({ ...sample, rings: [{ ...ring, cqHead: 3, cqTail: 3 }] });
    expect(found(sample, 'held-back', { other })).toBeUndefined();
  });
});

describe('a ring that others hold', () => {
  const held = (...peers: { pid: number; name: string }[]) =>
    sampleOf({ rings: [ringOf()], resources: [{ fd: 3, kind: 'io_uring', peers }], tasks: [waiter(1)] });

  it('is told beside the answer, and may yet get requests from there', () => {
    expect(found(held({ pid: 8, name: 'child' }), 'ring-shared')).toMatchObject({
      severity: 'info',
      summary:
        'Ring 1 (fd 3) is also held by child (8): its requests and their files live on until that process closes it, too.',
    });
    expect(found(held({ pid: 8, name: 'child' }), 'waits-for-nothing')?.severity).toBe('info');
  });

  it('is not told where nobody does', () => {
    expect(found(held(), 'ring-shared')).toBeUndefined();
    expect(found(held(), 'waits-for-nothing')?.severity).toBe('warning');
  });
});

describe('a crowd of workers', () => {
  const crowd = (count: number) =>
    sampleOf({
      tasks: Array.from({ length: count }, (_, i) =>
        taskOf({ tid: 10 + i, kind: 'worker', name: 'iou-wrk-7', kernelStack: stackOf('io_wq_worker') }),
      ),
      rings: [ringOf({ inFlight: 8 })],
      process: { pid: 7, startTime: 5, name: 'server', command: [], cpusAllowed: '0' },
    });

  it('is told when two looks see it, with the likely reason', () => {
    const told = found(crowd(300), 'worker-crowd', { other: earlier(crowd(290)) });
    expect(told?.summary).toBe(
      '300 io-wq workers for 8 requests in flight: 300 of them have nothing to do; the process may run on 1 of 2 processors only, where more are started than can run.',
    );
    expect(told?.explanation).toContain('workers that cannot run are taken for blocked ones');
  });

  it('is none where it has just come, or is small', () => {
    expect(found(crowd(300), 'worker-crowd', { other: earlier(crowd(20)) })).toBeUndefined();
    expect(found(crowd(100), 'worker-crowd', { other: earlier(crowd(100)) })).toBeUndefined();
  });
});

describe('a socket that has data', () => {
  const socket = (fd: number, receiveQueue: number) => ({
    fd,
    kind: 'socket' as const,
    inode: 900 + fd,
    socket: {
      protocol: 'tcp' as const,
      state: 'ESTABLISHED',
      local: '[::]:80',
      peer: `h:${fd}`,
      receiveQueue,
      sendQueue: 0,
    },
  });
  const accept = requestOf({ operation: 'ACCEPT', fd: 4, state: 'polling' });
  const server = (parts: Partial<Sample> = {}) =>
    sampleOf({
      tasks: [waiter(1)],
      rings: [ringOf({ sqHead: 1, sqTail: 1, inFlight: 1, explained: 1, live: 1 })],
      resources: [
        { ...socket(4, 0), socket: { protocol: 'tcp', state: 'LISTEN' } },
        socket(5, 0),
        socket(6, 512),
      ],
      requests: [accept],
      ...parts,
    });
  const told = (parts: Partial<Sample> = {}) => found(server(parts), 'unserved-socket');

  it('is told where nothing waits for them', () => {
    expect(told()).toMatchObject({
      severity: 'warning',
      summary: 'TCP [::]:80 → h:6 has 512 bytes unread, and no request of any ring waits for them.',
    });
  });

  it('is but a hint while the program has other work in flight', () => {
    const send = requestOf({ operation: 'SEND', fd: 5, state: 'polling' });
    expect(told({ requests: [accept, send] })?.severity).toBe('info');
  });

  it.each<[string, Partial<Sample>]>([
    ['a receive is armed', { requests: [accept, requestOf({ operation: 'RECV', fd: 6, state: 'polling' })] }],
    [
      'a request may be about it',
      { requests: [accept, requestOf({ operation: 'RECV', fixedFile: 2, state: 'polling' })] },
    ],
    [
      'a thread sits in epoll',
      { tasks: [waiter(1), taskOf({ tid: 8, kernelStack: stackOf('ep_poll'), blocked: 9 })] },
    ],
    ['an epoll set watches it', { resources: [socket(6, 512), { fd: 9, kind: 'epoll', watches: [6] }] }],
    ['a thread runs', { tasks: [waiter(1), taskOf({ tid: 8, state: 'R' })] }],
    ['not every request is listed', { rings: [ringOf({ inFlight: 2, explained: 1, live: 2 })] }],
    ['a completion has just come', { rings: [ringOf({ cqTail: 1, inFlight: 1, explained: 1, live: 1 })] }],
    ['it has no ring', { rings: [], requests: [] }],
  ])('is not told where %s', (_, parts) => {
    expect(told(parts)).toBeUndefined();
  });
});
