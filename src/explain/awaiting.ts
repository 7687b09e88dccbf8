import type { Ring, Sample, Task } from '../model/sample';
import type { Blocked } from './blocking';
import type { Scene } from './rule';

/** IORING_ENTER_EXT_ARG: the wait may carry a timeout. */
const EXT_ARG = 8;
/** IORING_ENTER_REGISTERED_RING: the first argument is an index, no descriptor. */
const REGISTERED_RING = 16;

/** A thread inside io_uring_enter that waits for completions. */
export interface Awaiting {
  readonly task: Task;
  readonly ring: Ring;
  /** Completions it asked for (min_complete). */
  readonly least: number;
  /** The wait may carry a timeout. */
  readonly timed: boolean;
}

/** What a blocked thread awaits; undefined where it is no such wait, or of a ring that cannot be told. */
export function awaitingOf(
  { rings }: Sample,
  { task, cause }: Pick<Blocked, 'task' | 'cause'>,
): Awaiting | undefined {
  if (cause !== 'completions' || task.syscall?.name !== 'io_uring_enter') return undefined;
  const [fd, , least, flags] = task.syscall.args.map(Number);
  const registered = ((flags ?? 0) & REGISTERED_RING) !== 0;
  const named = registered ? undefined : rings.find((ring) => ring.fd === fd);
  const ring = named ?? (rings.length === 1 ? rings[0] : undefined);
  if (!ring) return undefined;
  return { task, ring, least: least ?? 0, timed: ((flags ?? 0) & EXT_ARG) !== 0 };
}

/** Some other thread of the program is not itself waiting for completions, or another process has a ring of it. */
export function othersMaySubmit(scene: Scene, waiter: Task): boolean {
  if (scene.sample.resources.some(({ kind, peers = [] }) => kind === 'io_uring' && peers.length > 0))
    return true;
  const waiting = new Set(
    scene.blocked.flatMap(({ task, cause }) => (cause === 'completions' ? [task.tid] : [])),
  );
  return scene.sample.tasks.some(
    ({ tid, kind }) => kind === 'thread' && tid !== waiter.tid && !waiting.has(tid),
  );
}
