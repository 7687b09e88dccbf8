import { deviceOfHexPair } from './device';
import { linesOf, type Rows, readRows } from './lines';

/** One row of /proc/locks, or of a `lock:` line of fdinfo. */
export interface LockRow {
  /** Waiters carry the id of the lock they wait for. */
  readonly id: number;
  readonly waiting: boolean;
  /** POSIX, OFDLCK, FLOCK, LEASE, DELEG… */
  readonly type: string;
  /** ADVISORY, MANDATORY; for leases ACTIVE, BREAKING, BREAKER. */
  readonly mode: string;
  readonly access: 'READ' | 'WRITE' | 'UNLCK' | 'NONE' | 'RW';
  /** -1 where no one process owns it (OFD locks); 0 where it is not visible in the pid namespace. */
  readonly pid: number;
  /** `major:minor` in decimal; absent for a waiter on a lease. */
  readonly device?: string;
  readonly inode: number;
  /** Bytes, both ends included; `EOF` or a number at the end. */
  readonly range: string;
}

const ROW =
  /^(\d{1,19}): {1,64}(-> )?([A-Z]{1,16}) +([A-Z*]{1,16}) +(READ|WRITE|UNLCK|NONE|RW) +(-?\d{1,10}) (?:([0-9a-f]{1,8}:[0-9a-f]{1,8})|<none>):(\d{1,20}) (\d{1,20}) (\d{1,20}|EOF)$/;

export function parseLocks(text: string): Rows<LockRow> {
  return readRows(linesOf(text), parseLock);
}

/** A single row, without its line feed. */
export function parseLock(line: string): LockRow | undefined {
  const match = ROW.exec(line);
  if (match === null) {
    return undefined;
  }
  const [, id, arrow, type = '', mode = '', access, pid, pair, inode, start, end] = match;
  const device = pair === undefined ? undefined : deviceOfHexPair(pair);
  return {
    id: Number(id),
    waiting: arrow !== undefined,
    type,
    mode,
    access: access as LockRow['access'],
    pid: Number(pid),
    ...(device === undefined ? {} : { device }),
    inode: Number(inode),
    range: `${start}-${end}`,
  };
}
