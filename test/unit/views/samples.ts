import type { Inspected } from '../../../src/inspect/inspections';
import type { KernelFrame, Request, Ring, Sample, Task } from '../../../src/model/sample';

const FRAMES = ['request_wait_answer', 'fuse_simple_request', 'io_read', 'io_wq_submit_work'];

export function frame(name: string): KernelFrame {
  return { function: name, offset: 0x115, size: 0x2f0, module: null };
}

export function worker(tid: number, more: Partial<Task> = {}): Task {
  return {
    tid,
    name: 'iou-wrk-4242',
    kind: 'worker',
    state: 'D',
    wchan: 'request_wait_answer',
    blocked: 31.2,
    operation: 'READ',
    kernelStack: FRAMES.map(frame),
    blockedOn: {
      function: 'request_wait_answer',
      subsystem: 'FUSE',
      text: "waits for the FUSE server's answer",
      wake: 'killable',
    },
    ...more,
  };
}

export function idle(tid: number, more: Partial<Task> = {}): Task {
  return {
    tid,
    name: 'server',
    kind: 'thread',
    state: 'S',
    wchan: 'ep_poll',
    blocked: 31,
    kernelStack: [],
    ...more,
  };
}

export function ring(id: number, more: Partial<Ring> = {}): Ring {
  const counters = { sqEntries: 128, cqEntries: 256, sqHead: 100, sqTail: 100, cqHead: 0, cqTail: 0 };
  return { id, fd: 4 + id, owner: 4242, setup: [], ...counters, overflowed: 0, readable: true, ...more };
}

export function read(more: Partial<Request> = {}): Request {
  return {
    ring: 1,
    operation: 'READ',
    fd: 6,
    path: '/mnt/data/db',
    state: 'running',
    certainty: 'inferred',
    sources: ['stack'],
    ...more,
  };
}

/** A server with 100 reads of a file whose FUSE server is silent: 8 carried by workers, 92 queued. */
export function stuck(more: Partial<Sample> = {}): Sample {
  const workers = Array.from({ length: 8 }, (_, index) => worker(4243 + index));
  return {
    schema: 1,
    takenAt: '2026-11-22T20:00:00.000Z',
    host: { name: 'db1', kernel: '6.18.44', arch: 'x86_64' },
    rights: { uid: 0, kernelStacks: true, kernelWalk: false, tracing: true },
    process: { pid: 4242, startTime: 1, name: 'server', command: ['./server', '-p', '80'] },
    tasks: [idle(4242), ...workers],
    rings: [ring(1, { inFlight: 100, explained: 8 })],
    requests: workers.map(({ tid }) => read({ worker: tid, age: 31.2 })),
    resources: [
      {
        fd: 6,
        kind: 'file',
        path: '/mnt/data/db',
        mount: '/mnt/data',
        fsType: 'fuse.sshfs',
        source: 'host:/data',
        holder: { pid: 812, name: 'sshfs' },
      },
    ],
    findings: [
      {
        tag: 'fuse-server-silent',
        severity: 'critical',
        stuck: 100,
        summary: '100 reads of /mnt/data/db wait for the FUSE server sshfs (812).',
        explanation: 'The server has not answered.',
        remedy: 'Look at sshfs (812).',
        evidence: [{ task: 4243 }, { request: 0 }, { ring: 1 }, { fd: 6 }, { device: 'sda' }],
      },
    ],
    notVisible: [{ what: 'queued requests', why: '/proc does not list them', remedy: 'run as root' }],
    ...more,
  };
}

export function healthy(more: Partial<Sample> = {}): Sample {
  return stuck({
    tasks: [idle(4242)],
    rings: [ring(1, { inFlight: 0, explained: 0 })],
    requests: [],
    findings: [],
    notVisible: [],
    ...more,
  });
}

