import { describe, expect, it } from 'vitest';
import { type ExplainOptions, explain } from '../../../src/explain/explain';
import type { Finding, Host, Process, Request, Ring, Sample, Task } from '../../../src/model/sample';
import { earlier, requestOf, requestsOf, ringOf, sampleOf, stackOf, taskOf, workerOf } from '../samples';

const found = (sample: Sample, tag: string, options?: ExplainOptions): Finding | undefined =>
  explain(sample, options).sample.findings.find((finding) => finding.tag === tag);

const answerOf = (sample: Sample): Finding | undefined => explain(sample, { last: true }).sample.findings[0];

/** A thread inside io_uring_enter, with the call's arguments from to_submit on. */
const entered = (submit: number, least: number, flags: number, parts: Partial<Task> = {}): Task =>
  taskOf({
    kernelStack: stackOf('io_cqring_wait', '__do_sys_io_uring_enter'),
    syscall: {
      number: 426,
      name: 'io_uring_enter',
      args: ['0x3', ...[submit, least, flags, 0, 8].map((value) => `0x${value.toString(16)}`)],
    },
    blocked: 30,
    ...parts,
  });

const GETEVENTS = 1;
const EXT_ARG = 8;
const NO_IOWAIT = 128;

const hostOf = (parts: Partial<Host>): Host => ({
  name: 'db1',
  kernel: '6.18.0',
  arch: 'x86_64',
  uptime: 1000,
  cpus: 2,
  ...parts,
});

describe('a wait for more completions than can come, with a timeout', () => {
  const sample = (poller: string): Sample =>
    sampleOf({
      tasks: [
        entered(0, 2, GETEVENTS | EXT_ARG),
        taskOf({
          tid: 8,
          kind: 'sqpoll',
          name: 'iou-sqp-7',
          state: poller,
          kernelStack: stackOf('io_sq_thread'),
        }),
      ],
      rings: [
        ringOf({ sqHead: 1, sqTail: 1, inFlight: 1, explained: 1, live: 1, sqpollTid: 8, setup: ['SQPOLL'] }),
      ],
      requests: requestsOf(1, { state: 'polling' }),
    });

  it('is no fault, and told with the sleeping submission thread', () => {
    const told = found(sample('S'), 'waits-for-more');
    expect(told?.severity).toBe('info');
    expect(told?.summary).toMatch(/waits for 2 completions .* no more than 1 can come: only its timeout/);
    expect(told?.explanation).toContain('submission thread sleeps');
    expect(answerOf(sample('S'))?.tag).toBe('waits-for-more');
  });

  it('says nothing of a submission thread that runs', () => {
    expect(found(sample('R'), 'waits-for-more')?.explanation).not.toContain('submission thread');
  });
});

describe('prepared requests', () => {
  const prepared = (task: Task): Sample => sampleOf({ tasks: [task], rings: [ringOf({ sqTail: 1 })] });

  it('that a thread waits for are told with it', () => {
    const told = found(prepared(entered(0, 1, GETEVENTS)), 'not-submitted', { last: true });
    expect(told?.summary).toMatch(/not called io_uring_enter for it, yet thread server \(7\) waits/);
    expect(told?.evidence[0]).toEqual({ task: 7 });
  });

  it('are not said to be waited for by a call that submits as well', () => {
    const told = found(prepared(entered(1, 1, GETEVENTS)), 'not-submitted', { last: true });
    expect(told?.summary).not.toContain('yet thread');
  });
});

describe('completions that overflowed', () => {
  const look = (ring: Partial<Ring>, userData: readonly string[]): Sample =>
    sampleOf({
      rings: [ringOf({ overflowed: userData.length, ...ring })],
      requests: userData.map((data) => requestOf({ state: 'overflowed', userData: data })),
    });
  const told = (before: Sample, now: Sample) => found(now, 'cq-overflow', { other: earlier(before) });
  const emptied = { cqHead: 8, cqTail: 8 };

  it('and stay while the queue is emptied are told', () => {
    const now = look({ cqHead: 16, cqTail: 20 }, ['0x1', '0x2', '0x3']);
    expect(told(look(emptied, ['0x1', '0x2', '0x3']), now)?.summary).toMatch(
      /^3 completions of ring 1 \(fd 3\) overflowed and stay in the kernel: the program empties its queue/,
    );
    expect(told(look(emptied, ['0x1']), look(emptied, ['0x1', '0x1']))).toBeDefined();
  });

  it('are no fault of a program that fetches them', () => {
    expect(told(look(emptied, ['0x1', '0x2']), look(emptied, ['0x3', '0x4']))).toBeUndefined();
    expect(told(look(emptied, ['0x1', '0x2']), look(emptied, ['0x1']))).toBeUndefined();
  });

  it('are not called the same where nothing tells them apart', () => {
    expect(told(look(emptied, ['0x0', '0x0']), look(emptied, ['0x0', '0x0']))).toBeUndefined();
  });
});

