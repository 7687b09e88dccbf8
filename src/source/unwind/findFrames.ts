import type { AddressSpace } from './addressSpace';
import { FrameIndex } from './frameIndex';

/** A loaded part of a binary; in the process. */
export interface Loaded {
  readonly address: number;
  readonly size: number;
}

/** The first entry of .eh_frame as all compilers write it: identity 0, version 1, augmentation. */
const BEGINNINGS = ['zR', 'zPLR', 'zRS'].map((augmentation) =>
  Buffer.from(`\0\0\0\0\x01${augmentation}\0`, 'latin1'),
);
/** Bytes of all parts that are searched, and of what is fetched at once. */
const MOST_SEARCHED = 16 * 2 ** 20;
const PIECE = 2 ** 20;
/** Entries that make it credible. */
const FEWEST = 2;

/**
 * The unwind tables of a binary without .eh_frame_hdr, as linkers leave it out of static ones: found by what their first
 * entry looks like. Undefined where there are none, and while memory is missing.
 */
export function findFrames(space: AddressSpace, parts: readonly Loaded[]): FrameIndex | undefined {
  let left = MOST_SEARCHED;
  for (const { address, size } of parts) {
    const { misses } = space;
    const searched = Math.min(size, left);
    left -= searched;
    const data = wholeOf(space, address, searched);
    if (space.misses > misses) return undefined;
    if (!data) continue;
    for (const at of beginnings(data)) {
      const index = new FrameIndex(data.subarray(at), address + at, 'eh_frame');
      if (index.size >= FEWEST) return index;
    }
  }
  return undefined;
}

function wholeOf(space: AddressSpace, address: number, size: number): Buffer | undefined {
  const pieces: Buffer[] = [];
  for (let at = 0; at < size; at += PIECE) {
    const piece = space.bytes(address + at, Math.min(PIECE, size - at));
    if (piece) pieces.push(piece);
    else if (pieces.length > 0) break;
  }
  return pieces.length === 0 ? undefined : Buffer.concat(pieces);
}

/** Places where a section may begin, a few at most. */
function beginnings(data: Buffer): number[] {
  const places: number[] = [];
  for (const pattern of BEGINNINGS) {
    const found = data.indexOf(pattern);
    if (found >= 4) places.push(found - 4);
  }
  return places.sort((a, b) => a - b);
}
