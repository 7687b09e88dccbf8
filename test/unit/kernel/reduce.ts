// Reduces the type information of a kernel to what the walk reads, so that a few kB of it can be kept as a fixture.
//     npx esbuild test/unit/kernel/reduce.ts --bundle --platform=node --outfile=dist/test/reduce.js
//     node dist/test/reduce.js /sys/kernel/btf/vmlinux test/unit/kernel/types/6.18.btf
import { readFileSync, writeFileSync } from 'node:fs';
import { NEEDED, OPTIONAL, PER_PROCESSOR, SIZES } from '../../../src/kernel/places';

interface Type {
  readonly name: string;
  readonly kind: number;
  readonly flag: number;
  readonly third: number;
  /** The words behind the record. */
  readonly extra: readonly number[];
  readonly count: number;
}

const INT = 1;
const POINTER = 2;
const ARRAY = 3;
const STRUCTURES = [4, 5];
const ENUMERATIONS = [6, 19];
const VARIABLE = 14;
const SECTION = 15;
const ALIASES = [8, 9, 10, 11, 18];
/** Words behind each kind's record: fixed, and for each entry. */
const WORDS: Readonly<Record<number, readonly [number, number]>> = {
  ...{
    1: [1, 0],
    3: [3, 0],
    4: [0, 3],
    5: [0, 3],
    6: [0, 2],
    13: [0, 2],
    14: [1, 0],
    15: [0, 3],
    17: [1, 0],
  },
  19: [0, 3],
};

function parse(data: Buffer): { readonly types: Type[]; readonly text: (offset: number) => string } {
  const head = data.readUInt32LE(4);
  const strings = head + data.readUInt32LE(16);
  const text = (offset: number): string =>
    data.toString('latin1', strings + offset, data.indexOf(0, strings + offset));
  const types: Type[] = [{ name: '', kind: 0, flag: 0, third: 0, extra: [], count: 0 }];
  const end = head + data.readUInt32LE(8) + data.readUInt32LE(12);
  for (let at = head + data.readUInt32LE(8); at < end; ) {
    const info = data.readUInt32LE(at + 4);
    const kind = (info >>> 24) & 31;
    const count = info & 0xffff;
    const [fixed, each] = WORDS[kind] ?? [0, 0];
    const words = fixed + each * count;
    types.push({
      name: text(data.readUInt32LE(at)),
      kind,
      flag: info >>> 31,
      third: data.readUInt32LE(at + 8),
      extra: Array.from({ length: words }, (_, index) => data.readUInt32LE(at + 12 + 4 * index)),
      count,
    });
    at += 12 + 4 * words;
  }
  return { types, text };
}

/** Structures by name, and the members that are asked of any. */
function wantedNames(): { readonly structures: Set<string>; readonly members: Set<string> } {
  const structures = new Set<string>(Object.values(SIZES).flat());
  const members = new Set<string>();
  for (const wanted of [...Object.values(NEEDED), ...Object.values(OPTIONAL)]) {
    const [alternatives = '', structure] = wanted.split('?').map((part) => part.trim());
    if (structure) structures.add(structure);
    for (const alternative of alternatives.split(' | ')) {
      const [root = '', ...path] = alternative.replace(/:.*$/, '').split('.');
      structures.add(root);
      for (const name of path) members.add(name);
    }
  }
  return { structures, members };
}

class Reduction {
  private readonly types: Type[];
  private readonly text: (offset: number) => string;
  private readonly wanted = wantedNames();
  private readonly records: Buffer[] = [];
  private readonly strings = new Map<string, number>([['', 0]]);
  private stringsLength = 1;
  private readonly made = new Map<string, number>();

  constructor(data: Buffer) {
    ({ types: this.types, text: this.text } = parse(data));
  }

  run(): Buffer {
    for (const [id, { name, kind }] of this.types.entries()) {
      if (STRUCTURES.includes(kind) && this.wanted.structures.has(name)) this.structure(id, true);
      if (ENUMERATIONS.includes(kind)) this.enumeration(id);
      if (kind === SECTION && name === '.data..percpu') this.section(id);
    }
    const types = Buffer.concat(this.records);
    const strings = Buffer.from(`${[...this.strings.keys()].join('\0')}\0`, 'latin1');
    const head = Buffer.alloc(24);
    head.writeUInt16LE(0xeb9f, 0);
    head.writeUInt8(1, 2);
    for (const [index, value] of [24, 0, types.length, types.length, strings.length].entries())
      head.writeUInt32LE(value, 4 + 4 * index);
    return Buffer.concat([head, types, strings]);
  }

