import type { RingHeader } from './header';
import { opcodeNumber } from './opcodes';
import { isPlausibleSqe, SQE_BYTES } from './sqe';

/** Where the entries of a ring stand in its two mappings, and how large they are. */
export interface RingGeometry {
  readonly sqEntries: number;
  readonly cqEntries: number;
  readonly sqeSize: 64 | 128;
  readonly cqeSize: 16 | 32;
  readonly cqesAt: number;
  /** Where the indices of the SQEs stand; absent: the n-th SQE is the n-th submitted (NO_SQARRAY, 6.6). */
  readonly arrayAt?: number;
}

export interface RingBytes {
  /** The mapping of the header, the CQEs and the SQ array, from its start. */
  readonly ring: Buffer;
  /** The mapping of the SQEs. */
  readonly sqes: Buffer;
  /** False: ordinary memory (NO_MMAP), which goes on behind the ring, so its size says nothing. */
  readonly exact: boolean;
}

/** Mappings are made of pages; larger ones only make an inference less sharp. */
const PAGE = 4096;
/** SMP_CACHE_BYTES of x86-64 and arm64. */
const CACHE_LINE = 64;

const pages = (bytes: number): number => Math.ceil(bytes / PAGE) * PAGE;
const lines = (bytes: number): number => Math.ceil(bytes / CACHE_LINE) * CACHE_LINE;

/** Bytes of the ring's mapping that are worth reading: everything up to the end of the largest SQ array. */
export function ringExtent(header: RingHeader): number {
  return lines(2 * (header.layout.cqes + header.cqEntries * 16)) + header.sqEntries * 4;
}

/** Bytes of the SQE's mapping that are worth reading. */
export function sqeExtent(header: RingHeader): number {
  return header.sqEntries * 128;
}

/**
 * Sizes as `setup` says (names without IORING_SETUP_), else as the mappings' sizes say, else as their contents say. A
 * string is the reason why the header cannot be right.
 */
export function inferGeometry(
  header: RingHeader,
  bytes: RingBytes,
  setup?: readonly string[],
): RingGeometry | string {
  const { sqEntries, cqEntries, layout } = header;
  const cqeSize = setup ? (setup.includes('CQE32') ? 32 : 16) : cqeSizeOf(header, bytes);
  if (bytes.ring.length < layout.cqes + cqEntries * cqeSize) {
    return `its header speaks of ${cqEntries} CQEs, and its mapping is too short for them`;
  }
  if (bytes.sqes.length < sqEntries * SQE_BYTES) {
    return `its header speaks of ${sqEntries} SQEs, and their mapping is too short for them`;
  }
  const wide = setup ? setup.includes('SQE128') : isWide(header, bytes);
  const sqeSize = wide && bytes.sqes.length >= sqEntries * 128 ? 128 : 64;
  const arrayAt = setup?.includes('NO_SQARRAY') ? undefined : arrayOf(header, bytes, cqeSize);
  return {
    sqEntries,
    cqEntries,
    sqeSize,
    cqeSize,
    cqesAt: layout.cqes,
    ...(arrayAt === undefined ? {} : { arrayAt }),
  };
}

function cqeSizeOf(header: RingHeader, bytes: RingBytes): 16 | 32 {
  const { cqEntries, sqEntries, layout } = header;
  const { ring, exact } = bytes;
  const end = layout.cqes + cqEntries * 16;
  const longest = pages(lines(end) + sqEntries * 4);
  const shortestWide = layout.cqes + cqEntries * 32;
  if (ring.length < shortestWide) return 16;
  if (exact && ring.length > longest) return 32;
  if (exact && ring.length < pages(shortestWide)) return 16;
  if (narrowCqesContradict(header, ring)) return 32;
  const narrow = arrayState(ring, lines(end), sqEntries);
  if (narrow === 'indices') return 16;
  return wideArrays(header).some((at) => arrayState(ring, at, sqEntries) === 'indices') ? 32 : 16;
}

/** True where CQEs of 16 bytes would stand beyond the tail of a queue in its first lap, or every second one is blank. */
function narrowCqesContradict({ cqTail, cqEntries, layout }: RingHeader, ring: Buffer): boolean {
  let laterOnes = false;
  let oddOnes = false;
  for (let index = 0; index < cqEntries; index++) {
    if (isBlank(ring, layout.cqes + index * 16, 16)) continue;
    if (index >= cqTail) return true;
    if (index % 2 === 1) oddOnes = true;
    else if (index > 0) laterOnes = true;
  }
  return laterOnes && !oddOnes;
}

/** The array's place behind CQEs of 32 bytes: the header was doubled with them before it no longer was. */
function wideArrays({ layout, cqEntries }: RingHeader): number[] {
  return [lines(2 * (layout.cqes + cqEntries * 16)), lines(layout.cqes + cqEntries * 32)];
}

function arrayOf(header: RingHeader, bytes: RingBytes, cqeSize: 16 | 32): number | undefined {
  const { layout, cqEntries, sqEntries } = header;
  const places = cqeSize === 16 ? [lines(layout.cqes + cqEntries * 16)] : wideArrays(header);
  for (const at of places) {
    const state = arrayState(bytes.ring, at, sqEntries);
    if (state === 'indices') return at;
    if (state === 'odd' && bytes.exact && cqeSize === 16) return at;
    // Nothing but zeros: no array, or one of a program that uses the first SQE again and again.
    if (state === 'blank' && (layout.name === 'spread' || usesFirstSqeOnly(header, bytes.sqes))) return at;
  }
  return undefined;
}

/** odd: an index that is out of range stands in it. */
function arrayState(ring: Buffer, at: number, entries: number): 'indices' | 'odd' | 'blank' | 'outside' {
  if (at + entries * 4 > ring.length) return 'outside';
  let any = 0;
  for (let index = 0; index < entries; index++) {
    const value = ring.readUInt32LE(at + index * 4);
    if (value >= entries) return 'odd';
    any |= value;
  }
  return any === 0 ? 'blank' : 'indices';
}

function usesFirstSqeOnly({ sqTail, sqEntries }: RingHeader, sqes: Buffer): boolean {
  return (
    sqTail > 1 &&
    sqEntries > 1 &&
    !isBlank(sqes, 0, SQE_BYTES) &&
    isBlank(sqes, SQE_BYTES, sqes.length - SQE_BYTES)
  );
}

const COMMANDS = new Set([opcodeNumber('URING_CMD'), opcodeNumber('URING_CMD128')]);

/** SQEs of 128 bytes: of two that were filled, the second does not stand right behind the first. */
function isWide({ sqEntries, sqTail }: RingHeader, { sqes, exact }: RingBytes): boolean {
  const narrow = pages(sqEntries * 64);
  const wide = pages(sqEntries * 128);
  if (sqes.length < sqEntries * 128) return false;
  if (exact && narrow !== wide) return sqes.length >= wide;
  if (sqTail < 2 || sqEntries < 2) return false;
  if (isBlank(sqes, SQE_BYTES, SQE_BYTES)) return !isBlank(sqes, 2 * SQE_BYTES, SQE_BYTES);
  return COMMANDS.has(sqes[0]) && !isPlausibleSqe(sqes, SQE_BYTES);
}

export function isBlank(bytes: Buffer, at: number, length: number): boolean {
  const end = Math.min(at + length, bytes.length);
  for (let index = at; index < end; index++) if (bytes[index] !== 0) return false;
  return true;
}
