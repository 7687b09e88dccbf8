import type { Stretch } from './bytes';
import { Cursor } from './cursor';
import type { ElfFile } from './elfFile';
import { withoutShapes } from './frameNames';
import { type FunctionFields, functionFields, GoInlined } from './goInlined';

/** Of Go 1.16, of 1.18 and of 1.20; the last two are laid out alike but for functions' beginnings. */
const OLD = 0xffff_fffa;
const MAGICS: ReadonlySet<number> = new Set([OLD, 0xffff_fff0, 0xffff_fff1]);
const MOST_FUNCTIONS = 4_000_000;
/** Bytes of a table of values by address: that of one function. */
const MOST_VALUES = 1 << 16;
/** Bytes that linkers leave between the last function and the section's end. */
const PADDING = 4096;
/** Bytes of all functions' names, and of what describes them. */
const MOST_NAMES = 64 << 20;
const MOST_DESCRIBED = 64 << 20;
const FUNCTION = 160;
const SOME = 500;
/** Calls inlined into each other. */
const DEEPEST = 64;

export interface GoPlace {
  /** With its package: `main.(*store).take`; of generic ones as Go's tracebacks have it: `main.take[...]`. */
  readonly name: string;
  readonly file?: string;
  readonly line?: number;
}

export interface GoFunction {
  readonly name: string;
  readonly start: number;
  readonly end: number;
  /** What it is to Go's runtime (`funcID`); the highest number stands for what the compiler has made up. */
  readonly kind: number;
}

/** The table that Go's own tracebacks are made from (.gopclntab, Go 1.16 and later): it stays when a program is stripped. */
export class GoTable {
  /** The highest kind, as far as `named` has seen. */
  highestKind = 0;

  private constructor(
    private readonly data: Stretch,
    private readonly text: number,
    private readonly functions: Functions,
    private readonly offsets: Offsets,
    private readonly fields: FunctionFields,
    private readonly inlined: GoInlined,
  ) {}

  static async open(elf: ElfFile): Promise<GoTable | undefined> {
    const section = elf.sections.find(({ name }) => /^\.(?:data\.rel\.ro\.)?gopclntab$/.test(name));
    const data = section && (await elf.content(section));
    const header = await data?.bytes(0, 72);
    if (section === undefined || data === undefined || header === undefined || header.length < 64)
      return undefined;
    const magic = header.readUInt32LE(0);
    const isOld = magic === OLD;
    if (!MAGICS.has(magic) || header[7] !== 8 || (!isOld && header.length < 72)) return undefined;
    const word = (index: number): number => Number(header.readBigUInt64LE(8 + index * 8));
    const count = word(0);
    const first = isOld ? 2 : 3;
    const offsets = {
      quantum: header[6] ?? 1,
      names: word(first),
      units: word(first + 1),
      files: word(first + 2),
      values: word(first + 3),
      functions: word(first + 4),
    };
    if (!(count > 0 && count <= MOST_FUNCTIONS)) return undefined;
    const length = isOld ? count * 16 + 8 : count * 8 + 4;
    const table = await data.bytes(offsets.functions, length);
    if (table.length < length) return undefined;
    const functions = new Functions(table, count, isOld);
    const text = isOld ? 0 : word(2) || textStart(elf, functions.start(count));
    // What the loader would fill in first is not there.
    if (text === undefined || (isOld && functions.start(0) === 0)) return undefined;
    const fields = functionFields(magic);
    const names = data.part(offsets.names, offsets.units - offsets.names);
    const inlined: GoInlined = new GoInlined(elf, section.address, names, fields, () => opened.some());
    const opened = new GoTable(data, text, functions, offsets, fields, inlined);
    return opened;
  }

  /** The function and the calls inlined into it, innermost first; none where no function is there. */
  async frames(address: number): Promise<GoPlace[]> {
    const found = await this.described(address);
    if (found === undefined) return [];
    const { data, entry } = found;
    const outermost = await this.nameAt(data.readUInt32LE(this.fields.name));
    if (outermost === undefined) return [];
    const frames: GoPlace[] = [];
    let at = address;
    const tree = await this.inlined.treeOf(data);
    for (let depth = 0; tree !== undefined && depth < DEEPEST; depth++) {
      const index = await this.value(tree.indexes, entry, at);
      const call = index === undefined ? undefined : await this.inlined.call(tree, index);
      const name = call && (await this.nameAt(call.name));
      if (call === undefined || name === undefined) break;
      frames.push({ name, ...(await this.place(data, entry, at)) });
      at = entry + call.parent;
    }
    return [...frames, { name: outermost, ...(await this.place(data, entry, at)) }];
  }

  /** The function that holds the address. */
  async functionAt(address: number): Promise<GoFunction | undefined> {
    const found = await this.described(address);
    const name = found && (await this.nameAt(found.data.readUInt32LE(this.fields.name)));
    if (found === undefined || name === undefined) return undefined;
    return { name, start: found.entry, end: found.end, kind: found.data[this.fields.kind] ?? 0 };
  }

  /** Bytes between the stack pointer and the return address, at an instruction. */
  async frameSize(address: number): Promise<number | undefined> {
    const found = await this.described(address);
    if (found === undefined) return undefined;
    return this.value(found.data.readUInt32LE(this.fields.frameSize), found.entry, address);
  }

