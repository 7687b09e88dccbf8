import { Cursor } from '../cursor';
import type { AddressSpace } from './addressSpace';
import { findFrames, type Loaded } from './findFrames';
import { type CommonEntry, entryAt, type FrameEntry, readCommon, readFrameEntry } from './frameEntries';
import type { FrameIndex } from './frameIndex';
import { readPointer } from './pointers';
import { type Row, rowAt } from './row';

/** DW_EH_PE_datarel | DW_EH_PE_sdata4: the one form of search table that linkers write. */
const TABLE_ENCODING = 0x3b;
const TABLE_ROW = 8;
/** A search table of up to so many bytes is fetched whole. */
const WHOLE_TABLE = 131_072;
const MOST_ROWS = 2 ** 24;
const MOST_ENTRY = 65_536;
/** Addresses whose rows are kept. */
const MOST_KNOWN = 16_384;
const STACK_POINTER = { x86_64: 7, aarch64: 31 } as const;

export type Machine = keyof typeof STACK_POINTER;

interface Header {
  /** First row of the search table, and what its numbers count from; in the process. */
  readonly table: number;
  readonly base: number;
  readonly rows: number;
}

/** Unwind tables that are in a binary's file alone. */
export interface FurtherFrames {
  readonly index?: FrameIndex;
  /** Go's compiler made it: it says nothing of functions that change stacks. */
  readonly isGo: boolean;
}

/** Unwind rows of one binary from the search table of its .eh_frame_hdr. Addresses in and out are the process's. */
export class FrameTable {
  private readonly rows = new Map<number, Row | null>();
  private readonly commons = new Map<number, CommonEntry | null>();
  private header: Header | null | undefined;
  private index: FrameIndex | null | undefined;
  private further: FurtherFrames | null | undefined;
  /** What is loaded does not tell of an address: `giveFurther` is waited for. */
  wantsFurther = false;

  constructor(
    private readonly space: AddressSpace,
    private readonly bias: number,
    /** Of .eh_frame_hdr, as linked. */
    private readonly segment: Loaded | undefined,
    /** Parts that cannot be written to: where there is no search table, the tables are looked for there. */
    private readonly parts: readonly Loaded[],
  ) {}

  /** The binary says how to unwind at least some of its functions; false also while that is missing. */
  get hasTables(): boolean {
    return Boolean(this.header ?? this.index);
  }

  get isGo(): boolean {
    return this.further?.isGo === true;
  }

  /** The tables that are in the file alone; undefined where there are none. */
  giveFurther(frames: FurtherFrames | undefined): void {
    this.further = frames ?? null;
    this.wantsFurther = false;
  }

  /** Row of an address; undefined where the tables have none, and while they are missing. */
  row(address: number, machine: Machine): Row | undefined {
    const known = this.rows.get(address);
    if (known !== undefined) return known ?? undefined;
    const { misses } = this.space;
    const entry = this.entry(address);
    const row = entry && rowAt(entry, address, STACK_POINTER[machine]);
    if (this.rows.size >= MOST_KNOWN) this.rows.clear();
    if (row || this.space.misses === misses) this.rows.set(address, row ?? null);
    return row;
  }

  /** What is loaded says that a function begins there; false also while that is missing. */
  beginsAt(address: number): boolean {
    const header = this.opened();
    const entry = header ? this.searched(header, address) : this.indexed()?.find(address);
    return entry?.start === address;
  }

  private entry(address: number): FrameEntry | undefined {
    const header = this.opened();
    if (header === undefined && this.header === undefined) return undefined;
    const { misses } = this.space;
    const entry = header ? this.searched(header, address) : this.indexed()?.find(address);
    // A file may be where nobody answers: what memory has comes first.
    return entry ?? (this.space.misses === misses ? this.furtherEntry(address) : undefined);
  }

  private furtherEntry(address: number): FrameEntry | undefined {
    if (this.further === undefined) {
      this.wantsFurther = true;
      this.space.miss();
    }
    const entry = this.further?.index?.find(address - this.bias);
    return entry && { ...entry, start: entry.start + this.bias, end: entry.end + this.bias };
  }

  private searched(header: Header, address: number): FrameEntry | undefined {
    let low = 0;
    let high = header.rows;
    while (low < high) {
      const middle = (low + high) >> 1;
      const start = this.space.bytes(header.table + middle * TABLE_ROW, 4);
      if (!start) return undefined;
      if (start.readInt32LE(0) + header.base <= address) low = middle + 1;
      else high = middle;
    }
    if (low === 0) return undefined;
    const place = this.space.bytes(header.table + (low - 1) * TABLE_ROW + 4, 4);
    const entry = place && this.entryAt(place.readInt32LE(0) + header.base);
    return entry && address >= entry.start && address < entry.end ? entry : undefined;
  }

  private indexed(): FrameIndex | undefined {
    if (this.index !== undefined) return this.index ?? undefined;
    const { misses } = this.space;
    const index = findFrames(this.space, this.parts);
    if (index || this.space.misses === misses) this.index = index ?? null;
    return index;
  }

  private opened(): Header | undefined {
    if (this.header !== undefined) return this.header ?? undefined;
    const { misses } = this.space;
    const header = this.segment && this.open(this.segment.address + this.bias, this.segment.size);
    if (header || this.space.misses === misses) this.header = header ?? null;
    return header;
  }

  private open(address: number, size: number): Header | undefined {
    if (size <= WHOLE_TABLE) this.space.want(address, size);
    const data = this.space.bytes(address, Math.min(size, 32));
    if (!data) return undefined;
    const cursor = new Cursor(data);
    const version = cursor.u8();
    const frameEncoding = cursor.u8();
    const countEncoding = cursor.u8();
    const tableEncoding = cursor.u8();
    readPointer(cursor, frameEncoding, address, address);
    const count = readPointer(cursor, countEncoding, address, address);
    if (cursor.bad || version !== 1 || tableEncoding !== TABLE_ENCODING) return undefined;
    const rows = Math.min(count, Math.floor((size - cursor.at) / TABLE_ROW), MOST_ROWS);
    return { table: address + cursor.at, base: address, rows };
  }

  private entryAt(address: number): FrameEntry | undefined {
    const read = this.bytesOfEntry(address);
    if (!read) return undefined;
    const entry = entryAt(read, 0, 'eh_frame');
    if (entry?.common === undefined) return undefined;
    const common = this.common(address + entry.common);
    return common && readFrameEntry(read, address, entry, common);
  }

  private common(address: number): CommonEntry | undefined {
    const known = this.commons.get(address);
    if (known !== undefined) return known ?? undefined;
    const { misses } = this.space;
    const read = this.bytesOfEntry(address);
    const common = read && readCommon(read, entryAt(read, 0, 'eh_frame'));
    if (common || this.space.misses === misses) this.commons.set(address, common ?? null);
    return common;
  }

  /** A whole entry, whose length its first word says. */
  private bytesOfEntry(address: number): Buffer | undefined {
    const word = this.space.bytes(address, 4);
    if (!word) return undefined;
    const length = word.readUInt32LE(0) + 4;
    return length > MOST_ENTRY ? undefined : this.space.bytes(address, Math.max(length, 8));
  }
}
