import { TRACE, TRACE_NEEDED } from './savedTrace';
import { CODE, FRAME, type Shape } from './shape';

const PROCESS = { pid: 'number', name: 'string' } as const;
const LOCK: Shape = { type: 'string', access: 'string', range: 'string', holder: PROCESS };
const SOCKET: Shape = {
  listener: { name: 'string', waiting: 'number', limit: 'number', holders: [PROCESS] },
  peerUnread: 'number',
  sinceReceived: 'number',
  probes: 'number',
};

const AIO_REQUEST: Shape = {
  operation: 'string',
  fd: 'number',
  path: 'string',
  offset: 'number',
  length: 'number',
  userData: 'string',
  iocb: 'string',
  certainty: 'string',
};

const TASK: Shape = {
  tid: 'number',
  name: 'string',
  kind: 'string',
  state: 'string',
  wchan: 'string',
  blocked: 'number',
  kernelStack: [{ function: 'string' }],
};

/** Fields that may be absent, yet are used without another look where they are there. */
const OPTIONAL: Readonly<Record<string, Shape>> = {
  devices: [
    {
      name: 'string',
      partitions: ['string'],
      inFlightReads: 'number',
      inFlightWrites: 'number',
      completed: 'number',
      finished: 'number',
      gone: 'boolean',
      members: ['string'],
      backingFile: 'string',
      backing: {
        mount: 'string',
        fsType: 'string',
        source: 'string',
        blockDevice: 'string',
        holder: PROCESS,
        waiting: 'number',
      },
      suspended: 'boolean',
      mapperName: 'string',
      mapperKind: 'string',
      raid: { level: 'string', state: 'string', degraded: 'number', action: 'string' },
      client: PROCESS,
      vendor: 'string',
      model: 'string',
      state: 'string',
      scheduler: 'string',
      size: 'number',
    },
  ],
  namedFiles: [
    {
      task: 'number',
      path: 'string',
      newPath: 'string',
      later: 'boolean',
      mount: 'string',
      fsType: 'string',
      source: 'string',
      device: 'string',
      blockDevice: 'string',
      holder: PROCESS,
      waiting: 'number',
    },
  ],
  remoteMounts: [
    {
      mount: 'string',
      fsType: 'string',
      server: 'string',
      exported: 'string',
      address: 'string',
      options: ['string'],
      calls: {
        age: 'number',
        sent: 'number',
        answered: 'number',
        pending: 'number',
        unsent: 'number',
        unknownAnswers: 'number',
        timeouts: 'number',
        idle: 'number',
        slow: [{ operation: 'string', timeouts: 'number' }],
      },
    },
  ],
  aio: [
    {
      id: 'number',
      address: 'string',
      asked: 'number',
      capacity: 'number',
      head: 'number',
      tail: 'number',
      unreaped: 'number',
      pending: 'number',
      requests: [AIO_REQUEST],
      submitting: [{ task: 'number', count: 'number', requests: [AIO_REQUEST] }],
      sources: ['string'],
    },
  ],
  awaitedLocks: [LOCK],
  faultHandlers: [PROCESS],
  fuseServers: [
    {
      pid: 'number',
      name: 'string',
      tasks: [TASK],
      calls: [{ tid: 'number', path: 'string', ownMount: 'boolean' }],
    },
  ],
  frozen: [
    {
      mount: 'string',
      fsType: 'string',
      source: 'string',
      device: 'string',
      by: 'string',
      suspects: [PROCESS],
    },
  ],
  children: [{ ...PROCESS, state: 'string', group: 'number', ownPid: 'number' }],
  tasks: [
    {
      userStack: [FRAME],
      userStackNote: 'string',
    },
  ],
  goroutines: {
    count: 'number',
    runtime: 'number',
    unread: 'number',
    groups: [
      {
        count: 'number',
        ids: ['number'],
        state: 'string',
        reason: 'string',
        stack: [FRAME],
        stackNote: 'string',
        read: 'number',
        startedAt: FRAME,
        fds: [{ goroutine: 'number', fd: 'number', for: 'string' }],
        tids: ['number'],
      },
    ],
  },
  requests: [{ origin: [{ ...CODE, kind: 'string', found: 'string', goroutine: 'number' }] }],
  futexes: [{ address: 'string', value: 'number', holder: PROCESS }],
  cgroup: {
    path: 'string',
    frozenBy: 'string',
    limits: [{ path: 'string', file: 'string', limit: 'string', used: 'string' }],
  },
  resources: [
    {
      awaitedLocks: [LOCK],
      peers: [PROCESS],
      socket: SOCKET,
      layers: [
        {
          directory: 'string',
          upper: 'boolean',
          mount: 'string',
          fsType: 'string',
          source: 'string',
          device: 'string',
          blockDevice: 'string',
          holder: PROCESS,
          waiting: 'number',
        },
      ],
    },
  ],
  trace: TRACE,
  rings: [
    {
      polls: {
        fd: 'number',
        fixedFile: 'number',
        count: 'number',
        from: 'number',
        since: 'number',
        at: 'number',
        rises: 'number',
      },
      fileSlots: [
        { index: 'number', fd: 'number', direct: 'boolean', kind: 'string', path: 'string', name: 'string' },
      ],
      bufferSlots: [
        {
          index: 'number',
          address: 'string',
          length: 'number',
          pieces: 'number',
          pieceSize: 'number',
          kernelOwned: 'boolean',
          cloned: 'boolean',
        },
      ],
      bufferGroups: [
        { id: 'number', kind: 'string', entries: 'number', head: 'number', tail: 'number', left: 'number' },
      ],
    },
  ],
};

