/** Counters and sizes at the start of a ring's mapping, as one read found them. The program can write all of it. */
export interface RingHeader {
  readonly layout: RingLayout;
  readonly sqHead: number;
  readonly sqTail: number;
  readonly cqHead: number;
  readonly cqTail: number;
  readonly sqEntries: number;
  readonly cqEntries: number;
  /** SQEs the kernel would not take because their index was out of range. */
  readonly dropped: number;
  /** IORING_SQ_ bits. */
  readonly sqFlags: number;
  /** IORING_CQ_ bits. */
  readonly cqFlags: number;
  /** CQEs the kernel could not keep, not even on its overflow list. */
  readonly overflow: number;
}

/** Where the kernel's struct io_rings has its fields. */
export interface RingLayout {
  readonly name: 'compact' | 'spread';
  readonly sqHead: number;
  readonly sqTail: number;
  readonly cqHead: number;
  readonly cqTail: number;
  /** Start of `sq_ring_mask`; the masks, entries, dropped, flags and overflow follow without a gap. */
  readonly masks: number;
  readonly cqes: number;
}

/** 6.6 and later; before, head and tail of each queue had a cache line of 64 bytes for themselves. */
const LAYOUTS: readonly RingLayout[] = [
  { name: 'compact', sqHead: 0, sqTail: 4, cqHead: 8, cqTail: 12, masks: 16, cqes: 64 },
  { name: 'spread', sqHead: 0, sqTail: 64, cqHead: 128, cqTail: 192, masks: 256, cqes: 320 },
];

/** Bytes of the larger layout before its CQEs. */
export const HEADER_BYTES = 320;

/** IORING_MAX_ENTRIES and IORING_MAX_CQ_ENTRIES of io_uring_setup(2). */
export const MAX_SQ_ENTRIES = 32768;
export const MAX_CQ_ENTRIES = 65536;

/** IORING_SQ_ bits. */
export const sqRingFlag = { needWakeup: 1, cqOverflow: 2, taskRun: 4 } as const;

/** The header in the one layout whose masks and sizes agree; undefined where neither's do. */
export function readHeader(bytes: Buffer): RingHeader | undefined {
  for (const layout of LAYOUTS) {
    const header = headerIn(bytes, layout);
    if (header !== undefined) return header;
  }
  return undefined;
}

function headerIn(bytes: Buffer, layout: RingLayout): RingHeader | undefined {
  if (bytes.length < layout.cqes) return undefined;
  const word = (at: number): number => bytes.readUInt32LE(at);
  const sqEntries = word(layout.masks + 8);
  const cqEntries = word(layout.masks + 12);
  if (!isSize(sqEntries, MAX_SQ_ENTRIES) || word(layout.masks) !== sqEntries - 1) return undefined;
  if (!isSize(cqEntries, MAX_CQ_ENTRIES) || word(layout.masks + 4) !== cqEntries - 1) return undefined;
  return {
    layout,
    sqHead: word(layout.sqHead),
    sqTail: word(layout.sqTail),
    cqHead: word(layout.cqHead),
    cqTail: word(layout.cqTail),
    sqEntries,
    cqEntries,
    dropped: word(layout.masks + 16),
    sqFlags: word(layout.masks + 20),
    cqFlags: word(layout.masks + 24),
    overflow: word(layout.masks + 28),
  };
}

function isSize(entries: number, most: number): boolean {
  return entries >= 1 && entries <= most && (entries & (entries - 1)) === 0;
}
