import { type ProcessMemory, wordIn } from './processMemory';

/** Where an object ends, and where the block of memory begins that holds it. */
export interface Extent {
  /** First byte of the block; the address itself where that is not known. */
  readonly start: number;
  readonly end: number;
  /** Its block was found in the heap. */
  readonly allocated: boolean;
}

/** Bytes in front of an address that are searched for the header of its block. */
const LOOK_BACK = 4096;
/** Bytes behind it that are looked at for the blocks that follow. */
const LOOK_AHEAD = 8192;
/** Bytes of an object whose block is not known. */
const UNBOUNDED = 192;
/** Bytes of a block that are searched. */
const MOST = 1024;
const HEADER = 16;
const SMALLEST = 32;
const LARGEST = 1 << 20;
/** PREV_INUSE, IS_MMAPPED and NON_MAIN_ARENA. */
const FLAGS = 7;
const PREVIOUS_IN_USE = 1;
/** Blocks that must follow each other for the first to be believed. */
const FOLLOWERS = 3;

/**
 * Bounds an object by the block of glibc's malloc that holds it: what lies behind belongs to others. Believed where
 * further blocks follow, each where the one before says.
 */
export async function extentOf(memory: ProcessMemory, address: number): Promise<Extent> {
  const region = memory.region(address);
  if (!region) return { start: address, end: address, allocated: false };
  const from = Math.max(region.start, Math.floor((address - LOOK_BACK) / 16) * 16);
  const to = Math.min(region.end, address + LOOK_AHEAD);
  const data = await memory.bytes(from, to - from);
  const reach = Math.min(region.end, address + UNBOUNDED);
  if (!data) return { start: address, end: reach, allocated: false };
  for (let block = Math.floor(address / 16) * 16 - from; block >= HEADER; block -= 16) {
    const size = sizeOf(data, block);
    if (size === undefined || block + size - HEADER + 8 <= address - from) continue;
    if (!isFollowed(data, block, size)) continue;
    const end = from + block + size - HEADER + 8;
    return { start: from + block, end: Math.min(end, address + MOST), allocated: true };
  }
  return { start: address, end: reach, allocated: false };
}

/** Of the block whose memory begins at `block`, header and all; undefined for what cannot be one. */
function sizeOf(data: Buffer, block: number): number | undefined {
  const word = wordIn(data, block - 8);
  if (word === undefined || word > LARGEST + FLAGS) return undefined;
  const size = word - (word & FLAGS);
  return size >= SMALLEST && size % 16 === 0 ? size : undefined;
}

/** A block in use is followed by one that says so; memory that was not fetched is believed. */
function isFollowed(data: Buffer, block: number, size: number): boolean {
  let at = block + size;
  for (let seen = 0; seen < FOLLOWERS; seen++) {
    if (at > data.length) return seen > 0;
    const word = wordIn(data, at - 8);
    if (word === undefined || (seen === 0 && (word & PREVIOUS_IN_USE) === 0)) return false;
    const next = sizeOf(data, at);
    // The last block, all that is left, may be of any size.
    if (next === undefined) return seen > 0 && word - (word & FLAGS) > LARGEST;
    at += next;
  }
  return true;
}
