import type { MemoryRange } from '../probe/protocol';
import type { MapsRow } from '../procfs/maps';
import type { RingHints } from '../ring/image';

/** A ring descriptor of the process, with what is known of its ring from elsewhere. */
export interface RingDescriptor extends RingHints {
  readonly fd: number;
  /** From its fdinfo. */
  readonly inode?: number;
  /** fdinfo's counters: they find a ring that lives in the program's own memory. */
  readonly counters?: {
    readonly sqMask: number;
    readonly sqHead: number;
    readonly sqTail: number;
    readonly cqMask: number;
    readonly cqHead: number;
    readonly cqTail: number;
  };
}

/** A stretch of the target's memory; `fd` and `offset` where the ring itself can be asked for it, too. */
export interface Stretch {
  readonly address: bigint;
  readonly length: number;
  readonly fd?: number;
  readonly offset?: bigint;
}

/** One ring: whose it is and where its memory stands. */
export interface RingPlace {
  /** Every descriptor of it; none where it was registered and closed. */
  readonly fds: readonly number[];
  readonly inode?: number;
  readonly hints: RingDescriptor | undefined;
  readonly ring?: Stretch;
  readonly sqes?: Stretch;
  /** False: found in ordinary memory, where what stands behind it is not the ring's. */
  readonly exact: boolean;
}

/** IORING_OFF_ values (linux/io_uring.h). Until 5.4 the CQ had its own mapping; both show the same memory. */
const SQ_RING = 0n;
const CQ_RING = 0x8000000n;
const SQES = 0x10000000n;

/** Nothing is mapped there, so a kernel answers EIO and the probe asks the ring by its descriptor. */
const NOWHERE = 0x1000n;
/** Bytes: the largest header there can be, and more than any ring of 5.x is long; its own size bounds what is read. */
const PAGE = 4096;

/**
 * Pairs descriptors and mappings. From 5.17 on each ring has its inode. Before, all share one, but every ring has
 * entries of the narrow size and gives its memory by its descriptor, which needs no pairing.
 */
export function placesOf(
  descriptors: readonly RingDescriptor[],
  mappings: readonly MapsRow[],
  ownInode: boolean,
): RingPlace[] {
  if (!ownInode) return descriptors.map(placeByDescriptor);
  const byInode = new Map<number, RingDescriptor[]>();
  const places: RingPlace[] = [];
  for (const descriptor of descriptors) {
    const { inode } = descriptor;
    const twins = inode === undefined ? undefined : byInode.get(inode);
    if (twins) twins.push(descriptor);
    else if (inode !== undefined) byInode.set(inode, [descriptor]);
    else places.push({ fds: [descriptor.fd], hints: descriptor, exact: true });
  }
  for (const { inode } of mappings) if (!byInode.has(inode)) byInode.set(inode, []);
  for (const [inode, twins] of byInode) {
    const own = mappings.filter((row) => row.inode === inode);
    const fd = twins[0]?.fd;
    const ring = longest(own, SQ_RING) ?? longest(own, CQ_RING);
    const sqes = longest(own, SQES);
    places.push({
      fds: twins.map((twin) => twin.fd),
      inode,
      hints: twins[0],
      exact: true,
      ...(ring ? { ring: stretchOf(ring, fd) } : {}),
      ...(sqes ? { sqes: stretchOf(sqes, fd) } : {}),
    });
  }
  return places;
}

function placeByDescriptor(descriptor: RingDescriptor): RingPlace {
  const { fd } = descriptor;
  return {
    fds: [fd],
    hints: { setup: [], ...descriptor },
    exact: true,
    ring: { address: NOWHERE, length: PAGE, fd, offset: SQ_RING },
    sqes: { address: NOWHERE, length: PAGE, fd, offset: SQES },
  };
}

/** Whether the place's lengths are still to be learned from its header. */
export function isUnmeasured({ ring }: RingPlace): boolean {
  return ring?.address === NOWHERE;
}

function longest(rows: readonly MapsRow[], offset: bigint): MapsRow | undefined {
  let best: MapsRow | undefined;
  for (const row of rows) {
    if (row.offset === offset && (!best || row.end - row.start > best.end - best.start)) best = row;
  }
  return best;
}

function stretchOf(row: MapsRow, fd: number | undefined): Stretch {
  return {
    address: row.start,
    length: Number(row.end - row.start),
    ...(fd === undefined ? {} : { fd, offset: row.offset }),
  };
}

/** The first `length` bytes of a stretch. */
export function rangeOf({ address, fd, offset }: Stretch, length: number): MemoryRange {
  return { address, length, ...(fd === undefined || offset === undefined ? {} : { ring: { fd, offset } }) };
}