describe('the lock of a ring that no task of the process holds', () => {
  const locked = taskOf({
    state: 'D',
    blocked: 860,
    kernelStack: stackOf('io_poll_task_func', 'tctx_task_work'),
  });
  const idle = taskOf({ tid: 8, kernelStack: stackOf('ep_poll', 'do_epoll_wait') });
  const stuck = (parts: Partial<Sample> = {}): Sample =>
    sampleOf({ tasks: [locked, idle], rings: [ringOf({ readable: false })], ...parts });

  it('is said to be lost', () => {
    const told = found(stuck(), 'ring-lock');
    expect(told?.summary).toBe(
      'Thread server (7) waits for the lock of an io_uring ring, which no other task of the process holds.',
    );
    expect(told?.explanation).toContain('most likely the kernel has lost the lock');
    expect(told?.remedy).not.toContain('boot a newer one');
  });

  it.each([
    ['a task that runs', [locked, taskOf({ tid: 8, state: 'R' })]],
    ['a task whose stack is not seen', [locked, taskOf({ tid: 8, wchan: 'ep_poll' })]],
    [
      'a task in something unknown',
      [locked, taskOf({ tid: 8, state: 'D', kernelStack: stackOf('frobnicate') })],
    ],
  ])('is not, beside %s', (_, tasks) => {
    expect(found(stuck({ tasks }), 'ring-lock')?.summary).not.toContain('no other task');
  });

  it('is not, where another process has the ring or stacks may not be read', () => {
    const resources = [{ fd: 3, kind: 'io_uring' as const, peers: [{ pid: 9, name: 'child' }] }];
    expect(found(stuck({ resources }), 'ring-lock')?.summary).not.toContain('no other task');
    const rights = { uid: 1, kernelStacks: false, kernelWalk: false, tracing: false };
    expect(found(stuck({ rights }), 'ring-lock')?.summary).not.toContain('no other task');
  });

  it.each<[Partial<Host>, boolean]>([
    [{ kernel: '6.1.0-27-amd64', stable: '6.1.115' }, true],
    [{ kernel: '6.1.115-126.197.amzn2023.x86_64' }, true],
    [{ kernel: '6.6.57' }, true],
    [{ kernel: '6.8.0-1026-aws' }, true],
    [{ kernel: '6.1.112' }, false],
    [{ kernel: '6.1.116' }, false],
    [{ kernel: '6.1.1130' }, false],
    [{ kernel: '6.6.60' }, false],
    [{ kernel: '6.8.0-1027-aws' }, false],
    [{ kernel: '6.16.57' }, false],
  ])('on kernel %o is a fault that was reported of it: %s', (host, reported) => {
    const remedy = found(stuck({ host: hostOf(host) }), 'ring-lock')?.remedy ?? '';
    expect(remedy.includes('boot a newer one')).toBe(reported);
  });

  it('is told with the completions that had overflowed', () => {
    const told = found(stuck({ rings: [ringOf({ overflowed: 9 })] }), 'ring-lock');
    expect(told?.explanation).toContain('9 completions had overflowed');
  });
});

describe('a thread that cannot end', () => {
  it('is told with the worker, although what that waits for is everyday', () => {
    const ending = taskOf({ state: 'D', blocked: 12, kernelStack: stackOf('io_wq_put_and_exit', 'do_exit') });
    const worker: Task = { ...workerOf(10, 'READ', ['do_wait_intr_irq', 'timerfd_read'], 30), state: 'S' };
    expect(found(sampleOf({ tasks: [ending, worker] }), 'exit-blocked')?.summary).toMatch(
      /waits for its io-wq workers to end: 1 read in worker 10 waits for a timer to fire/,
    );
  });
});

