import { awaitingOf } from './awaiting';
import { inFlight } from './ringCounts';
import type { Scene } from './rule';
import { counted } from './words';

/** IORING_ENTER_NO_IOWAIT (6.15): the program asked not to be counted. */
const NO_IOWAIT = 128;

/**
 * Why the machine shows iowait although nothing is wrong: since 6.5, 6.1.39 and their like the kernel counts a thread that waits for
 * completions of requests in flight. Empty unless so many tasks are counted at this moment.
 */
export function iowaitSentence({ sample, blocked }: Scene): string {
  const waiters = blocked.filter((one) => {
    const awaiting = one.task.state === 'S' ? awaitingOf(sample, one) : undefined;
    const flags = Number(one.task.syscall?.args[3] ?? 0);
    return awaiting !== undefined && (flags & NO_IOWAIT) === 0 && inFlight(awaiting.ring) !== 0;
  });
  const count = waiters.length;
  if (count === 0 || (sample.host.ioWaiting ?? 0) < count) return '';
  return `What top and vmstat show as iowait is no fault either: the kernel counts ${counted(count, 'thread')} here so, for ${count === 1 ? 'it waits' : 'they wait'} for completions; that takes no processor time.`;
}