/** Fields that a record of the shape above cannot be shown without. */
const NEEDED: ReadonlySet<string> = new Set([
  'devices.name',
  'resources.layers.directory',
  'fuseServers.pid',
  'fuseServers.name',
  'fuseServers.tasks',
  'fuseServers.tasks.tid',
  'fuseServers.tasks.name',
  'fuseServers.tasks.kind',
  'fuseServers.tasks.state',
  'fuseServers.tasks.kernelStack.function',
  'fuseServers.calls',
  'fuseServers.calls.tid',
  'fuseServers.calls.path',
  'aio.id',
  'aio.address',
  'aio.requests',
  'aio.submitting.task',
  'aio.submitting.count',
  'aio.submitting.requests',
  'aio.sources',
  'namedFiles.task',
  'remoteMounts.mount',
  'remoteMounts.fsType',
  'remoteMounts.options',
  'remoteMounts.calls.sent',
  'remoteMounts.calls.answered',
  'remoteMounts.calls.timeouts',
  'remoteMounts.calls.unknownAnswers',
  'remoteMounts.calls.slow',
  'remoteMounts.calls.slow.operation',
  'rings.polls.count',
  'rings.polls.from',
  'rings.polls.rises',
  'rings.fileSlots.index',
  'rings.bufferSlots.index',
  'rings.bufferSlots.length',
  'rings.bufferGroups.id',
  'rings.bufferGroups.kind',
  'frozen.mount',
  'frozen.fsType',
  'frozen.suspects',
  'resources.socket.listener.holders',
  'tasks.userStack.function',
  'tasks.userStack.address',
  'tasks.userStack.trust',
  'goroutines.count',
  'goroutines.runtime',
  'goroutines.unread',
  'goroutines.groups',
  'goroutines.groups.count',
  'goroutines.groups.ids',
  'goroutines.groups.state',
  'goroutines.groups.stack.function',
  'goroutines.groups.stack.address',
  'goroutines.groups.stack.trust',
  'goroutines.groups.startedAt.function',
  'goroutines.groups.startedAt.address',
  'goroutines.groups.startedAt.trust',
  'goroutines.groups.fds.goroutine',
  'goroutines.groups.fds.fd',
  'goroutines.groups.fds.for',
  'requests.origin.kind',
  'requests.origin.function',
  ...TRACE_NEEDED.map((field) => `trace.${field}`),
  'cgroup.path',
  'cgroup.limits',
  'cgroup.limits.path',
  'cgroup.limits.file',
  'cgroup.limits.limit',
]);
const NEEDED_ANYWHERE =
  /aio\..*requests\.(?:operation|userData|iocb|certainty)$|(?:holders?|client|faultHandlers|suspects|peers|children)\.(?:pid|name|state)$|futexes\.(?:address|value)$|wait.*Locks\.(?:type|access|range)$/;

/** The first optional field that is there and not of its kind, as `devices.backing.fsType`. */
export function misshapen(sample: Readonly<Record<string, unknown>>): string | undefined {
  for (const [field, shape] of Object.entries(OPTIONAL)) {
    const wrong = sample[field] === undefined ? undefined : wrongIn(sample[field], shape, field);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

function wrongIn(value: unknown, shape: Shape, path: string): string | undefined {
  if (typeof shape === 'string') return typeof value === shape ? undefined : path;
  if (isList(shape)) {
    if (!Array.isArray(value)) return path;
    for (const item of value as readonly unknown[]) {
      const wrong = wrongIn(item, shape[0], path);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return path;
  for (const [field, inner] of Object.entries(shape)) {
    const below = `${path}.${field}`;
    const content: unknown = Reflect.get(value, field);
    const absent = content === undefined && !NEEDED.has(below) && !NEEDED_ANYWHERE.test(below);
    const wrong = absent ? undefined : wrongIn(content, inner, below);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

function isList(shape: Exclude<Shape, string>): shape is readonly [Shape] {
  return Array.isArray(shape);
}