describe('a submission that blocks', () => {
  it('in a terminal is told, for the ring stands still with it', () => {
    const task = taskOf({
      blocked: 40,
      operation: 'READ',
      kernelStack: stackOf(
        'wait_woken',
        'n_tty_read',
        'tty_read',
        'io_read',
        'io_issue_sqe',
        'io_submit_sqes',
      ),
    });
    const told = answerOf(sampleOf({ tasks: [task], rings: [ringOf({ readable: false })] }));
    expect(told).toMatchObject({ tag: 'submitter-stuck', severity: 'warning' });
    expect(told?.summary).toMatch(/stuck inside io_uring_enter: its read waits for the terminal/);
  });
});

describe('an event loop that is blocked in a read', () => {
  const reader = (name: string, parts: Partial<Task> = {}): Task =>
    taskOf({
      kernelStack: stackOf('wait_woken', 'n_tty_read', 'tty_read', 'vfs_read'),
      syscall: { number: 0, name, args: ['0x4', '0x0', '0x1', '0x0', '0x0', '0x0'] },
      blocked: 30,
      ...parts,
    });
  const polls: Partial<Request> = { state: 'polling', operation: 'POLL_ADD', fd: 4 };
  const looped = (tasks: readonly Task[], request: Partial<Request> = polls): Sample =>
    sampleOf({
      tasks,
      rings: [ringOf({ sqHead: 1, sqTail: 1, inFlight: 1, explained: 1 })],
      requests: [requestOf(request)],
      resources: [{ fd: 4, kind: 'device', path: '/dev/pts/0' }],
    });

  it('of the file that its ring polls is told', () => {
    const told = answerOf(looped([reader('read')]));
    expect(told).toMatchObject({ tag: 'loop-blocked', severity: 'warning' });
    expect(told?.summary).toBe(
      'Thread server (7) is blocked in read on /dev/pts/0, for which ring 1 (fd 3) has a poll armed: until something comes nobody serves the ring.',
    );
  });

  it('is told also where the threads of a pool wait for work', () => {
    const pool = taskOf({ tid: 8, kernelStack: stackOf('futex_wait_queue') });
    expect(found(looped([reader('read'), pool]), 'loop-blocked')).toBeDefined();
  });

  it.each([
    ['another thread serves the ring', looped([reader('read'), entered(0, 1, GETEVENTS, { tid: 8 })])],
    ['it writes', looped([reader('write')])],
    ['the poll is of another file', looped([reader('read')], { ...polls, fd: 5 })],
    ['the ring reads by itself', looped([reader('read')], { ...polls, operation: 'READ' })],
  ])('is none where %s', (_, sample) => {
    expect(found(sample, 'loop-blocked')).toBeUndefined();
  });
});

describe('a ring that polls another one', () => {
  const view = (second: Partial<Ring>, ...inside: readonly Partial<Request>[]): string | undefined =>
    found(
      sampleOf({
        rings: [ringOf({ inFlight: 1, explained: 1 }), ringOf({ id: 2, fd: 4, ...second })],
        requests: [
          requestOf({ state: 'polling', operation: 'POLL_ADD', fd: 4 }),
          ...inside.map((parts) => requestOf({ ring: 2, ...parts })),
        ],
        resources: [{ fd: 4, kind: 'io_uring' }],
      }),
      'waits-for-peer',
    )?.summary;
  const timer = { operation: 'TIMEOUT', state: 'timeout', timeLeft: 90 } as const;

  it('is told with what is in that one', () => {
    expect(view({ inFlight: 1, explained: 1 }, timer)).toBe(
      '1 poll waits for an event of ring 2 (fd 4), in which only timers are pending: the next fires in 90 s. Nothing is broken.',
    );
    expect(view({ inFlight: 2, explained: 2 }, timer, { state: 'polling' })).toContain(
      'in which 2 requests are',
    );
    expect(view({})).toContain('in which nothing is pending');
  });

  it('is told of completions that should have ended the poll', () => {
    expect(view({ cqTail: 1 })).toContain('in which 1 completion lies uncollected, so that the poll should');
  });
});