export function live(sample: Sample, more: Partial<Inspected> = {}): Inspected {
  const { pid } = sample.process;
  return { key: `process-${pid}`, pid, snapshot: { state: 'live', sample }, ...more };
}

/** A request as the walk and the ring's memory tell it together. */
export function exact(more: Partial<Request> = {}): Request {
  return read({ certainty: 'certain', sources: ['kernel walk', 'ring memory'], ...more });
}

/** The stuck server, each of whose requests is known: in every state there is, with pools of workers. */
export function listed(more: Partial<Sample> = {}): Sample {
  const at = (n: number) => ({
    offset: n * 4096,
    length: 4096,
    userData: `0x${n.toString(16)}`,
    sequence: n,
  });
  const { fd: _fd, path: _path, ...bare } = exact();
  const requests: Request[] = [
    ...Array.from({ length: 8 }, (_, n) => exact({ ...at(n), worker: 4243 + n, age: 31.2 })),
    ...Array.from({ length: 92 }, (_, n) => exact({ ...at(8 + n), state: 'queued', age: 31 })),
    { ...bare, operation: 'RECV', fd: 9, state: 'polling', userData: '0x100', sequence: 100 },
    { ...bare, operation: 'FUTEX_WAIT', state: 'waiting', userData: '0x101', sequence: 101 },
    { ...bare, operation: 'TIMEOUT', state: 'timeout', timeout: 3600, timeLeft: 3540, userData: '0x102' },
    { ...bare, operation: 'TIMEOUT', state: 'timeout', timeout: 5, timeLeft: -2, userData: '0x103' },
    exact({ operation: 'WRITE', state: 'linked', after: 0, userData: '0x104', sequence: 104 }),
    exact({ operation: 'FSYNC', state: 'drained', userData: '0x105', sequence: 105 }),
    exact({ state: 'prepared', userData: '0x106' }),
    { ...bare, operation: 'UNKNOWN', state: 'completed', result: -5, userData: '0x107' },
    { ...bare, operation: 'UNKNOWN', state: 'overflowed', result: 0, userData: '0x108' },
  ];
  return stuck({
    rings: [ring(1, { inFlight: 118, live: 118, explained: 106, ambiguous: 0, lost: 12 })],
    requests,
    workerPools: [
      {
        tid: 4242,
        bounded: { workers: 8, limit: 8, queued: 92 },
        unbounded: { workers: 0, limit: 4096, queued: 0 },
      },
    ],
    resources: [
      ...stuck().resources,
      {
        fd: 9,
        kind: 'socket',
        socket: { protocol: 'tcp', state: 'ESTABLISHED', local: '10.0.0.1:4711', peer: '10.0.0.2:80' },
      },
    ],
    ...more,
  });
}

/** A volume on a disk that is not well, beside a loop device over FUSE; a network mount, a lock and a cgroup. */
export function behind(): Sample {
  const lock = { type: 'FLOCK', access: 'WRITE', range: '0-9', holder: { pid: 12, name: 'holder' } };
  return stuck({
    resources: [{ fd: 6, kind: 'file', path: '/mnt/lv/f', blockDevice: 'dm-1', awaitedLocks: [lock] }],
    awaitedLocks: [lock],
    devices: [
      {
        name: 'dm-1',
        members: ['sda'],
        mapperName: 'vg-data',
        mapperKind: 'LVM',
        inFlightReads: 2,
        finished: 0,
      },
      {
        name: 'loop0',
        inFlightReads: 1,
        inFlightWrites: 0,
        finished: 4,
        backingFile: '/mnt/data/x.img',
        backing: {
          mount: '/mnt/data',
          fsType: 'fuse.sshfs',
          holder: { pid: 812, name: 'sshfs' },
          waiting: 3,
        },
      },
      {
        name: 'sda',
        partitions: ['sda2'],
        vendor: 'ATA',
        model: 'Spinner',
        state: 'offline',
        raid: { level: 'raid1', state: 'clean', degraded: 1, action: 'idle' },
        client: { pid: 9, name: 'nbd-client' },
        size: 5e11,
      },
    ],
    remoteMounts: [
      {
        mount: '/srv/nfs',
        fsType: 'nfs4',
        server: '10.9.9.1',
        exported: '/x',
        address: '10.9.9.1',
        options: ['hard', 'timeo=50'],
        calls: {
          age: 90,
          sent: 49,
          answered: 45,
          unknownAnswers: 1,
          timeouts: 5,
          idle: 3,
          slow: [{ operation: 'READ', timeouts: 5 }],
        },
      },
    ],
    cgroup: {
      path: '/a/b',
      frozenBy: '/a',
      limits: [{ path: '/a', file: 'io.max', limit: '254:0 riops=1' }],
    },
  });
}

