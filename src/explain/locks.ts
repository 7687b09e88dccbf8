import { printable } from '../model/printable';
import type { FileLock, ProcessName, Resource, Sample } from '../model/sample';
import { joined, processName } from './words';

/** Who holds the locks that are waited for, each once; a lock that an open file owns names nobody. */
export function lockHolders(sample: Sample, files: readonly Resource[]): readonly ProcessName[] {
  const own = files.flatMap(({ awaitedLocks }) => awaitedLocks ?? []);
  const locks = own.length > 0 ? own : (sample.awaitedLocks ?? []);
  const holders = new Map<number, ProcessName>();
  for (const { holder } of locks) if (holder) holders.set(holder.pid, holder);
  return [...holders.values()];
}

/** "sshd (12) holds a FLOCK lock to write on it (bytes 0-EOF)", of the first few. */
export function lockText(locks: readonly FileLock[]): string {
  return joined(locks.slice(0, 3).map(oneLock));
}

function oneLock({ type, access, range, holder }: FileLock): string {
  const who = holder ? processName(holder) : 'an open file of some process';
  const part = range === '0-EOF' ? '' : `, bytes ${printable(range, 50)}`;
  const name = type === 'LEASE' || type === 'DELEG' ? 'lease' : 'lock';
  return `${who} holds a ${access.toLowerCase()} ${name} (${printable(type, 20)}${part})`;
}