describe('the iowait of an idle machine', () => {
  const waiting = (flags: number, host: Partial<Host>, ring: Partial<Ring> = {}): string | undefined =>
    answerOf(
      sampleOf({
        host: hostOf(host),
        tasks: [entered(0, 1, flags)],
        rings: [ringOf({ sqHead: 1, sqTail: 1, inFlight: 1, explained: 1, ...ring })],
        requests: requestsOf(1, { state: 'polling', operation: 'ACCEPT' }),
      }),
    )?.explanation;

  it('is said to be no fault, where the kernel counts the waiting thread', () => {
    expect(waiting(GETEVENTS, { ioWaiting: 1 })).toContain(
      'What top and vmstat show as iowait is no fault either: the kernel counts 1 thread here so',
    );
  });

  it('is not spoken of where it is none of this process', () => {
    expect(waiting(GETEVENTS, {})).not.toContain('iowait');
    expect(waiting(GETEVENTS, { ioWaiting: 0 })).not.toContain('iowait');
    expect(waiting(GETEVENTS | NO_IOWAIT, { ioWaiting: 1 })).not.toContain('iowait');
  });

  it('is not spoken of beside a fault', () => {
    const { findings } = explain(
      sampleOf({
        host: hostOf({ ioWaiting: 1 }),
        tasks: [entered(0, 1, GETEVENTS), workerOf(9, 'READ', ['folio_wait_bit_common', 'filemap_read'], 30)],
        rings: [ringOf({ inFlight: 1 })],
      }),
      { last: true },
    ).sample;
    expect(findings[0]?.severity).toBe('critical');
    expect(JSON.stringify(findings)).not.toContain('iowait');
  });
});

describe('a crowd of workers', () => {
  const crowd = (bounded: number, unbounded: number, process: Partial<Process> = {}): Sample =>
    sampleOf({
      tasks: Array.from({ length: 200 }, (_, i) =>
        workerOf(10 + i, 'SPLICE', ['pipe_wait_readable', 'splice_file_to_pipe'], 3),
      ),
      rings: [ringOf({ inFlight: 200 })],
      process: { pid: 7, startTime: 5, name: 'server', command: [], ...process },
      workerPools: [
        {
          tid: 7,
          bounded: { workers: bounded, limit: 256, queued: 0 },
          unbounded: { workers: unbounded, limit: 96_365, queued: 0 },
        },
      ],
    });
  const told = (sample: Sample) => found(sample, 'worker-crowd', { last: true })?.summary;

  it('of unbounded ones is told with their limit', () => {
    expect(told(crowd(0, 200, { maxProcesses: 96_365 }))).toBe(
      '200 io-wq workers for 200 requests in flight: 200 of them carry 200 splices; of such workers there may be 96,365, as many as processes (RLIMIT_NPROC).',
    );
    expect(told(crowd(0, 200, { maxProcesses: 500 }))).toMatch(/there may be 96,365\.$/);
    // None of them is idle, so nothing is said of idle ones.
    expect(found(crowd(0, 200), 'worker-crowd', { last: true })?.explanation).not.toMatch(/ends by itself/);
  });

  it('of bounded ones, too', () => {
    expect(told(crowd(200, 0))).toContain('carry 200 splices; 256 are allowed.');
  });

  it('is told with the limit of processes where the kernel’s memory is not read', () => {
    const { workerPools: _, ...plain } = crowd(0, 200, { maxProcesses: 96_365 });
    expect(told(plain)).toMatch(/; at most 96,365 \(RLIMIT_NPROC\) are allowed\.$/);
  });

  it('is told with the processors of the workers, where these are fewer than the program’s', () => {
    expect(told(crowd(200, 0, { cpusAllowed: '0-1', workerCpusAllowed: '1' }))).toContain(
      '; its workers may run on 1 of 2 processors only',
    );
    expect(told(crowd(200, 0, { cpusAllowed: '0-1', workerCpusAllowed: '0-1' }))).not.toContain('only');
  });
});

describe('a submission thread that cannot end', () => {
  const poller = taskOf({ tid: 8, kind: 'sqpoll', name: 'iou-sqp-7', state: 'R' });
  const worker = workerOf(10, 'WRITE', ['percpu_rwsem_wait', 'io_write'], 30);
  const beside = (state: string) =>
    sampleOf({ tasks: [taskOf({ state }), poller, worker], rings: [ringOf({ sqpollTid: 8 })] });
  const [ended, alive] = [beside('Z'), beside('S')];

  it('is told although it runs, and not taken for one that polls', () => {
    const options = { other: earlier(ended) };
    expect(found(ended, 'exit-blocked', options)?.summary).toMatch(
      /^Thread iou-sqp-7 \(8\) is ending and waits for its requests, keeping a processor busy: 1 write in worker 10 waits/,
    );
    expect(found(ended, 'sqpoll-spins', options)).toBeUndefined();
  });

  it('is none whose program lives, or lived a moment ago', () => {
    expect(found(ended, 'exit-blocked', { other: earlier(alive) })).toBeUndefined();
    expect(found(alive, 'exit-blocked', { other: earlier(alive) })).toBeUndefined();
    expect(found(alive, 'sqpoll-spins', { other: earlier(alive) })).toBeDefined();
  });
});

