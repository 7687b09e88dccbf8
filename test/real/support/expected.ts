import type { Request, RequestState, Severity, Wake } from '../../../src/model/sample';
import type { Truth } from './victim';

/** What the inspector must say of one scene of ring_victim (test/victims). */
export interface Expected {
  readonly scene: string;
  /** Severity of the first finding, and what it must speak of. */
  readonly severity: Severity;
  readonly says: readonly RegExp[];
  /** What the first task waits in: a function of the kernel, and how it can be woken; absent: it runs or may. */
  readonly waitsIn?: RegExp;
  readonly wake?: Wake;
  /** Tasks besides the first: kind and state, as many as given. */
  readonly others?: readonly { readonly kind: 'worker' | 'sqpoll'; readonly state: string }[];
  /** What its workers wait in; absent: for work. */
  readonly workersWaitIn?: { readonly function: string; readonly subsystem: string };
  /** How many requests of which operation stand in which state. */
  readonly requests?: (truth: Truth) => Readonly<Partial<Record<`${string} ${RequestState}`, number>>>;
  /** Its descriptor is closed. */
  readonly closed?: true;
  /** It never comes to rest. */
  readonly busy?: true;
}

/** The wait for completions, by kernel: io_cqring_wait, before 6.7 __do_sys_io_uring_enter. */
const WAITS_FOR_COMPLETIONS = /^(io_cqring_wait|__do_sys_io_uring_enter)$/;

const polled = { waitsIn: WAITS_FOR_COMPLETIONS, wake: 'interruptible', severity: 'info' } as const;

const one =
  (state: RequestState) =>
  ({ operation, inFlight }: Truth) => ({ [`${operation} ${state}`]: inFlight ?? 0 });

export const EXPECTED: readonly Expected[] = [
  {
    scene: 'fifo-open',
    ...polled,
    says: [/\b4 opens?\b/, /FIFO/, /other end/],
    others: Array.from({ length: 4 }, () => ({ kind: 'worker', state: 'S' })),
    workersWaitIn: { function: 'wait_for_partner', subsystem: 'FIFO' },
    requests: one('running'),
  },
  {
    scene: 'workers-exhausted',
    ...polled,
    severity: 'critical',
    says: [/\b2\b.*workers/, /\b8\b/],
    others: Array.from({ length: 2 }, () => ({ kind: 'worker', state: 'S' })),
    workersWaitIn: { function: 'wait_for_partner', subsystem: 'FIFO' },
    requests: () => ({ 'OPENAT running': 2, 'OPENAT queued': 8 }),
  },
  { scene: 'pipe-read', ...polled, says: [/read/, /pipe/], requests: one('polling') },
  {
    scene: 'pipe-read-async',
    ...polled,
    says: [/read/, /pipe/],
    others: [{ kind: 'worker', state: 'S' }],
    requests: one('polling'),
  },
  { scene: 'pipe-write-full', ...polled, says: [/write/, /room/], requests: one('polling') },
  { scene: 'tcp-recv', ...polled, says: [/recv/, /peer/], requests: one('polling') },
  { scene: 'unix-recv', ...polled, says: [/recv/, /peer/], requests: one('polling') },
  { scene: 'send-full', ...polled, says: [/send/, /peer/], requests: one('polling') },
  { scene: 'accept', ...polled, says: [/accept/, /client/], requests: one('polling') },
  { scene: 'accept-multishot', ...polled, says: [/accept/, /client/], requests: one('polling') },
  { scene: 'eventfd-poll', ...polled, says: [/poll/, /event/], requests: one('polling') },
  {
    scene: 'timeout',
    ...polled,
    says: [/timer/, /\b1 request\b/],
    requests: () => ({ 'TIMEOUT timeout': 1 }),
  },
  {
    scene: 'linked',
    ...polled,
    says: [/read/, /pipe/, /\b2 more\b/],
    requests: () => ({ 'READ polling': 1, 'WRITE linked': 1, 'FSYNC linked': 1 }),
  },
  {
    scene: 'drain',
    ...polled,
    says: [/read/, /pipe/, /\b4 more\b/],
    requests: () => ({ 'READ polling': 1, 'NOP drained': 4 }),
  },
  { scene: 'futex', ...polled, says: [/\b1 request\b/], requests: () => ({ 'FUTEX_WAIT waiting': 1 }) },
  {
    scene: 'cq-unreaped',
    severity: 'warning',
    says: [/\b6\b/, /finished|complet/, /not collected|not reaped/],
    waitsIn: /pause/,
    wake: 'interruptible',
  },
  {
    scene: 'cq-overflow',
    severity: 'warning',
    says: [/\b8\b/, /\b32\b/, /overflow/],
    waitsIn: /pause/,
    wake: 'interruptible',
  },
  {
    scene: 'sq-unsubmitted',
    severity: 'warning',
    says: [/\b5 requests\b/, /submission queue/, /io_uring_enter/],
    waitsIn: /pause/,
    wake: 'interruptible',
    requests: () => ({ 'READ prepared': 5 }),
  },
  {
    scene: 'sqpoll-asleep',
    severity: 'warning',
    says: [/\b3 requests\b/, /sleeps/, /not woken/],
    waitsIn: /pause/,
    wake: 'interruptible',
    others: [{ kind: 'sqpoll', state: 'S' }],
    requests: () => ({ 'READ prepared': 3 }),
  },
  {
    scene: 'sqpoll-spinning',
    ...polled,
    says: [/read/, /pipe/],
    others: [{ kind: 'sqpoll', state: 'R' }],
    requests: one('polling'),
  },
  {
    scene: 'sqpoll-idle',
    ...polled,
    says: [/read/, /pipe/],
    others: [{ kind: 'sqpoll', state: 'S' }],
    requests: one('polling'),
  },
  {
    scene: 'wait-nothing',
    ...polled,
    severity: 'warning',
    says: [/waits for a completion/, /nothing is pending/],
  },
  {
    scene: 'epoll-loop',
    severity: 'info',
    says: [/read/, /pipe/],
    waitsIn: /^(do_epoll_wait|ep_poll)$/,
    wake: 'interruptible',
    requests: one('polling'),
  },
  {
    scene: 'ring-closed',
    ...polled,
    says: [/read/, /pipe/],
    requests: () => ({ 'READ polling': 1 }),
    closed: true,
  },
  { scene: 'healthy', severity: 'info', says: [/./], busy: true },
];

/** The requests of a Sample as the table above counts them; only states of work that is not finished. */
export function countRequests(requests: readonly Request[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { operation, state } of requests) {
    if (state === 'completed' || state === 'overflowed') continue;
    const key = `${operation} ${state}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}