  private string(text: string): number {
    const known = this.strings.get(text);
    if (known !== undefined) return known;
    const offset = this.stringsLength;
    this.strings.set(text, offset);
    this.stringsLength += text.length + 1;
    return offset;
  }

  /** Adds a record once by `key`; answers its number. */
  private add(
    key: string,
    name: string,
    kind: number,
    flag: number,
    count: number,
    third: number,
    extra: readonly number[],
  ): number {
    const known = this.made.get(key);
    if (known !== undefined) return known;
    const record = Buffer.alloc(12 + 4 * extra.length);
    record.writeUInt32LE(this.string(name), 0);
    record.writeUInt32LE(((flag << 31) | (kind << 24) | count) >>> 0, 4);
    record.writeUInt32LE(third, 8);
    for (const [index, word] of extra.entries()) record.writeUInt32LE(word, 12 + 4 * index);
    this.records.push(record);
    this.made.set(key, this.records.length);
    return this.records.length;
  }

  private stripped(id: number): number {
    const type = this.types[id];
    return type && ALIASES.includes(type.kind) ? this.stripped(type.third) : id;
  }

  /** Whole where paths lead through it; else its name and size alone. */
  private structure(id: number, led: boolean): number {
    const type = this.types[id];
    if (type === undefined) return 0;
    const whole = led || this.wanted.structures.has(type.name);
    const members: number[] = [];
    for (let at = 0; whole && at < type.extra.length; at += 3) {
      const [nameAt = 0, of = 0, place = 0] = type.extra.slice(at, at + 3);
      const name = this.text(nameAt);
      const wanted = this.wanted.members.has(name);
      if (name !== '' && !wanted) continue;
      members.push(this.string(name), this.member(of, true), place);
    }
    const key = `structure ${id} ${whole}`;
    return this.add(key, type.name, type.kind, type.flag, members.length / 3, type.third, members);
  }

  private member(id: number, whole: boolean): number {
    const at = this.stripped(id);
    const type = this.types[at];
    if (type === undefined) return 0;
    if (type.kind === POINTER) return this.add('pointer', '', POINTER, 0, 0, 0, []);
    if (type.kind === ARRAY) {
      const element = this.member(type.extra[0] ?? 0, false);
      const count = type.extra[2] ?? 0;
      return this.add(`array ${element} ${count}`, '', ARRAY, 0, 0, 0, [element, this.integer(4), count]);
    }
    return STRUCTURES.includes(type.kind) ? this.structure(at, whole) : this.integer(type.third);
  }

  private integer(size: number): number {
    return this.add(`integer ${size}`, `u${size * 8}`, INT, 0, 0, size, [size * 8]);
  }

  /** The variables that each processor has of its own, as far as they are asked for. */
  private section(id: number): void {
    const type = this.types[id];
    if (type === undefined) return;
    const extra: number[] = [];
    for (let at = 0; at < type.extra.length; at += 3) {
      const [variable = 0, place = 0, size = 0] = type.extra.slice(at, at + 3);
      const name = this.types[variable]?.name ?? '';
      if (!VARIABLES.includes(name)) continue;
      const integer = this.integer(8);
      extra.push(this.add(`variable ${name}`, name, VARIABLE, 0, 0, integer, [0]), place, size);
    }
    this.add('section', type.name, SECTION, 0, extra.length / 3, type.third, extra);
  }

  private enumeration(id: number): void {
    const type = this.types[id];
    if (type === undefined) return;
    const each = type.kind === 6 ? 2 : 3;
    const names = type.extra.filter((_, index) => index % each === 0).map(this.text);
    if (!names.some((name) => ENUMERATORS.includes(name))) return;
    const extra = type.extra.map((word, index) => (index % each === 0 ? this.string(this.text(word)) : word));
    this.add(`enumeration ${id}`, type.name, type.kind, type.flag, type.count, type.third, extra);
  }
}

const VARIABLES: readonly string[] = Object.values(PER_PROCESSOR);
const ENUMERATORS = ['IORING_OP_NOP', 'REQ_F_FIXED_FILE_BIT', 'IO_WQ_WORK_HASHED'];

const [from, to] = process.argv.slice(2);
if (from === undefined || to === undefined) throw new Error('usage: reduce FROM TO');
writeFileSync(to, new Reduction(readFileSync(from)).run());
