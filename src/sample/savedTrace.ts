import { FRAME, type Shape } from './shape';

const TRACED_REQUEST: Shape = {
  operation: 'string',
  userData: 'string',
  fd: 'number',
  ringFd: 'number',
  submitter: 'number',
  submittedAt: 'number',
  took: 'number',
  result: 'string',
  punted: 'number',
  pollArmed: 'number',
  deferred: 'number',
  taskWork: 'number',
  polls: 'number',
  stack: [FRAME],
  stackNote: 'string',
};

/** What was traced, of a saved Sample. */
export const TRACE: Shape = {
  seconds: 'number',
  submitted: 'number',
  completed: 'number',
  pending: 'number',
  unseenSubmits: 'number',
  unseenCompletions: 'number',
  lost: { events: 'number', stacks: 'number' },
  overflowed: 'number',
  operations: [
    {
      operation: 'string',
      fd: 'number',
      completed: 'number',
      errors: {},
      punted: 'number',
      pollArmed: 'number',
      deferred: 'number',
      latency: {
        count: 'number',
        least: 'number',
        mean: 'number',
        p50: 'number',
        p90: 'number',
        p99: 'number',
        p999: 'number',
        most: 'number',
      },
    },
  ],
  slowest: [TRACED_REQUEST],
  oldest: [TRACED_REQUEST],
  notTraced: ['string'],
};

/** Of a traced request. */
const REQUEST_NEEDED = [
  'operation',
  'userData',
  'submitter',
  'submittedAt',
  'took',
  'stack.function',
  'stack.address',
  'stack.trust',
];

/** Fields of it that it cannot be shown without. */
export const TRACE_NEEDED: readonly string[] = [
  'seconds',
  'submitted',
  'completed',
  'pending',
  'unseenSubmits',
  'unseenCompletions',
  'lost',
  'lost.stacks',
  'overflowed',
  'operations',
  'operations.operation',
  'operations.completed',
  'operations.errors',
  'operations.punted',
  'operations.pollArmed',
  'operations.deferred',
  'slowest',
  'oldest',
  'notTraced',
  'operations.latency.count',
  'operations.latency.least',
  'operations.latency.mean',
  'operations.latency.p50',
  'operations.latency.p90',
  'operations.latency.p99',
  'operations.latency.p999',
  'operations.latency.most',
  ...['slowest', 'oldest'].flatMap((list) => REQUEST_NEEDED.map((field) => `${list}.${field}`)),
];
