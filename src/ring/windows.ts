import { type RingHeader, sqRingFlag } from './header';
import type { RingHints, RingImage } from './image';
import { opcodeNumber } from './opcodes';
import { firstLaps, firstMayBeNext, isShuffled, slotsOf } from './slots';
import { sqeFlag } from './sqe';
import { UserDataTable } from './userDataTable';

/** IORING_CQE_F_ bits. SKIP and 32 are those of rings of mixed CQEs (6.18); before, nothing set them. */
const MORE = 2;
const FILLER = 1 << 5;
const DOUBLE = 1 << 15;

/** Opcodes that take two SQEs of 64 bytes (6.19, SQE_MIXED). */
const DOUBLE_SQES = new Set([opcodeNumber('NOP128'), opcodeNumber('URING_CMD128')]);
const POLL_REMOVE = opcodeNumber('POLL_REMOVE');
/** IORING_POLL_UPDATE_USER_DATA. */
const UPDATE_USER_DATA = 4;

/**
 * What both queues still hold, with user_data as numbers of groups. SQEs are counted from the oldest one whose slot is
 * its own, CQEs from the oldest one that was not overwritten while the ring was read.
 */
export interface Windows {
  /** Position of the first SQE, and how many. */
  readonly first: number;
  readonly count: number;
  /** Slot of each SQE; −1: none the kernel took, or the second half of one. */
  readonly slot: Int32Array;
  readonly group: Int32Array;
  /** IOSQE_ bits. */
  readonly flags: Uint8Array;
  /** Position of the first CQE, and how many slots. */
  readonly firstCqe: number;
  readonly cqes: number;
  /** Group of each CQE: −1 = of no SQE here, −2 = no CQE begins here. */
  readonly cqeGroup: Int32Array;
  /** CQEs of no SQE here. */
  readonly foreign: number;
  /** CQEs that are known to stand on the overflow list. */
  readonly overflowed: number;
  readonly groups: GroupTable;
  /** Positions taken by the kernel, and published by the program. */
  readonly sqHead: number;
  readonly sqTail: number;
  readonly traits: WindowTraits;
}

export interface WindowTraits {
  /** Neither queue has begun its second lap: nothing was ever overwritten, and everything is here. */
  readonly firstLap: boolean;
  /** In the first lap, too, the first SQE may have been filled anew. */
  readonly firstInDoubt: boolean;
  /** There is no slot that was never filled. */
  readonly full: boolean;
  /** Everything is here, if the counters never went once around 2³². */
  readonly whole: boolean;
  /** No CQE was ever overwritten, if the counters never went once around. */
  readonly everyCqe: boolean;
  /** CQEs may stand on an overflow list that nobody has shown. */
  readonly hiddenOverflow: boolean;
  /** The counters moved while the ring was read, so that they may not belong together. */
  readonly moved: boolean;
  /** SQEs may have been overwritten while they were read, whatever their position. */
  readonly shuffled: boolean;
  /** CQEs that did not fit anywhere, or SQEs the kernel refused: the counters tell too little. */
  readonly leaky: boolean;
  /** More CQEs than requests, or requests without CQEs: what is in flight cannot be counted. */
  readonly skewed: boolean;
}

/** By group: what was seen of one user_data of the SQEs here. */
export interface GroupTable {
  readonly size: number;
  readonly sqes: Int32Array;
  /** Index in the window of its last SQE. */
  readonly lastSqe: Int32Array;
  /** CQEs that ended a request. */
  readonly finals: Int32Array;
  /** Indices of the last final CQE and of the one before it; −1 = none. Overflowed ones follow behind all others. */
  readonly last: Int32Array;
  readonly secondLast: Int32Array;
  /** CQEs with F_MORE since the last final one. */
  readonly open: Int32Array;
  /** 1: a POLL_REMOVE may have given the request another user_data. */
  readonly renamed: Uint8Array;
}

