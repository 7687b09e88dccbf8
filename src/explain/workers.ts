import type { Sample, WorkerAccount, WorkerPool } from '../model/sample';
import { cpuCount } from '../procfs/cpuList';
import { grouped } from './words';

export interface WorkerLimit {
  readonly count: number;
  /** False where the number of processors was only guessed from those the process may run on. */
  readonly sure: boolean;
}

/**
 * How many bounded io-wq workers one ring may have: min(SQ entries, 4 × processors). A program can set another
 * limit (IORING_REGISTER_IOWQ_MAX_WORKERS), which /proc does not show.
 */
export function workerLimit(sample: Sample): WorkerLimit | undefined {
  const cpus = sample.host.cpus ?? cpuCount(sample.process.cpusAllowed ?? '');
  const entries = sample.rings.flatMap((ring) => (ring.sqEntries === undefined ? [] : [ring.sqEntries]));
  if (cpus === undefined || entries.length === 0) return undefined;
  return { count: Math.min(Math.max(...entries), 4 * cpus), sure: sample.host.cpus !== undefined };
}

/** How many workers there may be, where none is free and requests wait for one; undefined where one is free, or it is not known. */
export function takenWorkers(sample: Sample, held: number): number | undefined {
  const pools = sample.workerPools;
  if (pools !== undefined) {
    const full = pools.flatMap(({ bounded, unbounded }) => [bounded, unbounded]).filter(isExhausted);
    const workers = full.reduce((sum, account) => sum + account.workers, 0);
    return full.length === 0 ? undefined : workers;
  }
  const limit = workerLimit(sample);
  return limit !== undefined && held >= limit.count ? limit.count : undefined;
}

/** "8 of 8 bounded workers, 92 queued"; unbounded ones where there are any. */
export function poolText({ bounded, unbounded }: WorkerPool): string {
  const idle = unbounded.workers === 0 && unbounded.queued === 0;
  return [accountText('bounded', bounded), idle ? '' : accountText('unbounded', unbounded)]
    .filter(Boolean)
    .join('; ');
}

function accountText(kind: string, { workers, limit, queued }: WorkerAccount): string {
  return `${grouped(workers)} of ${grouped(limit)} ${kind} workers, ${grouped(queued)} queued`;
}

/** No worker is free, none may be started, and requests wait for one. */
export function isExhausted({ workers, limit, queued }: WorkerAccount): boolean {
  return queued > 0 && workers >= limit;
}

/** The pools in which something is: a thread has one as soon as it has a ring. */
export function busyPools({ workerPools = [] }: Sample): readonly WorkerPool[] {
  return workerPools.filter(({ bounded, unbounded }) =>
    [bounded, unbounded].some(({ workers, queued }) => workers > 0 || queued > 0),
  );
}
