import type { Stretch } from './bytes';
import { Cursor } from './cursor';
import type { ElfFile } from './elfFile';

/** Of Go 1.18 and of 1.20, which are laid out alike. */
const MAGICS: ReadonlySet<number> = new Set([0xffff_fff0, 0xffff_fff1]);
const HEADER = 8 + 8 * 8;
const FUNCTION = 40;
const MOST_FUNCTIONS = 4_000_000;
/** Bytes of a table of values by address: that of one function. */
const MOST_VALUES = 1 << 16;
/** Bytes that linkers leave between the last function and the section's end. */
const PADDING = 4096;

export interface GoPlace {
  /** With its package: `main.(*store).take`. */
  readonly name: string;
  /** Of the innermost call that was inlined there. */
  readonly file?: string;
  readonly line?: number;
}

/** The table that Go's own tracebacks are made from (.gopclntab, Go 1.18 and later): it stays when a program is stripped. */
export class GoTable {
  private constructor(
    private readonly data: Stretch,
    private readonly text: number,
    private readonly functions: Buffer,
    private readonly offsets: Offsets,
  ) {}

  static async open(elf: ElfFile): Promise<GoTable | undefined> {
    const section = elf.sections.find(({ name }) => /^\.(?:data\.rel\.ro\.)?gopclntab$/.test(name));
    const data = section && (await elf.content(section));
    const header = await data?.bytes(0, HEADER);
    if (data === undefined || header === undefined || header.length < HEADER) return undefined;
    if (!MAGICS.has(header.readUInt32LE(0)) || header[7] !== 8) return undefined;
    const word = (index: number): number => Number(header.readBigUInt64LE(8 + index * 8));
    const count = word(0);
    const offsets = {
      quantum: header[6] ?? 1,
      names: word(3),
      units: word(4),
      files: word(5),
      values: word(6),
      functions: word(7),
    };
    if (!(count > 0 && count <= MOST_FUNCTIONS)) return undefined;
    const functions = await data.bytes(offsets.functions, count * 8 + 4);
    if (functions.length < count * 8 + 4) return undefined;
    const text = word(2) || textStart(elf, functions.readUInt32LE(count * 8));
    return text === undefined ? undefined : new GoTable(data, text, functions, offsets);
  }

  async at(address: number): Promise<GoPlace | undefined> {
    const found = this.find(address - this.text);
    if (found === undefined) return undefined;
    const at = this.offsets.functions + found;
    const data = await this.data.bytes(at, FUNCTION);
    if (data.length < FUNCTION) return undefined;
    const name = await this.data.text(this.offsets.names + data.readUInt32LE(4));
    if (name === undefined || name === '') return undefined;
    const entry = this.text + data.readUInt32LE(0);
    const line = await this.value(data.readUInt32LE(24), entry, address);
    const file = await this.value(data.readUInt32LE(20), entry, address);
    const path = file === undefined ? undefined : await this.file(data.readUInt32LE(32) + file);
    return {
      name,
      ...(path === undefined ? {} : { file: path, ...(line !== undefined && line > 0 ? { line } : {}) }),
    };
  }

  /** Where the function with that offset in the text is described. */
  private find(offset: number): number | undefined {
    const count = (this.functions.length - 4) / 8;
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.functions.readUInt32LE(middle * 8) <= offset) low = middle + 1;
      else high = middle;
    }
    if (low === 0 || offset >= this.functions.readUInt32LE(count * 8)) return undefined;
    return this.functions.readUInt32LE((low - 1) * 8 + 4);
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

interface Offsets {
  /** Bytes of the smallest instruction. */
  readonly quantum: number;
  readonly names: number;
  readonly units: number;
  readonly files: number;
  readonly values: number;
  readonly functions: number;
}

/** Where Go's code begins, which only the loader writes down in position-independent programs: .text, if it holds nothing else. */
function textStart(elf: ElfFile, size: number): number | undefined {
  const text = elf.find('.text');
  return text !== undefined && text.size >= size && text.size - size < PADDING ? text.address : undefined;
}