  /** Those of these names; a look through the whole table. */
  async named(names: readonly string[]): Promise<GoFunction[]> {
    const { offsets, functions } = this;
    const size = Math.min(MOST_NAMES, this.data.size - offsets.names);
    // The first has none in front whose end it follows.
    const text = Buffer.concat([Buffer.alloc(1), await this.data.bytes(offsets.names, size)]);
    const wanted = new Map<number, string>();
    for (const name of names) {
      const bytes = Buffer.from(`\0${name}\0`, 'utf8');
      const at = text.indexOf(bytes);
      if (at >= 0) wanted.set(at, name);
    }
    if (wanted.size === 0) return [];
    const most = Math.min(MOST_DESCRIBED, this.data.size - offsets.functions);
    const described = await this.data.bytes(offsets.functions, most);
    const found: GoFunction[] = [];
    const { fields } = this;
    for (let index = 0; index < functions.count; index++) {
      const at = functions.description(index);
      if (at + fields.size > described.length) continue;
      const kind = described[at + fields.kind] ?? 0;
      this.highestKind = Math.max(this.highestKind, kind);
      const name = wanted.get(described.readUInt32LE(at + fields.name));
      if (name === undefined) continue;
      const start = this.text + functions.start(index);
      found.push({ name, start, end: this.text + functions.start(index + 1), kind });
    }
    return found;
  }

  /** Descriptions of some functions from all over the program. */
  private async *some(): AsyncGenerator<Buffer> {
    const { functions, offsets } = this;
    for (let at = 0; at < SOME; at++) {
      const index = Math.floor((at / SOME) * functions.count);
      yield await this.data.bytes(offsets.functions + functions.description(index), FUNCTION);
    }
  }

  private async described(address: number): Promise<Described | undefined> {
    const index = this.functions.find(address - this.text);
    if (index === undefined) return undefined;
    const at = this.offsets.functions + this.functions.description(index);
    const data = await this.data.bytes(at, FUNCTION);
    if (data.length < this.fields.size) return undefined;
    const entry = this.text + this.functions.start(index);
    return { data, entry, end: this.text + this.functions.start(index + 1) };
  }

  private async nameAt(offset: number): Promise<string | undefined> {
    const name = await this.data.text(this.offsets.names + offset);
    return name === undefined || name === '' ? undefined : withoutShapes(name);
  }

  private async place(data: Buffer, entry: number, address: number): Promise<Omit<GoPlace, 'name'>> {
    const { fields } = this;
    const line = await this.value(data.readUInt32LE(fields.line), entry, address);
    const file = await this.value(data.readUInt32LE(fields.file), entry, address);
    const path = file === undefined ? undefined : await this.file(data.readUInt32LE(fields.unit) + file);
    return path === undefined ? {} : { file: path, ...(line !== undefined && line > 0 ? { line } : {}) };
  }

  /** Of a table of differences: `runtime.pcvalue`. */
  private async value(table: number, entry: number, address: number): Promise<number | undefined> {
    if (table === 0) return undefined;
    const data = await this.data.bytes(this.offsets.values + table, MOST_VALUES);
    const at = new Cursor(data);
    let value = -1;
    let pc = entry;
    for (let first = true; !at.done; first = false) {
      const change = at.uleb();
      if (change === 0 && !first) return undefined;
      value += change % 2 === 0 ? change / 2 : -(change + 1) / 2;
      pc += at.uleb() * this.offsets.quantum;
      if (address < pc) return value;
    }
    return undefined;
  }

  private async file(index: number): Promise<string | undefined> {
    const offset = await this.data.bytes(this.offsets.units + index * 4, 4);
    if (offset.length < 4 || offset.readInt32LE(0) === -1) return undefined;
    return this.data.text(this.offsets.files + offset.readUInt32LE(0));
  }
}

interface Described {
  readonly data: Buffer;
  readonly entry: number;
  readonly end: number;
}

interface Offsets {
  /** Bytes of the smallest instruction. */
  readonly quantum: number;
  readonly names: number;
  readonly units: number;
  readonly files: number;
  readonly values: number;
  readonly functions: number;
}

/** Where functions begin and are described, by address. */
class Functions {
  constructor(
    private readonly table: Buffer,
    readonly count: number,
    /** Addresses of eight bytes; later offsets in the text, of four. */
    private readonly isWide: boolean,
  ) {}

  /** Of the one behind the last where the last one ends. */
  start(index: number): number {
    return this.isWide ? wide(this.table, index * 16) : this.table.readUInt32LE(index * 8);
  }

  /** From where the table begins. */
  description(index: number): number {
    return this.isWide ? wide(this.table, index * 16 + 8) : this.table.readUInt32LE(index * 8 + 4);
  }

  find(address: number): number | undefined {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.start(middle) <= address) low = middle + 1;
      else high = middle;
    }
    return low === 0 || address >= this.start(this.count) ? undefined : low - 1;
  }
}

function wide(data: Buffer, at: number): number {
  return data.readUInt32LE(at) + data.readUInt32LE(at + 4) * 2 ** 32;
}

/** Where Go's code begins, which only the loader writes down in position-independent programs: .text, if it holds nothing else. */
function textStart(elf: ElfFile, size: number): number | undefined {
  const text = elf.find('.text');
  return text !== undefined && text.size >= size && text.size - size < PADDING ? text.address : undefined;
}
