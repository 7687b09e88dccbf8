import type { MapsRow } from '../../procfs/maps';
import type { AddressSpace } from './addressSpace';
import type { Loaded } from './findFrames';
import { FrameTable } from './frameTable';

/** A binary as it lies in a process's memory; addresses are the process's. */
export interface Image {
  /** As the memory map calls it: a path, `[vdso]`. */
  readonly path: string;
  readonly device: string;
  readonly inode: number;
  readonly deleted: boolean;
  /** The mapping that its headers lie in, as /proc/PID/map_files has it. */
  readonly mapping: { readonly start: bigint; readonly end: bigint };
  /** What is to be added to addresses as linked. */
  readonly bias: number;
  readonly start: number;
  readonly end: number;
  readonly frames: FrameTable;
}

/** What of a mapping the unwinder needs. */
export interface Region {
  readonly device: string;
  /** 0 where it lies in no file. */
  readonly inode: number;
  readonly start: number;
  readonly end: number;
  readonly executable: boolean;
  readonly writable: boolean;
  /** What lies there is the file's, and stays as it is while the mapping is there. */
  readonly constant: boolean;
  /** Which file, and from which byte of it. */
  readonly file: string;
  /** As the memory map calls it; empty for memory without a name. */
  readonly name: string;
}

interface Candidate {
  readonly row: MapsRow;
  readonly start: number;
  /** The last address of a mapping of the same file that belongs to it. */
  end: number;
  image?: Image | null;
}

const VDSO = '[vdso]';
const PT_LOAD = 1;
const PT_GNU_EH_FRAME = 0x6474_e550;
const ELF_HEADER = 64;
const PROGRAM_HEADER = 56;
const MOST_HEADERS = 64;
/** PF_W. */
const WRITABLE = 2;

/** The regions of a process and the binaries in them, found from what lies in its memory: no file is opened. */
export class Images {
  readonly regions: readonly Region[];
  private readonly candidates: Candidate[] = [];

  constructor(
    rows: readonly MapsRow[],
    private readonly space: AddressSpace,
    /** The same process's at an earlier look: what lies where it lay is taken over. */
    earlier?: Images,
  ) {
    this.regions = rows.map((row) => ({
      device: row.device,
      inode: row.inode,
      start: Number(row.start),
      end: Number(row.end),
      executable: row.perms[2] === 'x',
      writable: row.perms[1] === 'w',
      constant: row.perms[1] !== 'w' && (row.inode !== 0 || row.path === VDSO),
      file: `${row.device} ${row.inode} ${row.offset} ${row.path ?? ''}`,
      name: row.path ?? '',
    }));
    const last = new Map<string, Candidate>();
    for (const row of rows) {
      const key = row.path === VDSO ? VDSO : row.inode === 0 ? undefined : `${row.device}:${row.inode}`;
      if (key === undefined) continue;
      const open = last.get(key);
      if (row.offset === 0n && row.perms[0] === 'r' && !(open && open.end === Number(row.start))) {
        const candidate = { row, start: Number(row.start), end: Number(row.end) };
        this.candidates.push(candidate);
        last.set(key, candidate);
      } else if (open) open.end = Number(row.end);
    }
    if (earlier) this.takeOver(earlier);
  }

  private takeOver(earlier: Images): void {
    const known = new Map(earlier.candidates.map((candidate) => [keyOf(candidate), candidate.image]));
    for (const candidate of this.candidates) {
      const image = known.get(keyOf(candidate));
      if (image !== undefined) candidate.image = image;
    }
  }

  /** Of these devices what could not be read before may be by now. */
  openAnew(devices: ReadonlySet<string>): void {
    for (const candidate of this.candidates) if (devices.has(candidate.row.device)) delete candidate.image;
  }

  region(address: number): Region | undefined {
    const region = before(this.regions, address);
    return region && address < region.end ? region : undefined;
  }

  isCode(address: number): boolean {
    return this.region(address)?.executable === true;
  }

