import type { Cursor } from '../cursor';
import { Form } from './names';

/** What the size of a value depends on. */
export interface Encoding {
  readonly version: number;
  /** 64-bit DWARF: offsets of 8 bytes. */
  readonly wide: boolean;
  readonly addressSize: number;
}

/** A value as it stands in the file: where it points elsewhere, nothing is followed yet. */
export type Value =
  /**
   * A constant, a flag (1), an offset into another section. `number` is exact up to 2⁵³ either side of 0, `exact` always,
   * of DW_FORM_data8 as 64 bits without sign.
   */
  | { readonly is: 'number'; readonly number: number; readonly exact?: bigint }
  | { readonly is: 'address'; readonly number: number }
  | { readonly is: 'text'; readonly text: string }
  | { readonly is: 'block'; readonly block: Buffer }
  /** An index into a table of the unit's. */
  | { readonly is: 'index'; readonly of: 'str' | 'addr' | 'rnglists' | 'loclists'; readonly number: number }
  /** A string in a section. */
  | { readonly is: 'textAt'; readonly in: 'str' | 'line_str' | 'alt'; readonly offset: number }
  /** An entry: by its offset in the unit, in the section, in the shared file of dwz; or a type by its signature. */
  | { readonly is: 'reference'; readonly in: 'unit' | 'section' | 'alt'; readonly offset: number }
  | { readonly is: 'signature'; readonly signature: bigint };

/** Of one attribute in a declaration of abbreviations. */
export interface Specification {
  readonly attribute: number;
  readonly form: number;
  /** The value itself, of DW_FORM_implicit_const. */
  readonly constant: number;
}

const number = (value: number): Value => ({ is: 'number', number: value });
const index = (of: 'str' | 'addr' | 'rnglists' | 'loclists', value: number): Value => ({
  is: 'index',
  of,
  number: value,
});
const inUnit = (offset: number): Value => ({ is: 'reference', in: 'unit', offset });

/** The value at the cursor. A form that is not known makes the cursor bad: what follows cannot be found. */
export function readForm(at: Cursor, form: number, constant: number, encoding: Encoding): Value {
  switch (form) {
    case Form.addr:
      return { is: 'address', number: at.unsigned(encoding.addressSize) };
    case Form.data1:
    case Form.flag:
      return number(at.u8());
    case Form.data2:
      return number(at.u16());
    case Form.data4:
      return number(at.u32());
    case Form.data8: {
      const bytes = at.block(8);
      if (at.bad) return number(0);
      const exact = bytes.readBigUInt64LE();
      return { is: 'number', number: Number(BigInt.asIntN(64, exact)), exact };
    }
    case Form.sdata:
      return number(at.sleb());
    case Form.udata:
      return number(at.uleb());
    case Form.secOffset:
      return number(at.offset(encoding.wide));
    case Form.flagPresent:
      return number(1);
    case Form.implicitConst:
      return number(constant);
    case Form.string:
      return { is: 'text', text: at.text() };
    case Form.block1:
      return { is: 'block', block: at.block(at.u8()) };
    case Form.block2:
      return { is: 'block', block: at.block(at.u16()) };
    case Form.block4:
      return { is: 'block', block: at.block(at.u32()) };
    case Form.block:
    case Form.exprloc:
      return { is: 'block', block: at.block(at.uleb()) };
    case Form.data16:
      return { is: 'block', block: at.block(16) };
    case Form.strp:
      return { is: 'textAt', in: 'str', offset: at.offset(encoding.wide) };
    case Form.lineStrp:
      return { is: 'textAt', in: 'line_str', offset: at.offset(encoding.wide) };
    case Form.strpSup:
    case Form.gnuStrpAlt:
      return { is: 'textAt', in: 'alt', offset: at.offset(encoding.wide) };
    case Form.ref1:
      return inUnit(at.u8());
    case Form.ref2:
      return inUnit(at.u16());
    case Form.ref4:
      return inUnit(at.u32());
    case Form.ref8:
      return inUnit(at.u64());
    case Form.refUdata:
      return inUnit(at.uleb());
    case Form.refAddr:
      return { is: 'reference', in: 'section', offset: refAddr(at, encoding) };
    case Form.refSup4:
      return { is: 'reference', in: 'alt', offset: at.u32() };
    case Form.refSup8:
      return { is: 'reference', in: 'alt', offset: at.u64() };
    case Form.gnuRefAlt:
      return { is: 'reference', in: 'alt', offset: at.offset(encoding.wide) };
    case Form.refSig8: {
      const bytes = at.block(8);
      return { is: 'signature', signature: bytes.length === 8 ? bytes.readBigUInt64LE() : 0n };
    }
    case Form.strx:
    case Form.gnuStrIndex:
      return index('str', at.uleb());
    case Form.strx1:
      return index('str', at.u8());
    case Form.strx2:
      return index('str', at.u16());
    case Form.strx3:
      return index('str', at.u24());
    case Form.strx4:
      return index('str', at.u32());
    case Form.addrx:
    case Form.gnuAddrIndex:
      return index('addr', at.uleb());
    case Form.addrx1:
      return index('addr', at.u8());
    case Form.addrx2:
      return index('addr', at.u16());
    case Form.addrx3:
      return index('addr', at.u24());
    case Form.addrx4:
      return index('addr', at.u32());
    case Form.rnglistx:
      return index('rnglists', at.uleb());
    case Form.loclistx:
      return index('loclists', at.uleb());
    case Form.indirect: {
      const actual = at.uleb();
      // Neither may follow: the one would have no end, the other's value stands elsewhere.
      if (actual !== Form.indirect && actual !== Form.implicitConst) return readForm(at, actual, 0, encoding);
      at.spoil();
      return number(0);
    }
    default:
      at.spoil();
      return number(0);
  }
}

