import type { Request, Ring, Task } from '../model/sample';
import { type Carrier, carriedOperation } from '../ring/issueFunctions';

/** A request that a task is inside of now: an io-wq worker that works, or a thread that is held while it submits. */
export interface Carried {
  readonly task: Task;
  /** The family of the operation, which is all that a stack names. */
  readonly operation: string;
  readonly by: Carrier;
}

/** Without the right to read stacks a worker's operation is known from its wchan at best. */
export function carriedBy(task: Task): Carried | undefined {
  if (task.kernelStack) {
    const found = carriedOperation(task.kernelStack);
    return found && { ...found, task };
  }
  const { kind, operation } = task;
  return kind === 'worker' && operation !== undefined ? { operation, by: 'worker', task } : undefined;
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
export function ringOfWorker(
  rings: readonly Ring[],
  listed: readonly Pick<Request, 'ring' | 'state'>[],
): number | null {
  const open = rings.filter((ring) => {
    const polling = listed.filter((r) => r.ring === ring.id && r.state === 'polling').length;
    return ring.inFlight === undefined || ring.inFlight > polling;
  });
  return open.length === 1 ? (open[0]?.id ?? null) : null;
}
