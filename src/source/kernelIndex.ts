import { type Definition, definitionsInAssembly, definitionsInC } from './kernelDefinitions';

/** Changes with what the index holds: an older file is made anew. */
const FORMAT = 'io_uring Inspector, kernel functions, 1';
/** Most places of one name: of a stub that every board has. */
const MOST_PLACES = 500;
const NEWLINE = 0x0a;
const TAB = 0x09;

/** Where a kernel tree defines a function. */
export interface KernelPlace {
  /** Relative to the tree, with slashes. */
  readonly file: string;
  readonly line: number;
  /** Its body does nothing. */
  readonly stub: boolean;
}

/** Files that the functions of stacks are defined in. */
export function isIndexed(file: string): boolean {
  return /\.[chS]$/.test(file);
}

/** Collects the definitions of a tree, file by file. */
export class KernelIndexBuilder {
  private readonly files: string[] = [];
  private readonly places = new Map<string, string>();

  add(file: string, text: string): void {
    if (/[\t\n]/.test(file)) return;
    const found = file.endsWith('.S') ? definitionsInAssembly(text) : definitionsInC(text);
    if (found.length === 0) return;
    const number = this.files.push(file) - 1;
    for (const definition of found) this.keep(number, definition);
  }

  /** The index as bytes: a header, the files, then a line for each name, in their order. `of` tells one state of one tree. */
  finish(of: string): Buffer {
    const names = [...this.places.keys()].sort();
    const lines = names.map((name) => `${name}${this.places.get(name)}`);
    const rows = Buffer.from(lines.join('\n'), 'latin1');
    const head = [FORMAT, of.replace(/\n/g, ' '), `${this.files.length} ${rows.length}`, ...this.files];
    return Buffer.concat([Buffer.from(`${head.join('\n')}\n`, 'utf8'), rows]);
  }

  private keep(file: number, { name, line, stub }: Definition): void {
    const known = this.places.get(name) ?? '';
    if (known.length > MOST_PLACES * 8) return;
    // A part of a text keeps the whole of it in memory.
    const own = known === '' ? Buffer.from(name, 'latin1').toString('latin1') : name;
    this.places.set(own, `${known}\t${file}:${line}${stub ? 's' : ''}`);
  }
}

/** Where the functions of one kernel tree are defined; searched as the bytes it is kept in. */
export class KernelIndex {
  private constructor(
    private readonly files: readonly string[],
    private readonly rows: Buffer,
  ) {}

  /** Undefined where the bytes are not an index of `of`. */
  static parse(bytes: Buffer, of: string): KernelIndex | undefined {
    const lines = new Lines(bytes);
    if (lines.next() !== FORMAT || lines.next() !== of.replace(/\n/g, ' ')) return undefined;
    const [count = Number.NaN, size = Number.NaN] = (lines.next() ?? '').split(' ').map(Number);
    const files: string[] = [];
    while (files.length < count) {
      const file = lines.next();
      // A path out of the tree is none of ours.
      if (file === undefined || file.startsWith('/') || file.split('/').includes('..')) return undefined;
      files.push(file);
    }
    const rows = bytes.subarray(lines.at);
    return rows.length === size ? new KernelIndex(files, rows) : undefined;
  }

  /** Bytes it takes. */
  get size(): number {
    return this.rows.length;
  }

  /** Where a name is defined, in the order of the files. */
  find(name: string): KernelPlace[] {
    const wanted = Buffer.from(name, 'latin1');
    let low = 0;
    let high = this.rows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const start = middle === 0 ? 0 : this.rows.lastIndexOf(NEWLINE, middle - 1) + 1;
      const end = this.endOf(start);
      const tab = this.rows.indexOf(TAB, start);
      if (tab < 0 || tab > end) return [];
      const order = this.rows.compare(wanted, 0, wanted.length, start, tab);
      if (order === 0) return this.placesIn(this.rows.toString('latin1', tab + 1, end));
      if (order < 0) low = end + 1;
      else high = start;
    }
    return [];
  }

  private endOf(start: number): number {
    const end = this.rows.indexOf(NEWLINE, start);
    return end < 0 ? this.rows.length : end;
  }

  private placesIn(text: string): KernelPlace[] {
    return text.split('\t').flatMap((place) => {
      const [, file, line, stub] = /^(\d+):(\d+)(s?)$/.exec(place) ?? [];
      const path = this.files[Number(file)];
      return path === undefined ? [] : [{ file: path, line: Number(line), stub: stub === 's' }];
    });
  }
}

class Lines {
  at = 0;

  constructor(private readonly bytes: Buffer) {}

  next(): string | undefined {
    const end = this.bytes.indexOf(NEWLINE, this.at);
    if (end < 0) return undefined;
    const line = this.bytes.toString('utf8', this.at, end);
    this.at = end + 1;
    return line;
  }
}
