import { printable } from '../model/printable';
import type { Cgroup, Sample } from '../model/sample';
import type { Cause } from './functions/entry';

/** Files of a control group that limit I/O, of both versions. */
const IO = /^(?:io\.max|blkio\.throttle\.)/;

/** "Its cgroup /limited allows it 254:0 riops=1 (io.max)." Said where the wait is a throttle's, or a disk's that has one. */
export function cgroupSentence({ cgroup }: Sample, cause: Cause): string {
  const limit = HELD.has(cause) ? cgroup?.limits.find(({ file }) => IO.test(file)) : undefined;
  return limit
    ? `Its cgroup ${printable(limit.path, 200)} allows it ${printable(limit.limit, 120)} (${printable(limit.file, 60)}).`
    : '';
}

/** Causes behind which an I/O limit may stand: a bio that it holds back shows in no stack. */
const HELD: ReadonlySet<Cause> = new Set<Cause>(['throttled', 'device', 'page', 'writeback']);

/** One line of a report; empty where the group holds nothing back. */
export function cgroupLine(cgroup: Cgroup): string {
  const frozen = cgroup.frozenBy === undefined ? '' : `frozen by ${printable(cgroup.frozenBy, 200)}`;
  const limits = cgroup.limits.slice(0, 4).map(({ path, file, limit }) => {
    const where = path === cgroup.path ? '' : ` of ${printable(path, 200)}`;
    return `${printable(file, 60)} ${printable(limit, 120)}${where}`;
  });
  const facts = [frozen, ...limits].filter(Boolean).join(', ');
  return facts === '' ? '' : `cgroup ${printable(cgroup.path, 200)}: ${facts}`;
}