describe('a request that waits for nothing', () => {
  const command: Partial<Request> = {
    operation: 'URING_CMD',
    state: 'issued',
    fd: 5,
    sources: ['ring memory'],
    operands: [{ name: 'command', value: 'SOCKET_URING_OP_GETSOCKOPT' }],
  };
  const idle = taskOf({ tid: 9, kind: 'worker', kernelStack: stackOf('io_wq_worker', 'ret_from_fork') });
  const look = (request: Partial<Request>, tasks: readonly Task[], ring: Partial<Ring> = {}): Sample =>
    sampleOf({
      tasks,
      rings: [ringOf({ sqHead: 1, sqTail: 1, inFlight: 1, explained: 1, ...ring })],
      requests: [requestOf({ ...command, ...request })],
      resources: [{ fd: 5, kind: 'socket', socket: { protocol: 'tcp', local: '0.0.0.0:0' } }],
    });
  const waiting = [entered(0, 1, GETEVENTS), idle];
  const told = (sample: Sample, other: Sample = sample) =>
    found(sample, 'lost', { other: earlier(other), last: true });

  it('is lost where everybody is at rest and one waits for it', () => {
    const sample = look({}, waiting);
    expect(told(sample)?.summary).toBe(
      '1 socket command on TCP 0.0.0.0:0 of ring 1 (fd 3) is in flight although nothing is to be waited for: no worker and no poll has it, so no completion will come.',
    );
    expect(answerOf(sample)?.tag).toBe('lost');
    expect(told(look({ operation: 'NOP', operands: [] }, waiting))?.summary).toMatch(/^1 nop on/);
  });

  it.each<[string, Sample]>([
    [
      'a time stamp is awaited',
      look({ operands: [{ name: 'command', value: 'SOCKET_URING_OP_TX_TIMESTAMP' }] }, waiting),
    ],
    ['a driver may answer later', look({ operands: [{ name: 'command', value: '0x7500' }] }, waiting)],
    ['it may have finished', look({ certainty: 'ambiguous' }, waiting)],
    ['it posts no completion', look({ flags: ['ASYNC', 'CQE_SKIP_SUCCESS'] }, waiting)],
    ['it is on its way', look({ stage: 'waits for thread 7 to run its completion' }, waiting)],
    ['it stands behind another', look({ state: 'linked', after: 0 }, waiting)],
    ['a worker works', look({}, [...waiting, workerOf(10, 'READ', ['folio_wait_bit_common'], 3)])],
    ['a thread runs', look({}, [...waiting, taskOf({ tid: 8, state: 'R' })])],
    ['nobody waits for the ring', look({}, [taskOf({ kernelStack: stackOf('ep_poll', 'do_epoll_wait') })])],
    ['reads are its neighbours', look({ operation: 'READ', operands: [] }, waiting)],
  ])('is not called lost where %s', (_, sample) => {
    expect(told(sample)).toBeUndefined();
  });

  it('is not called lost where the ring completes something meanwhile', () => {
    expect(told(look({}, waiting, { cqTail: 3, cqHead: 3 }), look({}, waiting))).toBeUndefined();
  });
});

describe('many requests that are armed', () => {
  const armed = (count: number, ...others: readonly Partial<Request>[]): string | undefined =>
    found(
      sampleOf({
        rings: [ringOf({ inFlight: count, explained: count, lost: 0 })],
        requests: [
          ...requestsOf(count, { state: 'polling', operation: 'RECV' }),
          ...others.map((parts) => requestOf(parts)),
        ],
      }),
      'waits-for-peer',
    )?.explanation;

  it('are said to be armed until the program cancels them, where no timer ends them', () => {
    expect(armed(32)).toContain('what the program has given up is armed until the program cancels it');
    expect(armed(31)).not.toContain('given up');
    expect(armed(32, { operation: 'TIMEOUT', state: 'timeout' })).not.toContain('given up');
    expect(armed(32, { operation: 'LINK_TIMEOUT', state: 'linked', after: 0 })).not.toContain('given up');
  });
});
