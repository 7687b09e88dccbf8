import type { Sample } from '../model/sample';
import { cpuCount } from '../procfs/cpuList';

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
