import type { Cursor } from '../cursor';

/** Pointer encodings of .eh_frame (DW_EH_PE_*): the low four bits say the form, the next three what it is relative to. */
const OMITTED = 0xff;
const PC_RELATIVE = 0x10;
const DATA_RELATIVE = 0x30;
const INDIRECT = 0x80;

/**
 * A pointer in one of the encodings; 0 where it is omitted. `address` is where the cursor's data lies, as linked, `base` what
 * data-relative ones count from. One that is not known makes the cursor bad.
 */
export function readPointer(cursor: Cursor, encoding: number, address = 0, base = 0): number {
  if (encoding === OMITTED) return 0;
  const here = address + cursor.at;
  const value = inForm(cursor, encoding & 0xf);
  const relativeTo = encoding & 0x70;
  if (relativeTo !== 0 && relativeTo !== PC_RELATIVE && relativeTo !== DATA_RELATIVE) cursor.spoil();
  // The pointer itself lies elsewhere: only personality routines are given so.
  if (encoding & INDIRECT) return 0;
  if (relativeTo === PC_RELATIVE) return value + here;
  return relativeTo === DATA_RELATIVE ? value + base : value;
}

function inForm(cursor: Cursor, form: number): number {
  switch (form) {
    case 0x0:
    case 0x4:
    case 0xc:
      return cursor.u64();
    case 0x1:
      return cursor.uleb();
    case 0x2:
      return cursor.u16();
    case 0x3:
      return cursor.u32();
    case 0x9:
      return cursor.sleb();
    case 0xa:
      return cursor.i16();
    case 0xb:
      return cursor.i32();
    default:
      cursor.spoil();
      return 0;
  }
}
