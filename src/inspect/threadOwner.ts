import { parseStatus } from '../procfs/status';
import { textOf } from '../sample/text';
import type { Target } from '../target/target';

/** Tids that are asked about. */
const MOST = 4;

/**
 * The process that all these threads are of, where it is being traced: a debugger that holds them has attached by ptrace, so numbers
 * of another machine or of a container lead nowhere. undefined where they do.
 */
export async function tracedOwner(target: Target, tids: readonly number[]): Promise<number | undefined> {
  const results = await target.read(tids.slice(0, MOST).map((tid) => `/proc/${tid}/status`));
  const owners = new Set<number | undefined>();
  for (const result of results) {
    const { tgid, tracerPid } = parseStatus(textOf(result) ?? '');
    owners.add(tracerPid ? tgid : undefined);
  }
  const [owner] = owners;
  return owners.size === 1 ? owner : undefined;
}