  /** Those whose further unwind tables are asked for. */
  get wanting(): Image[] {
    return this.candidates.flatMap(({ image }) => (image?.frames.wantsFurther ? [image] : []));
  }

  /** The binary an address belongs to; undefined also while its headers are missing. */
  at(address: number): Image | undefined {
    const candidate = before(this.candidates, address);
    if (!candidate) return undefined;
    if (candidate.image === undefined) {
      const { misses } = this.space;
      const image = this.open(candidate);
      if (image === undefined && this.space.misses > misses) return undefined;
      candidate.image = image ?? null;
    }
    const { image } = candidate;
    return image && address < image.end ? image : undefined;
  }

  private open({ row, start, end }: Candidate): Image | undefined {
    const { misses } = this.space;
    const header = this.space.bytes(start, ELF_HEADER);
    // Unreadable: what lies there is known by its file alone.
    if (!header && this.space.misses === misses) return this.imageOf(row, start, end, start, undefined, []);
    // 64-bit little-endian.
    if (header?.readUInt32BE(0) !== 0x7f45_4c46 || header.readUInt16LE(4) !== 0x0102) return undefined;
    const offset = Number(header.readBigUInt64LE(32));
    const count = header.readUInt16LE(56);
    if (header.readUInt16LE(54) !== PROGRAM_HEADER || count > MOST_HEADERS || offset > 2 ** 20)
      return undefined;
    const headers = this.space.bytes(start + offset, count * PROGRAM_HEADER);
    if (!headers) return undefined;
    let bias: number | undefined;
    let last = 0;
    let frameHeader: Loaded | undefined;
    const constant: Loaded[] = [];
    for (let at = 0; at < headers.length; at += PROGRAM_HEADER) {
      const type = headers.readUInt32LE(at);
      const fileOffset = Number(headers.readBigUInt64LE(at + 8));
      const address = Number(headers.readBigUInt64LE(at + 16));
      const size = Number(headers.readBigUInt64LE(at + 40));
      if (type === PT_LOAD) {
        if ((headers.readUInt32LE(at + 4) & WRITABLE) === 0) constant.push({ address, size });
        // The first page of the file lies where its mapping begins.
        if (bias === undefined) bias = start - (address - fileOffset);
        last = Math.max(last, address + size);
      } else if (type === PT_GNU_EH_FRAME) frameHeader = { address, size };
    }
    if (bias === undefined) return undefined;
    // Parts of it may be mapped once more, far away: V8 does so to have its builtins near.
    return this.imageOf(row, start, bias + last, bias, frameHeader, constant);
  }

  private imageOf(
    row: MapsRow,
    start: number,
    end: number,
    bias: number,
    frameHeader: Loaded | undefined,
    constant: readonly Loaded[],
  ): Image {
    const { path = '', device, inode, deleted } = row;
    const mapping = { start: row.start, end: row.end };
    const parts = constant.map((part) => ({ ...part, address: part.address + bias }));
    const frames = new FrameTable(this.space, bias, frameHeader, parts);
    return { path, device, inode, deleted, mapping, bias, start, end, frames };
  }
}

/** Whether an address has what it had: a mapping of the same part of the same file that nobody writes to. */
export function isSameRegion(before: Region | undefined, now: Region | undefined): boolean {
  return (
    before !== undefined &&
    now?.constant === true &&
    before.start === now.start &&
    before.end === now.end &&
    before.file === now.file
  );
}

function keyOf({ row, start, end }: Candidate): string {
  return `${start} ${end} ${row.device} ${row.inode} ${row.path ?? ''}`;
}

/** The last of the sorted that begins at or before the address. */
function before<T extends { readonly start: number }>(sorted: readonly T[], address: number): T | undefined {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle]?.start ?? Number.POSITIVE_INFINITY) <= address) low = middle + 1;
    else high = middle;
  }
  return sorted[low - 1];
}