/** A process that uses Linux AIO: of six pending requests two reads and a poll are known. */
export function older(): Sample {
  const known = { userData: '0x1', iocb: '0x55a0', certainty: 'certain' } as const;
  const address = '0x7f0000000000';
  return stuck({
    rings: [],
    requests: [],
    tasks: [
      idle(4242, {
        wchan: 'read_events',
        syscall: { number: 208, name: 'io_getevents', args: [address, '0x4', '0x8', '0x1', '0x0', '0x0'] },
      }),
    ],
    aio: [
      {
        ...{ id: 1, address, asked: 32, capacity: 126, head: 3, tail: 5, unreaped: 2, pending: 6 },
        requests: [
          { ...known, operation: 'PREAD', fd: 6, path: '/mnt/data/db', offset: 0, length: 4096 },
          { ...known, operation: 'PREAD', fd: 6, path: '/mnt/data/db', offset: 8192, length: 4096 },
          { ...known, operation: 'POLL', fd: 7 },
        ],
        sources: ['kernel walk', 'ring memory'],
      },
      {
        ...{ id: 2, address: '0x7f0000002000', requests: [], sources: [] },
        submitting: [{ task: 4243, count: 1, requests: [{ ...known, operation: 'PWRITE', fd: 6 }] }],
      },
    ],
    findings: [
      {
        ...{ tag: 'linux-aio', severity: 'critical', summary: '6 requests are pending.', stuck: 6 },
        ...{ explanation: 'Nobody answers.', remedy: 'Look.', evidence: [{ aio: 1 }, { aio: 9 }] },
      },
    ],
  });
}

/** The server of `stuck`, whose thread waits in its own source for what a coroutine of it has asked for. */
export function linked(): Sample {
  const userStack = [
    { function: 'syscall', address: '0x7f0010', trust: 'proven', binary: '/usr/lib/libc.so.6' },
    {
      function: 'wait_all',
      file: '/src/ring.h',
      line: 7,
      address: '0x401010',
      trust: 'probable',
      inlined: true,
    },
    {
      function: 'serve',
      file: '/src/server.c',
      line: 42,
      column: 3,
      address: '0x401010',
      trust: 'proven',
      binary: '/srv/server',
    },
  ] as const;
  const origin = [{ kind: 'coroutine', function: 'read_header', file: '/src/coro.cpp', line: 35 }] as const;
  const sample = stuck();
  const [thread = idle(4242), ...workers] = sample.tasks;
  const [, , serve] = userStack;
  return {
    ...sample,
    goroutines: {
      ...{ count: 3, runtime: 4, unread: 1 },
      groups: [
        {
          ...{ count: 2, ids: [5, 6], state: 'waiting', reason: 'IO wait', read: 1, tids: [4240] },
          ...{ stack: userStack, stackNote: 'ends here: memory was missing', startedAt: serve },
          fds: [{ goroutine: 5, fd: 7, for: 'read' }],
        },
      ],
    },
    tasks: [{ ...thread, userStack, userStackNote: 'ends here: memory was missing' }, ...workers],
    requests: sample.requests.map((request) => ({ ...request, origin })),
  };
}
