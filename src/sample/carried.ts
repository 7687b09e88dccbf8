import type { Request, Ring, Task } from '../model/sample';
import { type Carried, carriedOperation } from '../ring/issueFunctions';

/**
 * Requests that a task is inside of now, one for each io-wq worker that works and for each thread that is
 * held while it submits. The stack names the family of the operation only, and no ring: the ring is given where
 * just one of the process can be meant.
 */
export function carriedRequests(
  tasks: readonly Task[],
  rings: readonly Ring[],
  listed: readonly Request[],
): Request[] {
  const requests: Request[] = [];
  for (const task of tasks) {
    const carried = carriedBy(task);
    if (!carried) continue;
    const ring = carried.by === 'submitter' ? ringOfSubmitter(task, rings) : ringOfWorker(rings, listed);
    requests.push({
      ring,
      operation: carried.operation,
      state: 'running',
      worker: task.tid,
      ...(task.blocked === undefined ? {} : { age: task.blocked }),
      certainty: 'inferred',
      sources: ['stack'],
    });
  }
  return requests;
}

/** Without the right to read stacks a worker's operation is known from its wchan at best. */
function carriedBy(task: Task): Carried | undefined {
  if (task.kernelStack) return carriedOperation(task.kernelStack);
  const { kind, operation } = task;
  return kind === 'worker' && operation !== undefined ? { operation, by: 'worker' } : undefined;
}

/** io_uring_enter's first argument is the ring's descriptor, unless flag 16 makes it a registered index. */
export function ringOfSubmitter(task: Task, rings: readonly Ring[]): number | null {
  const only = rings.length === 1 ? rings[0] : undefined;
  if (task.syscall?.name === 'io_uring_enter') {
    const [fd, , , flags] = task.syscall.args;
    const registered = flags !== undefined && (Number(flags) & ENTER_REGISTERED_RING) !== 0;
    const ring = registered
      ? undefined
      : rings.find((r) => r.fd === Number(fd) || r.duplicates?.includes(Number(fd)));
    if (ring) return ring.id;
  }
  return only?.id ?? null;
}

const ENTER_REGISTERED_RING = 16;

/** A worker serves every ring of the threads that share its io-wq: named only where one ring has something left. */
function ringOfWorker(rings: readonly Ring[], listed: readonly Request[]): number | null {
  const open = rings.filter((ring) => {
    const polling = listed.filter((r) => r.ring === ring.id && r.state === 'polling').length;
    return ring.inFlight === undefined || ring.inFlight > polling;
  });
  return open.length === 1 ? (open[0]?.id ?? null) : null;
}

/** Fills `explained`: how many of a ring's requests in flight stand as rows. */
export function countExplained(rings: readonly Ring[], requests: readonly Request[]): Ring[] {
  return rings.map((ring) => {
    if (ring.inFlight === undefined) return ring;
    const rows = requests.filter((r) => r.ring === ring.id && IN_FLIGHT.has(r.state)).length;
    return { ...ring, explained: Math.min(rows, ring.inFlight) };
  });
}

const IN_FLIGHT = new Set<Request['state']>([
  'running',
  'queued',
  'polling',
  'waiting',
  'issued',
  'timeout',
  'linked',
  'drained',
]);