/** DWARF 2 had references of an address's size. */
const refAddr = (at: Cursor, { version, addressSize, wide }: Encoding) =>
  version <= 2 ? at.unsigned(addressSize) : at.offset(wide);

/** Bytes of a form where they are always the same; undefined for the others. */
export function fixedSize(form: number, { version, wide, addressSize }: Encoding): number | undefined {
  switch (form) {
    case Form.flagPresent:
    case Form.implicitConst:
      return 0;
    case Form.data1:
    case Form.flag:
    case Form.ref1:
    case Form.strx1:
    case Form.addrx1:
      return 1;
    case Form.data2:
    case Form.ref2:
    case Form.strx2:
    case Form.addrx2:
      return 2;
    case Form.strx3:
    case Form.addrx3:
      return 3;
    case Form.data4:
    case Form.ref4:
    case Form.refSup4:
    case Form.strx4:
    case Form.addrx4:
      return 4;
    case Form.data8:
    case Form.ref8:
    case Form.refSup8:
    case Form.refSig8:
      return 8;
    case Form.data16:
      return 16;
    case Form.addr:
      return addressSize;
    case Form.refAddr:
      return version <= 2 ? addressSize : wide ? 8 : 4;
    case Form.strp:
    case Form.lineStrp:
    case Form.secOffset:
    case Form.strpSup:
    case Form.gnuRefAlt:
    case Form.gnuStrpAlt:
      return wide ? 8 : 4;
    default:
      return undefined;
  }
}

/** Passes over a value without making one. */
export function skipForm(at: Cursor, form: number, encoding: Encoding): void {
  const size = fixedSize(form, encoding);
  switch (size === undefined ? form : FIXED) {
    case FIXED:
      at.skip(size ?? 0);
      break;
    case Form.sdata:
    case Form.udata:
    case Form.refUdata:
    case Form.strx:
    case Form.addrx:
    case Form.gnuStrIndex:
    case Form.gnuAddrIndex:
    case Form.rnglistx:
    case Form.loclistx:
      at.skipLeb();
      break;
    case Form.exprloc:
    case Form.block:
      at.skip(at.uleb());
      break;
    case Form.block1:
      at.skip(at.u8());
      break;
    case Form.string:
      at.skipText();
      break;
    default:
      readForm(at, form, 0, encoding);
  }
}

/** No form has this number. */
const FIXED = -1;
