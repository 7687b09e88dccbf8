import type { Request, RequestState, Sample } from '../model/sample';
import { indexOf } from './sampleIndex';

/** In the order of interest: what blocks, what is behind it, what has passed. */
const ORDER: readonly RequestState[] = [
  'running',
  'issued',
  'queued',
  'polling',
  'waiting',
  'timeout',
  'linked',
  'drained',
  'prepared',
  'completed',
  'overflowed',
];

/** Submitted and not completed. */
const IN_FLIGHT: ReadonlySet<RequestState> = new Set(ORDER.slice(0, ORDER.indexOf('prepared')));

export function isInFlight({ state }: Request): boolean {
  return IN_FLIGHT.has(state);
}

/** Issued, but no longer in a device or file system: its stage says who must act, most often its own thread. */
export function isOnItsWay({ state, stage }: Request): boolean {
  return state === 'issued' && stage !== undefined;
}

/** A state of a later version of the Sample comes last. */
export function stateRank(request: Request): number {
  const rank = ORDER.indexOf(request.state);
  return rank < 0 ? ORDER.length : rank + (isOnItsWay(request) ? 0.5 : 0);
}

const WORDS: Readonly<Partial<Record<RequestState, string>>> = {
  issued: 'in the device or file system',
  queued: 'queued behind workers',
  polling: 'waiting for readiness',
  linked: 'waiting behind a link',
  drained: 'held back by a drain',
  prepared: 'prepared, not submitted',
  completed: 'completed, not collected',
  overflowed: 'completed, completion queue overflowed',
};

/** Where a request stands: "running in a worker". */
export function stateWords(request: Request, sample: Sample): string {
  const { state, operation, worker } = request;
  if (isOnItsWay(request)) return 'on its way to completion';
  if (state === 'running') {
    const kind = worker === undefined ? 'worker' : (indexOf(sample).tasks.get(worker)?.kind ?? 'worker');
    return kind === 'worker'
      ? 'running in a worker'
      : kind === 'sqpoll'
        ? 'running in the SQPOLL thread'
        : 'running in its thread';
  }
  if (state === 'waiting') return awaited(operation);
  if (state === 'timeout') return 'timer';
  return WORDS[state] ?? String(state);
}

/** "worker 4245", or "thread 4242" where a thread of the program carries the request itself. */
export function carrierWords(tid: number, sample: Sample): string {
  return `${indexOf(sample).tasks.get(tid)?.kind === 'thread' ? 'thread' : 'worker'} ${tid}`;
}

function awaited(operation: string): string {
  if (operation.startsWith('FUTEX')) return 'waiting for a futex';
  if (operation === 'WAITID') return 'waiting for a child';
  return operation.startsWith('URING_CMD') ? 'waiting for its driver' : 'waiting';
}

const PLURALS: Readonly<Record<string, string>> = {
  'running in a worker': 'running in workers',
  'running in its thread': 'running in their threads',
  'waiting for its driver': 'waiting for their driver',
  timer: 'timeouts',
  'on its way to completion': 'on their way to completion',
};

/** Its state alone says where it stands. */
function isPlain({ state, stage }: Request): boolean {
  return state !== 'running' && state !== 'waiting' && (state !== 'issued' || stage === undefined);
}

/** Where several of one state stand, after their number: "running in workers". */
export function statesWords(requests: readonly Request[], sample: Sample): string {
  const [first] = requests;
  if (!first) return '';
  const words = stateWords(first, sample);
  if (requests.length === 1) return first.state === 'timeout' ? 'timeout' : words;
  const likeFirst = (request: Request) =>
    (request.state === first.state && isPlain(request) && isPlain(first)) ||
    stateWords(request, sample) === words;
  if (requests.every(likeFirst)) return PLURALS[words] ?? words;
  return first.state === 'running'
    ? 'running in workers and threads'
    : 'waiting for futexes, children or drivers';
}
