import { printable } from '../model/printable';
import type { Cgroup, CgroupLimit, Resource, Sample } from '../model/sample';
import { diskOf, standsOn } from './disks';
import type { Cause } from './functions/entry';

/** Files of a control group that limit I/O, of both versions, and those that share it out: these hold a task in its stack. */
const IO = /^(?:io\.max$|blkio\.throttle\.)/;
const SHARES = /^io\.(?:cost\.qos|weight|latency)$/;

/**
 * "Its cgroup /limited allows it 254:0 riops=1 (io.max)." Said where the wait is a throttle's, or a disk's that has a limit;
 * of several disks only of those that the files are on.
 */
export function cgroupSentence(sample: Sample, cause: Cause, files: readonly Resource[] = []): string {
  const { cgroup, devices = [] } = sample;
  if (!HELD.has(cause)) return '';
  const disks = files.flatMap((file) => diskOf(sample, file) ?? []);
  const numbers = new Set(
    disks.flatMap((disk) => [disk, ...standsOn(devices, disk)]).flatMap(({ device }) => device ?? []),
  );
  const concerns = ({ file, limit }: CgroupLimit) => {
    const [of = ''] = limit.split(' ');
    return (
      (IO.test(file) || (cause === 'throttled' && SHARES.test(file))) &&
      (numbers.size === 0 || !of.includes(':') || numbers.has(of))
    );
  };
  return (cgroup?.limits ?? [])
    .filter(concerns)
    .slice(0, 3)
    .map(({ path, file, limit }) =>
      path === '/'
        ? `The machine’s ${printable(file, 60)} says ${printable(limit, 120)}.`
        : `Its cgroup ${printable(path, 200)} allows it ${printable(limit, 120)} (${printable(file, 60)}).`,
    )
    .join(' ');
}

/** Causes behind which an I/O limit may stand: a bio that it holds back shows in no stack. */
const HELD: ReadonlySet<Cause> = new Set<Cause>(['throttled', 'device', 'page', 'writeback']);

/** One line of a report; empty where the group holds nothing back. */
export function cgroupLine(cgroup: Cgroup): string {
  const frozen = cgroup.frozenBy === undefined ? '' : `frozen by ${printable(cgroup.frozenBy, 200)}`;
  const told = cgroup.limits.filter((limit) => !limit.file.startsWith('pids.') || isReached(limit));
  const limits = told.slice(0, 4).map(({ path, file, limit, used }) => {
    const where = path === cgroup.path ? '' : ` of ${printable(path, 200)}`;
    const now = used === undefined ? '' : ` (${printable(used, 40)} used)`;
    return `${printable(file, 60)} ${printable(limit, 120)}${now}${where}`;
  });
  const facts = [frozen, ...limits].filter(Boolean).join(', ');
  return facts === '' ? '' : `cgroup ${printable(cgroup.path, 200)}: ${facts}`;
}

/** Whether the group uses all that it may. */
export function isReached({ limit, used }: CgroupLimit): boolean {
  return used !== undefined && /^\d+$/.test(used) && /^\d+$/.test(limit) && Number(used) >= Number(limit);
}

/** Why no more workers can be started, where the group has as many tasks as it may. */
export function taskLimit({
  cgroup,
}: Sample): { readonly text: string; readonly explanation: string } | undefined {
  const limit = cgroup?.limits.find((one) => one.file === 'pids.max' && isReached(one));
  if (!limit) return undefined;
  const group = printable(limit.path, 200);
  return {
    text: `its cgroup ${group} allows no more tasks`,
    explanation: `The cgroup ${group} may have ${printable(limit.limit, 40)} tasks (pids.max) and has as many, so the kernel can start no worker for them.`,
  };
}
