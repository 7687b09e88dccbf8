import { MemoryStretch, type Stretch } from './bytes';
import { Cursor } from './cursor';
import type { ElfFile } from './elfFile';
import { ET_REL } from './elfHeaders';

const SYMBOL = 24;
const STT_FUNCTION = 2;
const STT_OBJECT = 1;
const STT_IFUNC = 10;
const STT_NONE = 0;
const STB_GLOBAL = 1;
const STB_WEAK = 2;
/** Most bytes of a table of symbols: 22 million. */
const MOST = 512 << 20;
/** Symbols before an address that are looked at for one that reaches it. */
const LOOK_BACK = 64;
/** Questions answered by a look through all; only then is sorting cheaper. */
const UNSORTED = 4;

export interface ElfSymbol {
  readonly name: string;
  readonly address: number;
  /** 0 where the file does not say: hand-written assembly. */
  readonly size: number;
  readonly kind: 'function' | 'object' | 'none';
}

/** Places of symbols by address, the addresses, and how far the symbols up to each reach at most. */
interface Sorted {
  readonly order: Uint32Array;
  readonly starts: Float64Array;
  readonly reach: Float64Array;
}

interface Table {
  readonly data: Buffer;
  readonly names: Stretch;
}

/** Undefined where there is none, or none of its symbols. */
async function tableOf(elf: ElfFile, name: string): Promise<Table | undefined> {
  const header = elf.find(name);
  const names = header === undefined ? undefined : elf.sections[header.link];
  if (header === undefined || names === undefined) return undefined;
  const table = await elf.content(header);
  const text = await elf.content(names);
  if (table === undefined || text === undefined) return undefined;
  if (table.size > MOST) elf.troubles.say(`${name} is too big; read in part`);
  const data = await table.bytes(0, MOST);
  return data.length < SYMBOL ? undefined : { data, names: text };
}

/** Both in one: the second's names come behind the first's. */
async function joined(first: Table, second: Table): Promise<Table> {
  const [before, behind] = await Promise.all([first, second].map(({ names }) => names.bytes(0, MOST)));
  const data = Buffer.concat([
    first.data.subarray(0, first.data.length - (first.data.length % SYMBOL)),
    second.data,
  ]);
  const names = Buffer.concat([before ?? Buffer.alloc(0), Buffer.of(0), behind ?? Buffer.alloc(0)]);
  for (let at = data.length - second.data.length; at + SYMBOL <= data.length; at += SYMBOL) {
    const name = data.readUInt32LE(at);
    // 0 = it has none.
    if (name !== 0) data.writeUInt32LE(Math.min(name + (before?.length ?? 0) + 1, 0xffff_ffff), at);
  }
  return { data, names: new MemoryStretch(names) };
}

/** The symbols of a file by address: of `.symtab`, where that is stripped of `.dynsym`. */
export class Symbols {
  private readonly data: Buffer;
  private readonly names: Stretch;
  private order: Sorted | undefined;
  private asked = 0;

  private constructor({ data, names }: Table) {
    this.data = data;
    this.names = names;
  }

  /** `mini`: what the file holds of symbols beside those it is linked by (MiniDebugInfo). */
  static async open(elf: ElfFile, mini?: ElfFile): Promise<Symbols | undefined> {
    // A relocatable file's symbols count from their sections, not from the file's start.
    if (elf.header.type === ET_REL) return undefined;
    const own = (await tableOf(elf, '.symtab')) ?? (await tableOf(elf, '.dynsym'));
    const further = mini && (await tableOf(mini, '.symtab'));
    const table = own && further ? await joined(further, own) : (further ?? own);
    return table && new Symbols(table);
  }

  get count(): number {
    return Math.floor(this.data.length / SYMBOL);
  }

