import { parseMaps } from '../../procfs/maps';
import type { Target } from '../../target/target';
import { AddressSpace } from '../unwind/addressSpace';
import { AnsweringMemory } from '../unwind/answering';
import { type Image, Images, isSameRegion, type Region } from '../unwind/images';

/** Milliseconds for one read of memory, and for all that is asked in one look. */
const DEADLINE = 500;
const PATIENCE = 4000;
/** Pages read in one look. */
const MOST_FETCHES = 400;
/** Binaries whose headers are missing take two reads. */
const MOST_ROUNDS = 8;
const HEAP = '[heap]';

/** A process's memory for searches that wait for what they read: those of one moment travel together. */
export class ProcessMemory {
  private space = new AddressSpace();
  private images: Images | undefined;
  private mapped: string | undefined;
  private coming: Promise<void> | undefined;
  private fetches = 0;
  /** Raised when something else is mapped than at the look before. */
  generation = 0;
  private until = 0;

  private readonly memory: AnsweringMemory;

  constructor(
    private readonly target: Target,
    private readonly pid: number,
  ) {
    this.memory = new AnsweringMemory(target, pid, DEADLINE);
  }

  /** It did not answer in time: nothing further is read in this look. */
  get hangs(): boolean {
    return this.space.hangs;
  }

  /** Nothing more is read: it has taken too long, or too much. */
  get isSpent(): boolean {
    return this.space.hangs || this.fetches >= MOST_FETCHES || Date.now() > this.until;
  }

  /** Begins a look: only what cannot have changed is still known. False where there is no memory to read. */
  async open(): Promise<boolean> {
    this.fetches = 0;
    this.until = Date.now() + PATIENCE;
    this.space.hangs = false;
    const options = { limit: 8 * 2 ** 20, deadline: DEADLINE };
    const [[maps]] = await Promise.all([
      this.target.read([`/proc/${this.pid}/maps`], options),
      this.memory.begin(),
    ]);
    if (!maps?.ok) return false;
    const text = maps.data.toString('latin1');
    const before = this.images;
    if (!before || this.mapped !== text) {
      const images = new Images(parseMaps(text).rows, this.space, before);
      this.images = images;
      this.mapped = text;
      this.generation++;
      this.space.retain((address) => isSameRegion(before?.region(address), images.region(address)));
    }
    return true;
  }

  /** Ends a look. */
  close(): void {
    this.space.retain((address) => this.region(address)?.constant === true);
  }

  region(address: number): Region | undefined {
    return this.images?.region(address);
  }

  /** Those that begin between two addresses. */
  regionsIn(start: number, end: number): Region[] {
    return this.images?.regions.filter((region) => region.start >= start && region.start < end) ?? [];
  }

  /** The files that are mapped, with the lowest address of each. */
  files(): readonly { readonly path: string; readonly start: number }[] {
    const files = new Map<string, number>();
    for (const { file, start } of this.images?.regions ?? []) {
      const path = file.split(' ').slice(3).join(' ');
      if (path !== '' && !files.has(path)) files.set(path, start);
    }
    return [...files].map(([path, start]) => ({ path, start }));
  }

  /** The program's own file, as far as the order of mappings tells. */
  executable(): { readonly path: string; readonly start: number } | undefined {
    return this.files().find(({ path }) => path.startsWith('/') && !/\.so(?:\.|$)/.test(path));
  }

  /** Where the program may have its objects: the heap first, then small memory before big; so many bytes, in pieces. */
  heaps(most: number, piece: number): readonly { readonly start: number; readonly length: number }[] {
    const size = ({ start, end }: Region) => end - start;
    const heaps = (this.images?.regions ?? [])
      .filter(({ inode, writable, name }) => inode === 0 && writable && (name === '' || name === HEAP))
      .sort((a, b) => Number(b.name === HEAP) - Number(a.name === HEAP) || size(a) - size(b));
    const pieces: { readonly start: number; readonly length: number }[] = [];
    let left = most;
    for (const { start, end } of heaps)
      for (let at = start; at < end && left > 0; at += piece) {
        const length = Math.min(piece, end - at, left);
        pieces.push({ start: at, length });
        left -= length;
      }
    return pieces;
  }

  isCode(address: number): boolean {
    return this.images?.isCode(address) === true;
  }

  /** The binary that an address lies in, its data too. */
  async image(address: number): Promise<Image | undefined> {
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const { misses } = this.space;
      const image = this.images?.at(address);
      if (image || this.space.misses === misses) return image;
      if (!(await this.fetch())) return undefined;
    }
    return undefined;
  }

  /** Undefined where it cannot be read. */
  async bytes(address: number, length: number): Promise<Buffer | undefined> {
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const { misses } = this.space;
      const data = this.space.bytes(address, length);
      if (data || this.space.misses === misses) return data;
      if (!(await this.fetch())) return undefined;
    }
    return undefined;
  }

  /** Unwind tables say that a function begins there, as they do where symbols are stripped. */
  async beginsFunction({ frames }: Image, address: number): Promise<boolean> {
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const { misses } = this.space;
      const begins = frames.beginsAt(address);
      if (begins || this.space.misses === misses) return begins;
      if (!(await this.fetch())) return false;
    }
    return false;
  }

  /** Eight bytes as an address; undefined also for what is none. */
  async word(address: number): Promise<number | undefined> {
    const data = await this.bytes(address, 8);
    return data && wordIn(data, 0);
  }

  private async fetch(): Promise<boolean> {
    if (this.isSpent) return false;
    this.coming ??= this.fetchSoon();
    await this.coming;
    return true;
  }

  /** What the other searches of this moment miss comes with it. */
  private async fetchSoon(): Promise<void> {
    try {
      await new Promise((resolve) => setImmediate(resolve));
      this.fetches++;
      if (this.images) await this.space.fetch(this.memory.reader(this.images));
    } finally {
      this.coming = undefined;
    }
  }
}

/** Eight bytes as an address of user space; undefined for what is none. */
export function wordIn(data: Buffer, at: number): number | undefined {
  if (at < 0 || at + 8 > data.length) return undefined;
  const high = data.readUInt32LE(at + 4);
  return high < 0x20_0000 ? high * 2 ** 32 + data.readUInt32LE(at) : undefined;
}
