import type { KernelLayout, Place } from './layout';
import type { NeededPlace } from './places';

/** What the high half of a member of 8 bytes counts. */
const HIGH = 2 ** 32;

/** The bytes of one structure of the kernel, or of a stretch of it. A member that was not read is 0. */
export class Structure {
  constructor(
    /** Of the structure, not of the stretch. */
    readonly address: bigint,
    private readonly data: Buffer,
    /** Bytes from the start of the structure to those that are here. */
    private readonly start = 0,
  ) {}

  /** Unsigned, of 1, 2, 4 or 8 bytes; those of 8 lose what a double cannot hold. */
  number(place: Place | undefined): number {
    if (place === undefined) return 0;
    const at = this.at(place[0], place[1]);
    if (at < 0) return 0;
    if (place[1] === 1) return this.data.readUInt8(at);
    if (place[1] === 2) return this.data.readUInt16LE(at);
    const low = this.data.readUInt32LE(at);
    return place[1] === 4 ? low : this.data.readUInt32LE(at + 4) * HIGH + low;
  }

  signed(place: Place | undefined): number {
    if (place === undefined) return 0;
    const at = this.at(place[0], place[1]);
    if (at < 0) return 0;
    if (place[1] === 4) return this.data.readInt32LE(at);
    if (place[1] !== 8) return Number(this.wide(place));
    return this.data.readInt32LE(at + 4) * HIGH + this.data.readUInt32LE(at);
  }

  /** The first eight bytes: an address, a list's first pointer. */
  pointer(place: Place | undefined): bigint {
    const at = place === undefined ? -1 : this.at(place[0], 8);
    return at < 0 ? 0n : this.data.readBigUInt64LE(at);
  }

  /** The first eight bytes as `0x…`. */
  hex(place: Place | undefined): string {
    const at = place === undefined ? -1 : this.at(place[0], 8);
    if (at < 0) return '0x0';
    const low = this.data.readUInt32LE(at);
    const high = this.data.readUInt32LE(at + 4);
    return high === 0
      ? `0x${low.toString(16)}`
      : `0x${high.toString(16)}${low.toString(16).padStart(8, '0')}`;
  }

  /** Eight bytes, signed. */
  wide(place: Place | undefined): bigint {
    return BigInt.asIntN(64, this.pointer(place));
  }

  bytes(): Buffer {
    return this.data;
  }

  /** The member's bytes, to hold them against a later look. */
  raw(place: Place | undefined): string {
    if (place === undefined) return '';
    const at = this.at(place[0], place[1]);
    return at < 0 ? '' : this.data.toString('latin1', at, at + place[1]);
  }

  /** Below 0 for what is not here. */
  private at(offset: number, size: number): number {
    const at = offset - this.start;
    return at + size <= this.data.length ? at : -1;
  }
}

/** The shortest stretch of a structure that has all of these members. */
export function stretch(
  layout: KernelLayout,
  names: readonly NeededPlace[],
): { readonly start: number; readonly length: number } {
  const places = names.map((name) => layout.needed[name]);
  const start = Math.min(...places.map(([offset]) => offset));
  return { start, length: Math.max(...places.map(([offset, size]) => offset + size)) - start };
}
