import { Cursor } from '../cursor';
import type { SectionName } from './dwarfFile';

/** Where a unit's part of each section of a package (.dwp) is. */
export type Parts = ReadonlyMap<SectionName, { readonly offset: number; readonly size: number }>;

/** Columns of an index by DW_SECT_… number: of GNU's version 2, of DWARF 5. */
const OLD: readonly (SectionName | undefined)[] = [
  undefined,
  'info',
  'types',
  'abbrev',
  'line',
  undefined,
  'str_offsets',
];
const NEW: readonly (SectionName | undefined)[] = [
  undefined,
  'info',
  undefined,
  'abbrev',
  'line',
  undefined,
  'str_offsets',
  undefined,
  'rnglists',
];
const MOST_COLUMNS = 16;
const HEADER = 16;

/** The parts of the unit with that id, from `.debug_cu_index`; undefined where it is not listed. */
export function findParts(index: Buffer, id: bigint): Parts | undefined {
  const at = new Cursor(index);
  // GNU's version has 4 bytes for what DWARF 5 gives two.
  const version = at.u16();
  at.u16();
  const columns = at.u32();
  const units = at.u32();
  const slots = at.u32();
  const tables = HEADER + slots * 12;
  const rows = tables + columns * 4;
  if (at.bad || columns > MOST_COLUMNS || rows + units * columns * 8 > index.length) return undefined;
  for (let slot = 0; slot < slots; slot++) {
    if (index.readBigUInt64LE(HEADER + slot * 8) !== id) continue;
    const row = index.readUInt32LE(HEADER + slots * 8 + slot * 4);
    if (row === 0 || row > units) continue;
    const parts = new Map<SectionName, { readonly offset: number; readonly size: number }>();
    for (let column = 0; column < columns; column++) {
      const name = (version === 5 ? NEW : OLD)[index.readUInt32LE(tables + column * 4)];
      if (name === undefined) continue;
      const offset = index.readUInt32LE(rows + ((row - 1) * columns + column) * 4);
      const size = index.readUInt32LE(rows + ((units + row - 1) * columns + column) * 4);
      parts.set(name, { offset, size });
    }
    return parts;
  }
  return undefined;
}