  /** All of one name, in the file's order. Unlike `find` it decodes no other: of a kernel's 200,000 that takes a second. */
  async called(name: string): Promise<ElfSymbol[]> {
    const text = await this.names.bytes(0, Math.min(this.names.size, MOST));
    const wanted = Buffer.from(`${name}\0`, 'utf8');
    // A name may be the end of another's.
    const starts = new Set<number>();
    for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + 1)) starts.add(at);
    const found: ElfSymbol[] = [];
    for (let index = 0; index < this.count; index++) {
      if (!starts.has(this.data.readUInt32LE(index * SYMBOL)) || !this.counts(index)) continue;
      const symbol = await this.named(index);
      if (symbol !== undefined) found.push(symbol);
    }
    return found;
  }

  /** The function that holds the address, or the last before it where sizes are not told; undefined outside all. */
  async functionAt(address: number): Promise<ElfSymbol | undefined> {
    return this.named(
      this.search(address, (type) => type === STT_FUNCTION || type === STT_IFUNC || type === STT_NONE),
    );
  }

  /** What holds the address, functions and objects. */
  async at(address: number): Promise<ElfSymbol | undefined> {
    return this.named(this.search(address, () => true));
  }

  /** All with one of these names: a look through the whole table. */
  async find(wanted: ReadonlySet<string>): Promise<ElfSymbol[]> {
    const found: ElfSymbol[] = [];
    for (const index of this.sorted().order) {
      const symbol = await this.named(index);
      if (symbol !== undefined && wanted.has(symbol.name)) found.push(symbol);
    }
    return found;
  }

  private async named(index: number | undefined): Promise<ElfSymbol | undefined> {
    if (index === undefined) return undefined;
    const name = await this.names.text(new Cursor(this.data, index * SYMBOL).u32());
    if (name === undefined || name === '') return undefined;
    const type = this.type(index);
    const kind =
      type === STT_FUNCTION || type === STT_IFUNC ? 'function' : type === STT_OBJECT ? 'object' : 'none';
    return { name, address: this.address(index), size: this.size(index), kind };
  }

  private search(address: number, fits: (type: number) => boolean): number | undefined {
    if (this.order === undefined && this.asked++ < UNSORTED) {
      return this.choose(
        address,
        this.count - 1,
        0,
        (index) => (this.counts(index) ? index : undefined),
        fits,
      );
    }
    const { order, starts, reach } = this.sorted();
    let low = 0;
    let high = starts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((starts[middle] ?? 0) <= address) low = middle + 1;
      else high = middle;
    }
    const last = low - 1;
    let first = last;
    while (
      first > 0 &&
      last - first < LOOK_BACK &&
      ((reach[first - 1] ?? 0) > address || starts[first - 1] === starts[last])
    )
      first--;
    return this.choose(address, last, Math.max(first, 0), (at) => order[at], fits);
  }

  /** The last symbol that reaches over the address, else the last before it without size and with none after it. */
  private choose(
    address: number,
    last: number,
    first: number,
    index: (at: number) => number | undefined,
    fits: (type: number) => boolean,
  ): number | undefined {
    let around: number | undefined;
    let before: number | undefined;
    for (let at = last; at >= first; at--) {
      const candidate = index(at);
      if (candidate === undefined || !fits(this.type(candidate))) continue;
      const from = this.address(candidate);
      if (from > address) continue;
      const size = this.size(candidate);
      if (size > 0 && address < from + size) around = this.later(around, candidate);
      else before = this.later(before, candidate);
    }
    if (around !== undefined) return around;
    return before !== undefined && this.size(before) === 0 ? before : undefined;
  }

  private later(one: number | undefined, other: number): number {
    if (one === undefined) return other;
    const difference = this.address(other) - this.address(one) || this.rank(other) - this.rank(one);
    return difference > 0 ? other : one;
  }

  /** Of several names of one address: functions before the rest, then what has a size, then global before weak before local. */
  private rank(index: number): number {
    const binding = (this.data[index * SYMBOL + 4] ?? 0) >> 4;
    const bound = binding === STB_GLOBAL ? 2 : binding === STB_WEAK ? 1 : 0;
    return (this.type(index) === STT_NONE ? 0 : 8) + (this.size(index) > 0 ? 4 : 0) + bound;
  }

  private sorted(): Sorted {
    if (this.order !== undefined) return this.order;
    const order = this.inOrder();
    const used = order.length;
    const starts = new Float64Array(used);
    const reach = new Float64Array(used);
    let highest = Number.NEGATIVE_INFINITY;
    for (let at = 0; at < used; at++) {
      const index = order[at] ?? 0;
      const start = this.address(index);
      starts[at] = start;
      highest = Math.max(highest, start + this.size(index));
      reach[at] = highest;
    }
    this.order = { order, starts, reach };
    return this.order;
  }

  /** Places of the symbols that count, by address. */
  private inOrder(): Uint32Array {
    const { count } = this;
    const addresses = new Float64Array(count);
    const chosen = new Uint32Array(count);
    let used = 0;
    let lowest = Number.POSITIVE_INFINITY;
    let highest = Number.NEGATIVE_INFINITY;
    for (let index = 0; index < count; index++) {
      if (!this.counts(index)) continue;
      const address = this.address(index);
      addresses[index] = address;
      lowest = Math.min(lowest, address);
      highest = Math.max(highest, address);
      chosen[used++] = index;
    }
    const order = chosen.slice(0, used);
    if ((highest - lowest + 1) * count > Number.MAX_SAFE_INTEGER)
      return order.sort((a, b) => (addresses[a] ?? 0) - (addresses[b] ?? 0) || a - b);
    // Numbers that hold the address and the place sort many times as fast as places compared by address.
    const keys = Float64Array.from(
      order,
      (index) => ((addresses[index] ?? 0) - lowest) * count + index,
    ).sort();
    return Uint32Array.from(keys, (key) => key % count);
  }

  /** Defined, with a name, and not a section's, a file's or a thread's own variable. */
  private counts(index: number): boolean {
    const type = this.type(index);
    if (type !== STT_FUNCTION && type !== STT_OBJECT && type !== STT_IFUNC && type !== STT_NONE) return false;
    return this.data.readUInt16LE(index * SYMBOL + 6) !== 0 && this.data.readUInt32LE(index * SYMBOL) !== 0;
  }

  private type(index: number): number {
    return (this.data[index * SYMBOL + 4] ?? 0) & 15;
  }

  private address(index: number): number {
    const at = index * SYMBOL + 8;
    return this.data.readUInt32LE(at) + this.data.readInt32LE(at + 4) * 0x1_0000_0000;
  }

  private size(index: number): number {
    const at = index * SYMBOL + 16;
    return this.data.readUInt32LE(at) + this.data.readUInt32LE(at + 4) * 0x1_0000_0000;
  }
}
