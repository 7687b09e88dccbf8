import { printable } from '../model/printable';
import type { BlockDevice, CgroupLimit, Request, Resource, Sample } from '../model/sample';
import { plainName } from '../ring/issueFunctions';
import type { Blocked } from './blocking';
import { candidateFiles } from './candidates';
import { diskOf, inFlightOf, standsOn } from './disks';
import type { Cause } from './functions/entry';
import { carriedFiles } from './listedRequests';

/** An I/O limit of a control group behind which requests stand: above a disk that has nothing to do. */
export interface HoldingLimit {
  readonly group: string;
  /** The device it is set for. */
  readonly disk: BlockDevice;
  /** "the I/O limit of cgroup /limited (io.max rbps=1 on loop3)". */
  readonly text: string;
}

type Direction = 'read' | 'write';

/**
 * The limit that holds back I/O for a disk, of its own or of one it stands on: such a device has nothing in flight, for the
 * requests wait above it, while those above it have them in flight.
 */
export function holdingLimit(
  { cgroup, devices = [] }: Sample,
  disk: BlockDevice,
  direction?: Direction,
): HoldingLimit | undefined {
  if (!cgroup) return undefined;
  const busy = inFlightOf(disk) > 0;
  for (const one of busy ? standsOn(devices, disk) : [disk]) {
    if (one.suspended || one.gone || one.inFlightReads === undefined || inFlightOf(one) > 0) continue;
    for (const limit of cgroup.limits) {
      const words = ioLimitWords(limit, one, direction);
      if (words === undefined) continue;
      const group = printable(limit.path, 200);
      return {
        group,
        disk: one,
        text: `the I/O limit of cgroup ${group} (${words} on ${printable(one.name, 40)})`,
      };
    }
  }
  return undefined;
}

/** "io.max rbps=1", "blkio.throttle.read_bps_device 1": what it allows a device, where it limits that device and direction. */
export function ioLimitWords(
  { file, limit }: CgroupLimit,
  { device }: BlockDevice,
  direction?: Direction,
): string | undefined {
  const [of, ...words] = limit.split(' ');
  if (device === undefined || of !== device) return undefined;
  const old = /^blkio\.throttle\.(read|write)_(?:bps|iops)_device$/.exec(file)?.[1];
  const fitting =
    old !== undefined
      ? words.filter(() => direction === undefined || direction === old)
      : file === 'io.max'
        ? words.filter((word) => direction === undefined || word.startsWith(direction.slice(0, 1)))
        : [];
  return fitting.length > 0 ? `${printable(file, 60)} ${printable(fitting.join(' '), 120)}` : undefined;
}

/** The way the bytes of a request go; undefined where it has both or none. */
export function directionOf({ operation }: Pick<Request, 'operation'>): Direction | undefined {
  return /^READ/.test(operation) ? 'read' : /^WRITE/.test(operation) ? 'write' : undefined;
}

/** Waits that a bio held back above the disk shows as. */
const BELOW: ReadonlySet<Cause> = new Set<Cause>(['page', 'device', 'writeback']);
/** Waits before the disk that are none of a limit's: its queue is frozen or full. */
const QUEUE =
  /^(?:_*bio_queue_enter|blk_queue_enter|blk_mq_freeze_queue_wait.*|blk_mq_get_tag|wbt_wait|md_.*|dm_.*)$/;

/** A task that waits for a disk, told as held back by the limit where one stands before the disk of all its files. */
export function behindLimit(sample: Sample, blocked: Blocked): Blocked {
  const { task, on, cause } = blocked;
  if (!sample.cgroup?.limits.length || on.subsystem === 'unknown' || !BELOW.has(cause)) return blocked;
  if (QUEUE.test(plainName(on.function))) return blocked;
  const fd = task.operation === undefined ? on.fd : undefined;
  const files = carriedFiles(sample, [task]) ?? candidateFiles(sample, [task], cause, fd);
  const limit = filesLimit(sample, files, wayOf(blocked));
  if (!limit) return blocked;
  return {
    ...blocked,
    on: { ...on, subsystem: 'cgroup I/O limit', text: `waits inside ${limit.text}` },
    cause: 'throttled',
    advice: LIMIT_ADVICE,
    limit,
  };
}

export const LIMIT_ADVICE =
  'Raise or remove the limit: the file and the device are named above. What waits goes on at once; until then the disk is not asked.';

/** The limit before the disk of files, where one stands before that of each. */
export function filesLimit(
  sample: Sample,
  files: readonly Resource[],
  direction?: Direction,
): HoldingLimit | undefined {
  const limits = files.map((file) => {
    const disk = diskOf(sample, file);
    return disk ? holdingLimit(sample, disk, direction) : undefined;
  });
  return limits.includes(undefined) ? undefined : limits[0];
}

function wayOf({ task, cause }: Blocked): Direction | undefined {
  if (cause === 'page') return 'read';
  if (cause === 'writeback') return 'write';
  return directionOf({
    operation: (task.operation ?? task.syscall?.name ?? '').replace(/^p(?=read|write)/, '').toUpperCase(),
  });
}
