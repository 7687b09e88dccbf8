/** What a field of a saved Sample may be: a plain type, a list of one shape, or a record of known fields. */
type Shape = 'string' | 'number' | 'boolean' | readonly [Shape] | { readonly [field: string]: Shape };

const PROCESS: Shape = { pid: 'number', name: 'string' };
const LOCK: Shape = { type: 'string', access: 'string', range: 'string', holder: PROCESS };

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
  awaitedLocks: [LOCK],
  faultHandlers: [PROCESS],
  cgroup: {
    path: 'string',
    frozenBy: 'string',
    limits: [{ path: 'string', file: 'string', limit: 'string' }],
  },
  resources: [{ awaitedLocks: [LOCK] }],
};

/** Fields that a record of the shape above cannot be shown without. */
const NEEDED: ReadonlySet<string> = new Set([
  'devices.name',
  'remoteMounts.mount',
  'remoteMounts.fsType',
  'remoteMounts.options',
  'remoteMounts.calls.sent',
  'remoteMounts.calls.answered',
  'remoteMounts.calls.timeouts',
  'remoteMounts.calls.unknownAnswers',
  'remoteMounts.calls.slow',
  'remoteMounts.calls.slow.operation',
  'cgroup.path',
  'cgroup.limits',
  'cgroup.limits.path',
  'cgroup.limits.file',
  'cgroup.limits.limit',
]);
const NEEDED_ANYWHERE = /(?:holder|client|faultHandlers)\.(?:pid|name)$|wait.*Locks\.(?:type|access|range)$/;

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
