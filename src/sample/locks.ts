import type { FileLock, Resource, Task } from '../model/sample';
import { parseComm } from '../procfs/comm';
import { type LockRow, parseLocks } from '../procfs/locks';
import type { Target } from '../target/target';
import { textOf } from './text';

/** Functions of the kernel inside which a task waits for a file lock or for the end of a lease. */
const WAITS =
  /^(?:flock_lock_inode_wait|posix_lock_inode_wait|locks_lock_inode_wait|fcntl_setlk|__break_lease)/;
/** System calls that wait for a file lock, where neither stack nor wait channel can be read. */
const CALLS = new Set(['flock', 'fcntl']);
/** Locks that are told. */
const MOST_LOCKS = 16;

export interface LocksFound {
  /** With `awaitedLocks` where a file has some. */
  readonly resources: readonly Resource[];
  /** All of them. */
  readonly locks: readonly FileLock[];
}

/**
 * Adds to files the locks this process waits for, and who holds them (/proc/locks). The file is read only when a task
 * waits for a lock: printing it stops all locking on the host for as long.
 */
export async function findAwaitedLocks(
  target: Target,
  pid: number,
  resources: readonly Resource[],
  tasks: readonly Task[],
): Promise<LocksFound> {
  if (!tasks.some(awaitsLock)) return { resources, locks: [] };
  const [file] = await target.read(['/proc/locks']);
  const { rows } = parseLocks(textOf(file) ?? '');
  const awaited = awaitedBy(rows, pid);
  const holders = [...new Set(awaited.map((row) => row.pid).filter((holder) => holder > 0))];
  const comms = await target.read(holders.map((holder) => `/proc/${holder}/comm`));
  const names = new Map(
    holders.map((holder, index) => [holder, parseComm(textOf(comms[index]) ?? '') ?? '?']),
  );
  const byFile = new Map<string, FileLock[]>();
  for (const row of awaited) {
    const key = `${row.device} ${row.inode}`;
    const locks = byFile.get(key) ?? [];
    byFile.set(key, locks);
    if (locks.length < MOST_LOCKS) locks.push(lockOf(row, names));
  }
  const locks = [...byFile.values()].flat().slice(0, MOST_LOCKS);
  return {
    locks,
    resources: resources.map((resource) => {
      const { device, inode } = resource;
      const own = inode === undefined ? undefined : byFile.get(`${device} ${inode}`);
      return own ? { ...resource, awaitedLocks: own } : resource;
    }),
  };
}

function awaitsLock({ kernelStack, wchan, syscall, state }: Task): boolean {
  if (state !== 'S' && state !== 'D') return false;
  if (kernelStack?.some((frame) => WAITS.test(frame.function))) return true;
  return WAITS.test(wchan ?? '') || (kernelStack === undefined && CALLS.has(syscall?.name ?? ''));
}

/** The rows of locks that stand in the way of `pid`. An OFD lock tells no waiter's pid: all waiters for one count. */
function awaitedBy(rows: readonly LockRow[], pid: number): LockRow[] {
  const ids = new Set(
    rows.filter((row) => row.waiting && (row.pid === pid || row.pid === -1)).map((row) => row.id),
  );
  return rows.filter((row) => !row.waiting && ids.has(row.id));
}

function lockOf(row: LockRow, names: ReadonlyMap<number, string>): FileLock {
  const { type, access, range } = row;
  const name = names.get(row.pid);
  return { type, access, range, ...(name === undefined ? {} : { holder: { pid: row.pid, name } }) };
}
