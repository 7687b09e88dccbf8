/**
 * The kernel's own description of its types: the bytes of /sys/kernel/btf/vmlinux (BTF, 5.2+; linux/btf.h).
 * Only little-endian ones are read. One pass notes where each type stands; names are looked up when asked for.
 */

export type BtfResult =
  | { readonly ok: true; readonly btf: Btf }
  | { readonly ok: false; readonly why: string };

export interface Member {
  /** Bytes from the start of the structure; of a bit field, of the byte its first bit is in. */
  readonly offset: number;
  /** Bytes of its type; 0 where it has none. */
  readonly size: number;
  /** Bits of a bit field and how far up they begin; absent for others. */
  readonly bits?: { readonly count: number; readonly shift: number };
  /** Name of its structure, union or enumeration; absent for other types and those without a name. */
  readonly of?: string;
}

const MAGIC = 0xeb9f;
const HEADER = 24;
const RECORD = 12;
const INT = 1;
const POINTER = 2;
const ARRAY = 3;
const STRUCTURE = 4;
const UNION = 5;
const ENUMERATION = 6;
const ENUMERATION_64 = 19;
const SECTION = 15;
/** typedef, volatile, const, restrict, type tag: names or qualities of another type. */
const ALIASES = [8, 9, 10, 11, 18];

/** Bytes behind the 12 of each record, by kind: fixed, and for each of its `vlen` entries. */
const EXTRA: readonly (readonly [fixed: number, each: number])[] = [
  [0, 0],
  [4, 0],
  [0, 0],
  [12, 0],
  [0, 12],
  [0, 12],
  [0, 8],
  [0, 0],
  [0, 0],
  [0, 0],
  [0, 0],
  [0, 0],
  [0, 0],
  [0, 8],
  [4, 0],
  [0, 12],
  [0, 0],
  [4, 0],
  [0, 0],
  [0, 12],
];

/** Aliases, arrays and anonymous members that lead to each other without end are given up at this depth. */
const DEEPEST = 32;
/** Types that are looked at for one member, at most: anonymous members may fan out. */
const MOST_LOOKED_AT = 10_000;

/** Bytes of a name; the kernel takes none that is longer. */
const LONGEST_NAME = 512;

/** `data` is not copied. Types behind one of a kind not known here are left out: `whole` is false then. */
export function parseBtf(data: Buffer): BtfResult {
  if (data.length < HEADER) return { ok: false, why: 'the type information is cut short' };
  const magic = data.readUInt16LE(0);
  if (magic !== MAGIC) {
    const big = magic === ((MAGIC & 0xff) << 8) + (MAGIC >> 8);
    return { ok: false, why: big ? 'the type information is big-endian' : 'it is no BTF type information' };
  }
  const head = data.readUInt32LE(4);
  const types = head + data.readUInt32LE(8);
  const typesEnd = types + data.readUInt32LE(12);
  const strings = head + data.readUInt32LE(16);
  const stringsEnd = strings + data.readUInt32LE(20);
  if (head < HEADER || typesEnd > data.length || stringsEnd > data.length)
    return { ok: false, why: 'the type information is cut short' };
  const { offsets, count, whole } = noteTypes(data, types, typesEnd);
  return { ok: true, btf: new Btf(data, offsets, count, data.subarray(strings, stringsEnd), whole) };
}

function noteTypes(
  data: Buffer,
  from: number,
  end: number,
): { readonly offsets: Uint32Array; readonly count: number; readonly whole: boolean } {
  const offsets = new Uint32Array(Math.floor((end - from) / RECORD) + 1);
  let count = 1;
  let at = from;
  while (at + RECORD <= end) {
    const info = data.readUInt32LE(at + 4);
    const extra = EXTRA[(info >>> 24) & 31];
    if (extra === undefined) break;
    const next = at + RECORD + extra[0] + extra[1] * (info & 0xffff);
    if (next > end) break;
    offsets[count++] = at;
    at = next;
  }
  return { offsets, count, whole: at === end };
}

export class Btf {
  private named: Map<string, number> | undefined;

  /** Use parseBtf. `offsets` by type number, 0 being void. */
  constructor(
    private readonly data: Buffer,
    private readonly offsets: Uint32Array,
    readonly count: number,
    private readonly strings: Buffer,
    /** False when a kind of type that is not known here, or a cut, ended it early. */
    readonly whole: boolean,
  ) {}

  has(structure: string): boolean {
    return this.structure(structure) !== undefined;
  }

  /** Bytes of a structure or union. */
  size(structure: string): number | undefined {
    const id = this.structure(structure);
    return id === undefined ? undefined : this.third(id);
  }

  /** A member by its path, `kiocb.ki_pos`; anonymous structures and unions on the way are looked into. */
  member(structure: string, path: string): Member | undefined {
    let type = this.structure(structure);
    let bit = 0;
    let bits = 0;
    for (const name of path.split('.')) {
      const found = type === undefined ? undefined : this.find(type, name, { left: MOST_LOOKED_AT }, 0);
      if (found === undefined) return undefined;
      bit += found.bit;
      bits = found.bits;
      type = found.type;
    }
    if (type === undefined) return undefined;
    const of = this.nameOf(this.stripped(type));
    return {
      offset: Math.floor(bit / 8),
      size: this.sizeOf(type),
      ...(bits === 0 ? {} : { bits: { count: bits, shift: bit % 8 } }),
      ...(of === undefined ? {} : { of }),
    };
  }

