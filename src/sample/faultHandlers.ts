import type { ProcessName, Task } from '../model/sample';
import type { ListResult } from '../probe/protocol';
import { parseComm } from '../procfs/comm';
import { parseUserfaultfd } from '../procfs/userfaultfdFdinfo';
import type { Target } from '../target/target';
import { findHoldings } from './peers';
import { textOf } from './text';

const LINK = 'anon_inode:[userfaultfd]';
const WAITS = 'handle_userfault';

/**
 * Who holds a userfaultfd, where a task waits for one: those with unresolved faults by their fdinfo, else all. Nothing in
 * /proc tells whose memory a userfaultfd is about.
 */
export async function findFaultHandlers(
  target: Target,
  tasks: readonly Task[],
  processes: ListResult | undefined,
): Promise<ProcessName[]> {
  const waits = ({ wchan, kernelStack }: Task) =>
    wchan === WAITS || kernelStack?.some((frame) => frame.function === WAITS) === true;
  if (!tasks.some(waits)) return [];
  const holdings = await findHoldings(target, processes, [LINK]);
  if (holdings.length === 0) return [];
  const infos = await target.read(holdings.map(({ pid, fd }) => `/proc/${pid}/fdinfo/${fd}`));
  const open = holdings.filter((_, index) => (parseUserfaultfd(textOf(infos[index]) ?? '')?.total ?? 0) > 0);
  const pids = [...new Set((open.length > 0 ? open : holdings).map(({ pid }) => pid))].sort((a, b) => a - b);
  const comms = await target.read(pids.map((pid) => `/proc/${pid}/comm`));
  return pids.map((pid, index) => ({ pid, name: parseComm(textOf(comms[index]) ?? '') ?? '?' }));
}
