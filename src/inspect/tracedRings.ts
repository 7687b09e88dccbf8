import { walkKernel } from '../kernel/walk';
import { UserError } from '../model/errors';
import { layoutOf, type WalkOptions } from '../sample/pendingSources';
import type { Target } from '../target/target';

const RING = 'anon_inode:[io_uring]';

/** What of a process is to be traced. */
export interface TracedRings {
  /** Descriptors by the addresses of io_ring_ctx. */
  readonly rings: ReadonlyMap<bigint, number>;
  readonly ringFds: readonly number[];
  /** Where the addresses cannot be found out: who submits to its rings. */
  readonly submitters?: ReadonlySet<number>;
}

export async function threadsOf(target: Target, pid: number): Promise<number[]> {
  const [tasks] = await target.list([`/proc/${pid}/task`]);
  return tasks?.ok ? tasks.entries.map(({ name }) => Number(name)) : [];
}

/** Rejects with a UserError where there is no such process. */
export async function ringsOf(target: Target, pid: number, walk: WalkOptions): Promise<TracedRings> {
  const [[fds], [tasks]] = await Promise.all([
    target.list([`/proc/${pid}/fd`], { only: [RING] }),
    target.list([`/proc/${pid}/task`]),
  ]);
  if (!tasks?.ok)
    throw new UserError('no-such-process', `Process ${pid} is not there.`, 'It may have ended.');
  const ringFds = fds?.ok ? fds.entries.map(({ name }) => Number(name)) : [];
  const opened = target.kernel ? await layoutOf(target, walk) : undefined;
  if (opened?.ok) {
    const walked = await walkKernel(target, { pid, ringFds, layout: opened.layout });
    const rings = new Map(walked.rings.map(({ key, fds: [fd] }) => [BigInt(`0x${key}`), fd ?? -1]));
    if (rings.size > 0) return { rings, ringFds };
  }
  return { rings: new Map(), ringFds, submitters: new Set(tasks.entries.map(({ name }) => Number(name))) };
}