  /** Bytes from the start of a section to one of its variables. */
  variable(section: string, name: string): number | undefined {
    for (let id = this.count - 1; id > 0; id--) {
      if (this.kind(id) !== SECTION || !this.isNamed(this.data.readUInt32LE(this.at(id)), section)) continue;
      for (let at = this.at(id) + RECORD, left = this.entries(id); left > 0; left--, at += 12) {
        const variable = this.data.readUInt32LE(at);
        const known = variable > 0 && variable < this.count;
        if (known && this.isNamed(this.data.readUInt32LE(this.at(variable)), name))
          return this.data.readUInt32LE(at + 4);
      }
    }
    return undefined;
  }

  /** Names by value of the enumeration that has `member`, whether it has a name itself or not. */
  enumeration(member: string): Map<number, string> | undefined {
    for (let id = 1; id < this.count; id++) {
      const kind = this.kind(id);
      if (kind !== ENUMERATION && kind !== ENUMERATION_64) continue;
      const each = kind === ENUMERATION ? 8 : 12;
      for (let at = this.at(id) + RECORD, left = this.entries(id); left > 0; left--, at += each) {
        if (this.isNamed(this.data.readUInt32LE(at), member)) return this.valuesOf(id, each);
      }
    }
    return undefined;
  }

  private valuesOf(id: number, each: number): Map<number, string> {
    const names = new Map<number, string>();
    for (let at = this.at(id) + RECORD, left = this.entries(id); left > 0; left--, at += each) {
      const name = this.text(this.data.readUInt32LE(at));
      const high = each === 12 ? this.data.readInt32LE(at + 8) * 2 ** 32 : 0;
      const low = each === 12 ? this.data.readUInt32LE(at + 4) : this.data.readInt32LE(at + 4);
      if (name !== undefined && !names.has(high + low)) names.set(high + low, name);
    }
    return names;
  }

  private at(id: number): number {
    return this.offsets[id] ?? 0;
  }

  private info(id: number): number {
    return this.data.readUInt32LE(this.at(id) + 4);
  }

  private kind(id: number): number {
    return id > 0 && id < this.count ? (this.info(id) >>> 24) & 31 : 0;
  }

  private entries(id: number): number {
    return this.info(id) & 0xffff;
  }

  /** A record's third word: a size, or another type. */
  private third(id: number): number {
    return this.data.readUInt32LE(this.at(id) + 8);
  }

  private structure(name: string): number | undefined {
    this.named ??= this.noteStructures();
    return this.named.get(name);
  }

  /** Structures and unions by name; the first of several counts. */
  private noteStructures(): Map<string, number> {
    const named = new Map<string, number>();
    for (let id = 1; id < this.count; id++) {
      const kind = this.kind(id);
      const name = kind === STRUCTURE || kind === UNION ? this.nameOf(id) : undefined;
      if (name !== undefined && !named.has(name)) named.set(name, id);
    }
    return named;
  }

  private find(
    structure: number,
    name: string,
    budget: { left: number },
    depth: number,
  ): { readonly bit: number; readonly bits: number; readonly type: number } | undefined {
    const id = this.stripped(structure);
    const kind = this.kind(id);
    if ((kind !== STRUCTURE && kind !== UNION) || depth > DEEPEST || budget.left-- <= 0) return undefined;
    const split = this.info(id) >>> 31 === 1;
    for (let at = this.at(id) + RECORD, left = this.entries(id); left > 0; left--, at += 12) {
      const called = this.data.readUInt32LE(at);
      const wanted = called !== 0 && this.isNamed(called, name);
      if (!wanted && called !== 0) continue;
      const type = this.data.readUInt32LE(at + 4);
      const place = this.data.readUInt32LE(at + 8);
      const bit = split ? place & 0xffffff : place;
      if (wanted) return { bit, bits: split ? place >>> 24 : 0, type };
      const inner = this.find(type, name, budget, depth + 1);
      if (inner) return { ...inner, bit: bit + inner.bit };
    }
    return undefined;
  }

  private stripped(type: number): number {
    let id = type;
    for (let depth = 0; depth < DEEPEST; depth++) {
      if (!ALIASES.includes(this.kind(id))) return id;
      id = this.third(id);
    }
    return 0;
  }

  private sizeOf(type: number): number {
    let count = 1;
    let id = this.stripped(type);
    for (let depth = 0; depth < DEEPEST; depth++) {
      const kind = this.kind(id);
      if (kind === POINTER) return count * 8;
      if (kind !== ARRAY) return kind === INT || kind >= STRUCTURE ? count * this.sized(id, kind) : 0;
      const at = this.at(id);
      count *= this.data.readUInt32LE(at + RECORD + 8);
      id = this.stripped(this.data.readUInt32LE(at + RECORD));
    }
    return 0;
  }

  private sized(id: number, kind: number): number {
    return [INT, STRUCTURE, UNION, ENUMERATION, ENUMERATION_64].includes(kind) ? this.third(id) : 0;
  }

  private nameOf(id: number): string | undefined {
    const kind = this.kind(id);
    const nameable = [STRUCTURE, UNION, ENUMERATION, ENUMERATION_64].includes(kind);
    return nameable ? this.text(this.data.readUInt32LE(this.at(id))) : undefined;
  }

  private isNamed(offset: number, name: string): boolean {
    for (let index = 0; index < name.length; index++) {
      if (this.strings[offset + index] !== name.charCodeAt(index)) return false;
    }
    return this.strings[offset + name.length] === 0;
  }

  private text(offset: number): string | undefined {
    if (offset === 0) return undefined;
    for (let end = offset; end - offset <= LONGEST_NAME; end++) {
      const character = this.strings[end];
      if (character === undefined) return undefined;
      if (character === 0) return this.strings.toString('latin1', offset, end);
    }
    return undefined;
  }
}