export function readWindows(image: RingImage, hints: RingHints): Windows {
  const { geometry, before, after, sqes } = image;
  const { sqEntries } = geometry;
  const words = wordsOf(sqes);
  const stride = geometry.sqeSize / 4;
  const { sqHead, sqTail } = queueOf(before, sqEntries, hints);
  const waiting = (sqTail - sqHead) >>> 0;
  const published = Math.max(waiting, Math.min((after.sqTail - sqHead) >>> 0, sqEntries));
  const lap = firstLaps(image);
  const count = Math.min(sqEntries - published, sqHead <= sqEntries ? sqHead : sqEntries);
  const first = (sqHead - count) >>> 0;
  const table = new UserDataTable(count);
  const slot = slotsOf(image, first, count, waiting);
  const group = new Int32Array(count).fill(-1);
  const flags = new Uint8Array(count);
  const renames: (readonly [low: number, high: number])[] = [];
  let silent = false;
  let halves = false;
  for (let index = 0; index < count; index++) {
    const at = slot[index] ?? -1;
    if (at < 0) continue;
    const word = at * stride;
    const head = words[word] ?? 0;
    const opcode = head & 0xff;
    flags[index] = (head >>> 8) & 0xff;
    group[index] = table.add(words[word + 8] ?? 0, words[word + 9] ?? 0);
    silent ||= ((flags[index] ?? 0) & sqeFlag.skipSuccess) !== 0;
    if (opcode === POLL_REMOVE && (words[word + 6] ?? 0) & UPDATE_USER_DATA) {
      renames.push([words[word + 4] ?? 0, words[word + 5] ?? 0]);
    }
    if (geometry.sqeSize === 64 && DOUBLE_SQES.has(opcode)) {
      halves = true;
      index++;
      if (index < count) slot[index] = -1;
    }
  }
  const groups = emptyGroups(table.size);
  for (let index = 0; index < count; index++) {
    const number = group[index] ?? -1;
    if (number < 0) continue;
    add(groups.sqes, number);
    groups.lastSqe[number] = index;
  }
  for (const [low, high] of renames) {
    const number = table.find(low, high);
    if (number >= 0) groups.renamed[number] = 1;
  }
  const cq = readCqes(image, lap.cq, table, groups);
  const overflow = hints.overflowed ?? [];
  overflow.forEach(({ userData }, index) => {
    const number = table.find(Number(userData & 0xffffffffn), Number((userData >> 32n) & 0xffffffffn));
    if (number >= 0) addFinal(groups, number, cq.count + index);
  });
  const overflowing =
    (after.sqFlags & sqRingFlag.cqOverflow) !== 0 || (before.sqFlags & sqRingFlag.cqOverflow) !== 0;
  const everyCqe = before.cqTail <= geometry.cqEntries && cq.count === before.cqTail;
  const leaky = before.dropped !== 0 || after.overflow !== 0;
  const whole = sqHead <= sqEntries && count === sqHead && everyCqe && !slot.includes(-1);
  return {
    first,
    count,
    slot,
    group,
    flags,
    firstCqe: cq.first,
    cqes: cq.count,
    cqeGroup: cq.group,
    foreign: cq.foreign,
    overflowed: overflow.length,
    groups,
    sqHead,
    sqTail,
    traits: {
      firstLap: image.exact && whole && lap.sq && lap.cq && !overflowing && !leaky && !halves,
      firstInDoubt: firstMayBeNext(image),
      full: !lap.sq,
      whole,
      everyCqe,
      hiddenOverflow: overflowing && overflow.length === 0,
      moved:
        before.sqHead !== after.sqHead || before.sqTail !== after.sqTail || before.cqTail !== after.cqTail,
      shuffled: isShuffled(image),
      leaky,
      skewed: silent || halves || cq.more,
    },
  };
}

/** Head and tail of the SQ, where they can be true: the tail is the program's to write. */
function queueOf(
  { sqHead, sqTail }: RingHeader,
  entries: number,
  { cachedSqHead }: RingHints,
): { sqHead: number; sqTail: number } {
  const waiting = (sqTail - sqHead) >>> 0;
  if (waiting > entries) return { sqHead, sqTail: sqHead };
  const ahead = cachedSqHead === undefined ? 0 : (cachedSqHead - sqHead) >>> 0;
  return { sqHead: ahead <= waiting ? (sqHead + ahead) >>> 0 : sqHead, sqTail };
}

function readCqes(
  { geometry, before, after, ring }: RingImage,
  firstLap: boolean,
  table: UserDataTable,
  groups: GroupTable,
): { first: number; count: number; group: Int32Array; more: boolean; foreign: number } {
  const { cqEntries, cqeSize, cqesAt } = geometry;
  const words = wordsOf(ring);
  const posted = (after.cqTail - before.cqTail) >>> 0;
  // In the first lap nothing is overwritten; after it, what was posted meanwhile took the place of the oldest.
  const kept = Math.max(0, cqEntries - posted);
  const count = firstLap || before.cqTail <= cqEntries ? Math.min(before.cqTail, kept) : kept;
  const first = (before.cqTail - count) >>> 0;
  const group = new Int32Array(count);
  let more = false;
  let foreign = 0;
  for (let index = 0; index < count; index++) {
    const word = (cqesAt + ((first + index) & (cqEntries - 1)) * cqeSize) / 4;
    const flags = words[word + 3] ?? 0;
    if (flags & FILLER && cqeSize === 16) {
      group[index] = -2;
      more = true;
      continue;
    }
    const number = table.find(words[word] ?? 0, words[word + 1] ?? 0);
    group[index] = number;
    if (flags & MORE) more = true;
    if (number < 0) foreign++;
    else if (flags & MORE) add(groups.open, number);
    else addFinal(groups, number, index);
    if (flags & DOUBLE && cqeSize === 16) {
      more = true;
      index++;
      if (index < count) group[index] = -2;
    }
  }
  return { first, count, group, more, foreign };
}

/** As little-endian words, which the machines that run io_uring and its inspector have. */
function wordsOf(bytes: Buffer): Uint32Array {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
  return new Uint32Array(aligned.buffer, aligned.byteOffset, Math.floor(aligned.byteLength / 4));
}

function emptyGroups(size: number): GroupTable {
  return {
    size,
    sqes: new Int32Array(size),
    lastSqe: new Int32Array(size).fill(-1),
    finals: new Int32Array(size),
    last: new Int32Array(size).fill(-1),
    secondLast: new Int32Array(size).fill(-1),
    open: new Int32Array(size),
    renamed: new Uint8Array(size),
  };
}

function add(counts: Int32Array, at: number): void {
  counts[at] = (counts[at] ?? 0) + 1;
}

function addFinal(groups: GroupTable, group: number, index: number): void {
  add(groups.finals, group);
  groups.secondLast[group] = groups.last[group] ?? -1;
  groups.last[group] = index;
  groups.open[group] = 0;
}
