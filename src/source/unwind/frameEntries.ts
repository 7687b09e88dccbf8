import { Cursor } from '../cursor';
import { readPointer } from './pointers';

/** What all frames of some functions have in common (a CIE). */
export interface CommonEntry {
  readonly codeFactor: number;
  readonly dataFactor: number;
  /** Column of the return address. */
  readonly returnAddress: number;
  readonly pointerEncoding: number;
  readonly hasAugmentation: boolean;
  /** A frame that a signal has interrupted: its address is not one behind a call. */
  readonly isSignal: boolean;
  readonly instructions: Buffer;
}

/** How to unwind out of one function, or part of one (an FDE). Addresses as linked. */
export interface FrameEntry {
  readonly common: CommonEntry;
  readonly start: number;
  readonly end: number;
  readonly instructions: Buffer;
}

/** .debug_frame marks common entries and refers to them otherwise than .eh_frame does. */
export type FrameSection = 'eh_frame' | 'debug_frame';

/** Where an entry lies in its section. */
export interface Entry {
  readonly at: number;
  /** First byte behind it. */
  readonly end: number;
  /** Offset of its common entry; undefined for one that is common itself. */
  readonly common?: number;
  /** First byte behind the word that tells which. */
  readonly body: number;
}

/** The entry at `at`. Undefined at the terminator, and for what does not fit. */
export function entryAt(data: Buffer, at: number, section: FrameSection): Entry | undefined {
  if (at < 0 || at + 8 > data.length) return undefined;
  const short = data.readUInt32LE(at);
  const is64 = short === 0xffff_ffff;
  if (short === 0 || (is64 && at + 20 > data.length)) return undefined;
  const from = is64 ? at + 12 : at + 4;
  const end = from + (is64 ? Number(data.readBigUInt64LE(at + 4)) : short);
  // In .eh_frame the word is of four bytes always.
  const isWide = is64 && section === 'debug_frame';
  const body = from + (isWide ? 8 : 4);
  if (body > end) return undefined;
  const word = isWide ? Number(data.readBigUInt64LE(from)) : data.readUInt32LE(from);
  if (section === 'eh_frame') return word === 0 ? { at, end, body } : { at, end, body, common: from - word };
  const isCommon = isWide ? word > 2 ** 63 : word === 0xffff_ffff;
  return isCommon ? { at, end, body } : { at, end, body, common: word };
}

/** A common entry; undefined where it is none, or of a kind that is not known. */
export function readCommon(data: Buffer, entry: Entry | undefined): CommonEntry | undefined {
  if (!entry || entry.common !== undefined || entry.end > data.length) return undefined;
  const cursor = new Cursor(data, entry.body);
  const version = cursor.u8();
  const augmentation = cursor.text();
  if (version !== 1 && version !== 3 && version !== 4) return undefined;
  // Sizes of an address and of a segment selector.
  if (version === 4 && (cursor.u8() !== 8 || cursor.u8() !== 0)) return undefined;
  const codeFactor = cursor.uleb();
  const dataFactor = cursor.sleb();
  const returnAddress = version === 1 ? cursor.u8() : cursor.uleb();
  let pointerEncoding = 0;
  let isSignal = false;
  const hasAugmentation = augmentation.startsWith('z');
  if (hasAugmentation) {
    const end = cursor.uleb() + cursor.at;
    for (const letter of augmentation.slice(1)) {
      if (letter === 'R') pointerEncoding = cursor.u8();
      else if (letter === 'L') cursor.u8();
      else if (letter === 'P') readPointer(cursor, cursor.u8());
      else if (letter === 'S') isSignal = true;
      // 'B': return addresses are signed (arm64); what others mean is told by the length.
    }
    cursor.at = end;
  } else if (augmentation !== '') return undefined;
  if (cursor.bad || cursor.at > entry.end) return undefined;
  const instructions = data.subarray(cursor.at, entry.end);
  return { codeFactor, dataFactor, returnAddress, pointerEncoding, hasAugmentation, isSignal, instructions };
}

/** An entry of a function, of which `common` is given; undefined for nonsense. */
export function readFrameEntry(
  data: Buffer,
  address: number,
  entry: Entry,
  common: CommonEntry,
): FrameEntry | undefined {
  if (entry.end > data.length) return undefined;
  const cursor = new Cursor(data, entry.body);
  const start = readPointer(cursor, common.pointerEncoding, address);
  const length = readPointer(cursor, common.pointerEncoding & 0xf);
  if (common.hasAugmentation) {
    const augmentation = cursor.uleb();
    cursor.at += augmentation;
  }
  if (cursor.bad || cursor.at > entry.end || !(length > 0)) return undefined;
  return { common, start, end: start + length, instructions: data.subarray(cursor.at, entry.end) };
}
