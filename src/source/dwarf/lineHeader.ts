import { Cursor } from '../cursor';
import { type Encoding, readForm, type Value } from './forms';
import { readLength } from './unitHeader';

/** DW_LNCT_… */
const Content = { path: 1, directory: 2, md5: 5 } as const;
/** Most entries of the lists of directories and files. */
const MOST_FILES = 1 << 20;

export interface SourceFile {
  readonly name: Value;
  /** Index into the directories. */
  readonly directory: number;
  /** Of its content, in version 5 where the compiler gives it. */
  readonly md5?: Buffer;
}

export interface LineHeader extends Encoding {
  readonly minimumLength: number;
  readonly lineBase: number;
  readonly lineRange: number;
  readonly opcodeBase: number;
  /** Operands of each standard opcode, from 1. */
  readonly operands: readonly number[];
  /** Directory 0 is the unit's own where the version is below 5. */
  readonly directories: readonly Value[];
  /** From 1 where the version is below 5: then place 0 is empty. */
  readonly files: readonly (SourceFile | undefined)[];
  /** The program, counted from the start of the data. */
  readonly program: number;
  readonly end: number;
}

/** Bytes of a table of lines, from its first ones; undefined where they make no sense. */
export function lineTableSize(data: Buffer): number | undefined {
  const at = new Cursor(data);
  const start = readLength(at);
  return start === undefined || at.bad ? undefined : at.at + start.length;
}

/** `data` is a whole table of `.debug_line`. A string says why it cannot be read. */
export function parseLineHeader(data: Buffer, addressSize: number): LineHeader | string {
  const at = new Cursor(data);
  const start = readLength(at);
  if (start === undefined) return 'a table of lines has a length that makes no sense';
  const end = at.at + start.length;
  const { wide } = start;
  const version = at.u16();
  if (version < 2 || version > 5) return `a table of lines has version ${version}; 2 to 5 are read`;
  const size = version >= 5 ? at.u8() : addressSize;
  if (version >= 5) at.u8();
  const headerLength = at.offset(wide);
  const program = at.at + headerLength;
  const minimumLength = at.u8();
  if (version >= 4) at.u8();
  at.u8();
  const lineBase = (at.u8() << 24) >> 24;
  const lineRange = at.u8();
  const opcodeBase = at.u8();
  const operands = [0];
  for (let opcode = 1; opcode < opcodeBase; opcode++) operands.push(at.u8());
  const encoding = { version, wide, addressSize: size };
  const { directories, files } = version >= 5 ? readLists(at, encoding) : readOldLists(at);
  if (at.bad || lineRange === 0 || program > end) return 'the header of a table of lines makes no sense';
  return {
    ...encoding,
    minimumLength,
    lineBase,
    lineRange,
    opcodeBase,
    operands,
    directories,
    files,
    program,
    end,
  };
}

const text = (name: string): Value => ({ is: 'text', text: name });

/** One entry of the list before version 5, and of DW_LNE_define_file. */
export function readOldFile(at: Cursor): SourceFile {
  const name = text(at.text());
  const directory = at.uleb();
  at.uleb();
  at.uleb();
  return { name, directory };
}

function readOldLists(at: Cursor) {
  const directories: Value[] = [text('')];
  while (!at.bad && at.data[at.at] !== 0) directories.push(text(at.text()));
  at.u8();
  const files: (SourceFile | undefined)[] = [undefined];
  while (!at.bad && at.data[at.at] !== 0) files.push(readOldFile(at));
  at.u8();
  return { directories, files };
}

function readLists(at: Cursor, encoding: Encoding) {
  const directories = readList(at, encoding).map(({ name }) => name);
  return { directories, files: readList(at, encoding) };
}

function readList(at: Cursor, encoding: Encoding): SourceFile[] {
  const formats: (readonly [content: number, form: number])[] = [];
  for (let left = at.u8(); left > 0; left--) formats.push([at.uleb(), at.uleb()]);
  const count = at.uleb();
  const list: SourceFile[] = [];
  // Entries without content would cost nothing to claim.
  while (list.length < count && list.length < MOST_FILES && formats.length > 0 && !at.bad) {
    const from = at.at;
    let name: Value = text('');
    let directory = 0;
    let md5: Buffer | undefined;
    for (const [content, form] of formats) {
      const value = readForm(at, form, 0, encoding);
      if (content === Content.path) name = value;
      else if (content === Content.directory && value.is === 'number') directory = value.number;
      else if (content === Content.md5 && value.is === 'block') md5 = value.block;
    }
    if (at.at === from) at.spoil();
    list.push({ name, directory, ...(md5 === undefined ? {} : { md5 }) });
  }
  return list;
}
