import type { Stretch } from './bytes';
import type { ElfFile } from './elfFile';
import { wordIn } from './origin/processMemory';

/** Where the facts of a function stand in its description (`runtime._func`). */
export interface FunctionFields {
  readonly name: number;
  readonly frameSize: number;
  readonly file: number;
  readonly line: number;
  readonly values: number;
  readonly unit: number;
  /** One byte: what it is to Go's runtime. */
  readonly kind: number;
  /** One byte: how many pointers to further tables there are behind those to values. */
  readonly tables: number;
  readonly size: number;
  /** Addresses of eight bytes before Go 1.18, then offsets. */
  readonly isWide: boolean;
  /** Bytes of an inlined call, and where its name and the place it stands at are. */
  readonly call: { readonly size: number; readonly name: number; readonly parent: number };
}

const GO_116 = 0xffff_fffa;
const GO_118 = 0xffff_fff0;
const OLD_CALL = { size: 20, name: 12, parent: 16 };
const CALL = { size: 16, name: 4, parent: 8 };

/** By the table's first four bytes. */
export function functionFields(magic: number): FunctionFields {
  const first = magic === GO_116 ? 8 : 4;
  const size = magic === GO_118 ? 40 : 44;
  return {
    name: first,
    frameSize: first + 12,
    file: first + 16,
    line: first + 20,
    values: first + 24,
    unit: first + 28,
    kind: size - 4,
    tables: size - 1,
    size,
    isWide: magic === GO_116,
    call: magic === GO_116 || magic === GO_118 ? OLD_CALL : CALL,
  };
}

/** PCDATA_InlTreeIndex and FUNCDATA_InlTree. */
const INDEXES = 2;
const TREE = 3;
const MOST_TABLES = 32;
/** Bytes of a module's description (`runtime.moduledata`), and of what is searched for it. */
const MODULE = 640;
const MOST_SEARCHED = 16 << 20;
/** Functions with inlined calls that a place is tried with, and most looked at for them. */
const TRIALS = 8;

/** The calls inlined into one function. */
export interface InlinedTree {
  /** Offset of the table that tells which call an instruction is of. */
  readonly indexes: number;
  /** Where the calls are described. */
  readonly address: number;
}

export interface InlinedCall {
  /** Offset of its name. */
  readonly name: number;
  /** Bytes from the function's start to an instruction of the caller's at the call. */
  readonly parent: number;
}

/** The calls that Go's compiler has inlined, as its tracebacks tell them. */
export class GoInlined {
  private base: Promise<number | undefined> | undefined;

  constructor(
    private readonly elf: ElfFile,
    /** Of the table of functions. */
    private readonly table: number,
    private readonly names: Stretch,
    private readonly fields: FunctionFields,
    /** Some functions' descriptions. */
    private readonly samples: () => AsyncIterable<Buffer>,
  ) {}

  async treeOf(description: Buffer): Promise<InlinedTree | undefined> {
    const found = placeOf(description, this.fields);
    if (found === undefined) return undefined;
    if (this.fields.isWide) return { indexes: found.indexes, address: found.tree };
    this.base ??= this.findBase();
    const base = await this.base;
    return base === undefined ? undefined : { indexes: found.indexes, address: base + found.tree };
  }

  async call({ address }: InlinedTree, index: number): Promise<InlinedCall | undefined> {
    const { size, name, parent } = this.fields.call;
    if (index < 0) return undefined;
    const data = await this.elf.at(address + index * size, size);
    if (data.length < size) return undefined;
    return { name: data.readUInt32LE(name), parent: data.readUInt32LE(parent) };
  }

  /** What the offsets of trees count from: one of the addresses in the module's description; the one that leads to calls. */
  private async findBase(): Promise<number | undefined> {
    const trees: number[] = [];
    for await (const description of this.samples()) {
      const found = placeOf(description, this.fields);
      if (found !== undefined) trees.push(found.tree);
      if (trees.length === TRIALS) break;
    }
    if (trees.length === 0) return undefined;
    const module = await this.module();
    const tried = new Set<number>();
    for (let at = 0; module !== undefined && at + 8 <= module.length; at += 8) {
      const base = wordIn(module, at);
      if (!base || tried.has(base)) continue;
      tried.add(base);
      if (await this.leadsToCalls(base, trees)) return base;
    }
    return undefined;
  }

  private async leadsToCalls(base: number, trees: readonly number[]): Promise<boolean> {
    for (const tree of trees) {
      const call = await this.call({ indexes: 0, address: base + tree }, 0);
      if (call === undefined || call.name === 0 || call.parent > MOST_SEARCHED) return false;
      const name = await this.names.bytes(call.name - 1, 3);
      if (name.length < 3 || name[0] !== 0 || !(Number(name[1]) > 0x20)) return false;
    }
    return true;
  }

  /** It begins with the address of the table of functions. */
  private async module(): Promise<Buffer | undefined> {
    for (const name of ['.go.module', '.noptrdata', '.data', '.data.rel.ro']) {
      const section = this.elf.find(name);
      const content = section && (await this.elf.content(section));
      const data = await content?.bytes(0, Math.min(content.size, MOST_SEARCHED));
      const wanted = Buffer.alloc(8);
      wanted.writeBigUInt64LE(BigInt(this.table));
      for (let at = data?.indexOf(wanted) ?? -1; data && at >= 0; at = data.indexOf(wanted, at + 1))
        if (at % 8 === 0) return data.subarray(at, at + MODULE);
    }
    return undefined;
  }
}

function placeOf(data: Buffer, fields: FunctionFields): { indexes: number; tree: number } | undefined {
  if (data.length < fields.size) return undefined;
  const values = data.readUInt32LE(fields.values);
  const tables = data[fields.tables] ?? 0;
  if (values <= INDEXES || values > MOST_TABLES || tables <= TREE) return undefined;
  const behind = fields.size + values * 4;
  const at = fields.isWide ? Math.ceil(behind / 8) * 8 + TREE * 8 : behind + TREE * 4;
  const length = fields.isWide ? 8 : 4;
  if (at + length > data.length) return undefined;
  const indexes = data.readUInt32LE(fields.size + INDEXES * 4);
  const tree = fields.isWide ? wordIn(data, at) : data.readUInt32LE(at);
  if (indexes === 0 || !tree || tree === NONE) return undefined;
  return { indexes, tree };
}

/** An offset that leads nowhere. */
const NONE = 0xffff_ffff;
