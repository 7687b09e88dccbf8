import { Cursor } from '../cursor';
import type { Encoding } from './forms';
import { UnitType } from './names';

/** Longest header of a unit: 64-bit, with a type's signature. */
export const LONGEST_HEADER = 48;

export interface UnitHeader extends Encoding {
  /** Where it begins and ends in its section. */
  readonly offset: number;
  readonly end: number;
  /** Where its first entry is, counted from `offset`. */
  readonly body: number;
  /** UnitType; `compile` in versions before 5, which do not say. */
  readonly type: number;
  /** Offset of its abbreviations. */
  readonly abbreviations: number;
  /** Of a type unit. */
  readonly signature?: bigint;
  /** Of a type unit: where the type's entry is, counted from `offset`. */
  readonly typeOffset?: number;
  /** Ties a skeleton to its split unit; in version 4 an attribute says it instead. */
  readonly dwoId?: bigint;
}

/** A length as DWARF writes it, and whether it makes what follows 64-bit; undefined for the reserved values. */
export function readLength(at: Cursor): { readonly length: number; readonly wide: boolean } | undefined {
  const short = at.u32();
  if (short < 0xffff_fff0) return { length: short, wide: false };
  if (short !== 0xffff_ffff) return undefined;
  const length = at.u64();
  return length >= 0 ? { length, wide: true } : undefined;
}

/**
 * `data` begins where the unit does, at `offset` of a section of `size` bytes. A string says why it is none that can be read.
 * `types`: it stands in `.debug_types`.
 */
export function parseUnitHeader(
  data: Buffer,
  offset: number,
  size: number,
  types = false,
): UnitHeader | string {
  const at = new Cursor(data);
  const start = readLength(at);
  if (start === undefined || at.bad) return 'a unit’s length makes no sense';
  const { length, wide } = start;
  const end = offset + at.at + length;
  if (end > size || length < 7) return 'a unit reaches beyond its section';
  const version = at.u16();
  if (version < 2 || version > 5) return `a unit has DWARF version ${version}; 2 to 5 are read`;
  const type = version >= 5 ? at.u8() : types ? UnitType.type : UnitType.compile;
  const early = version >= 5 ? at.u8() : 0;
  const abbreviations = at.offset(wide);
  const addressSize = version >= 5 ? early : at.u8();
  if (addressSize !== 8 && addressSize !== 4) return `a unit has addresses of ${addressSize} bytes`;
  const id =
    type === UnitType.skeleton || type === UnitType.splitCompile
      ? { dwoId: big(at.block(8)) }
      : type === UnitType.type || type === UnitType.splitType
        ? { signature: big(at.block(8)), typeOffset: at.offset(wide) }
        : {};
  if (at.bad || offset + at.at > end) return 'a unit’s header is cut short';
  return { offset, end, body: at.at, version, wide, addressSize, type, abbreviations, ...id };
}

const big = (bytes: Buffer): bigint => (bytes.length === 8 ? bytes.readBigUInt64LE() : 0n);
