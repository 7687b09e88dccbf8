import type { Process, Task } from '../model/sample';
import { parseLimits } from '../procfs/limits';
import { parseStatus } from '../procfs/status';
import type { Target } from '../target/target';
import { textOf } from './text';

/** Fewer io-wq workers need no explanation. */
const CROWD = 64;

/** Why a process may have so many io-wq workers: asked for where there are very many. */
export type CrowdFacts = Pick<Process, 'workerCpusAllowed' | 'maxProcesses'>;

/** The processors one of the workers may run on, and RLIMIT_NPROC, up to which unbounded workers are started. */
export async function readCrowdFacts(
  target: Target,
  pid: number,
  tasks: readonly Task[],
): Promise<CrowdFacts> {
  const workers = tasks.filter(({ kind }) => kind === 'worker');
  const [worker] = workers;
  if (workers.length < CROWD || !worker) return {};
  const files = [`/proc/${pid}/task/${worker.tid}/status`, `/proc/${pid}/limits`];
  const [status, limits] = (await target.read(files)).map((file) => textOf(file) ?? '');
  const cpus = parseStatus(status ?? '').cpusAllowedList;
  const most = parseLimits(limits ?? '').limits.get('Max processes')?.soft;
  return {
    ...(cpus === undefined ? {} : { workerCpusAllowed: cpus }),
    ...(most === undefined || !Number.isFinite(most) ? {} : { maxProcesses: most }),
  };
}
