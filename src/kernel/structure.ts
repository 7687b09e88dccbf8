import type { KernelLayout, Place } from './layout';
import type { NeededPlace } from './places';

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
    return place[1] === 4 ? this.data.readUInt32LE(at) : Number(this.data.readBigUInt64LE(at));
  }

  signed(place: Place | undefined): number {
    if (place === undefined) return 0;
    const at = this.at(place[0], place[1]);
    if (at < 0) return 0;
    return place[1] === 4 ? this.data.readInt32LE(at) : Number(this.wide(place));
  }

  /** The first eight bytes: an address, a list's first pointer. */
  pointer(place: Place | undefined): bigint {
    const at = place === undefined ? -1 : this.at(place[0], 8);
    return at < 0 ? 0n : this.data.readBigUInt64LE(at);
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
