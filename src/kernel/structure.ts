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
    const at = this.at(place);
    if (place === undefined || at === undefined) return 0;
    if (place[1] === 1) return this.data.readUInt8(at);
    if (place[1] === 2) return this.data.readUInt16LE(at);
    return place[1] === 4 ? this.data.readUInt32LE(at) : Number(this.data.readBigUInt64LE(at));
  }

  signed(place: Place | undefined): number {
    const at = this.at(place);
    if (place === undefined || at === undefined) return 0;
    return place[1] === 4 ? this.data.readInt32LE(at) : Number(this.wide(place));
  }

  /** The first eight bytes: an address, a list's first pointer. */
  pointer(place: Place | undefined): bigint {
    const at = this.at(place && [place[0], 8]);
    return at === undefined ? 0n : this.data.readBigUInt64LE(at);
  }

  /** Eight bytes, signed. */
  wide(place: Place | undefined): bigint {
    return BigInt.asIntN(64, this.pointer(place));
  }

  /** The member's bytes, to hold them against a later look. */
  raw(place: Place | undefined): string {
    const at = this.at(place);
    return place === undefined || at === undefined ? '' : this.data.toString('latin1', at, at + place[1]);
  }

  private at(place: Place | undefined): number | undefined {
    if (place === undefined) return undefined;
    const at = place[0] - this.start;
    return at >= 0 && at + place[1] <= this.data.length ? at : undefined;
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
