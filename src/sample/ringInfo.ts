import { parseFdinfo } from '../procfs/fdinfo';
import type { MapsRow } from '../procfs/maps';
import type { Target } from '../target/target';
import { type Descriptor, FDINFO_LIMIT } from './descriptors';
import { textOf } from './text';

/** A descriptor of a ring, with what its fdinfo says. */
export interface RingDescriptor extends Descriptor {
  /** Tells rings apart from 5.17 on. */
  readonly inode?: number;
}

export interface RingInfos {
  readonly descriptors: readonly RingDescriptor[];
  /** Descriptors whose fdinfo did not answer in time. */
  readonly timedOut: readonly number[];
}

/**
 * Bytes of the SQE array above which fdinfo is left alone: printing that many entries takes the kernel 20 ms and more
 * with the ring's lock held (162 ms measured for 32k entries). 4,096 entries.
 */
const LARGE = 4096 * 64;
/** IORING_OFF_SQES. */
const SQES = 0x10000000n;

/** Reads the fdinfo of rings, but of large ones whose memory tells the same without their lock. */
export async function readRingInfos(
  target: Target,
  pid: number,
  rings: readonly Descriptor[],
  mappings: readonly MapsRow[],
): Promise<RingInfos> {
  const large = new Set(
    mappings.filter(({ offset, start, end }) => offset === SQES && end - start > LARGE).map((r) => r.inode),
  );
  const inodes = large.size > 0 ? await target.inodes(rings.map(({ fd }) => `/proc/${pid}/fd/${fd}`)) : [];
  const isLarge = (index: number) => large.has(inodes[index] ?? -1);
  const small = rings.filter((_, index) => !isLarge(index));
  const results = await target.read(
    small.map(({ fd }) => `/proc/${pid}/fdinfo/${fd}`),
    { limit: FDINFO_LIMIT },
  );
  const infos = new Map(small.map(({ fd }, index) => [fd, results[index]]));
  const timedOut: number[] = [];
  const descriptors = rings.map((ring, index): RingDescriptor => {
    const result = infos.get(ring.fd);
    if (result && !result.ok && result.errno === 'ETIMEDOUT') timedOut.push(ring.fd);
    const info = textOf(result);
    const inode = info === undefined ? inodes[index] : parseFdinfo(info).inode;
    return {
      ...ring,
      ...(inode === undefined ? {} : { inode }),
      ...(info === undefined ? {} : { info }),
    };
  });
  return { descriptors, timedOut };
}
