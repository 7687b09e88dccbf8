import type { ByteSource } from '../target/byteSource';

const WINDOW = 1 << 16;
/** Windows kept of one file: 16 MiB. */
const KEPT = 256;
/** Longer reads go around the windows. */
const LONG = 4 * WINDOW;
/** Longest string: a mangled name of C++ can have tens of thousands of characters. */
const LONGEST_TEXT = 1 << 20;
const EMPTY = Buffer.alloc(0);

/** A stretch of bytes that is fetched as it is asked for: a section. What lies behind its end comes out short. */
export interface Stretch {
  readonly size: number;
  bytes(offset: number, length: number): Promise<Buffer>;
  /** The same where no fetch is needed, else undefined. */
  now(offset: number, length: number): Buffer | undefined;
  /** The string up to the next null byte; undefined behind the end. */
  text(offset: number): Promise<string | undefined>;
  part(offset: number, size: number): Stretch;
}

/** A file in windows of 64 KiB; the ones not used for longest are dropped. */
export class Windows {
  private readonly kept = new Map<number, Buffer>();
  private readonly coming = new Map<number, Promise<Buffer>>();

  constructor(readonly source: ByteSource) {}

  now(offset: number, length: number): Buffer | undefined {
    const number = Math.floor(offset / WINDOW);
    const from = offset - number * WINDOW;
    if (from + length > WINDOW) return undefined;
    const found = this.kept.get(number);
    if (found === undefined) return undefined;
    this.keep(number, found);
    return found.subarray(from, from + length);
  }

  async bytes(offset: number, length: number): Promise<Buffer> {
    if (length > LONG) return this.source.read(offset, length);
    const first = Math.floor(offset / WINDOW);
    const last = Math.floor((offset + length - 1) / WINDOW);
    const windows: Buffer[] = [];
    for (let number = first; number <= last; number++) windows.push(await this.window(number));
    const [only] = windows;
    const all = windows.length === 1 && only !== undefined ? only : Buffer.concat(windows);
    return all.subarray(offset - first * WINDOW, offset - first * WINDOW + length);
  }

  private window(number: number): Buffer | Promise<Buffer> {
    const found = this.kept.get(number);
    if (found !== undefined) {
      this.keep(number, found);
      return found;
    }
    let coming = this.coming.get(number);
    if (coming === undefined) {
      coming = this.source.read(number * WINDOW, WINDOW).then((data) => {
        this.coming.delete(number);
        this.keep(number, data);
        return data;
      });
      this.coming.set(number, coming);
    }
    return coming;
  }

  private keep(number: number, data: Buffer): void {
    this.kept.delete(number);
    this.kept.set(number, data);
    if (this.kept.size <= KEPT) return;
    const [oldest] = this.kept.keys();
    if (oldest !== undefined) this.kept.delete(oldest);
  }
}

abstract class Readable {
  abstract readonly size: number;
  abstract bytes(offset: number, length: number): Promise<Buffer>;

  async text(offset: number): Promise<string | undefined> {
    for (let length = 128; length <= LONGEST_TEXT; length *= 8) {
      const data = await this.bytes(offset, length);
      const end = data.indexOf(0);
      if (end >= 0) return data.toString('utf8', 0, end);
      if (data.length < length) return undefined;
    }
    return undefined;
  }
}

/** Bytes `from` to `from + size` of a file. */
export class FileStretch extends Readable implements Stretch {
  readonly size: number;

  constructor(
    private readonly windows: Windows,
    private readonly from: number,
    size: number,
  ) {
    super();
    this.size = Math.max(0, Math.min(size, windows.source.size - from));
  }

  async bytes(offset: number, length: number): Promise<Buffer> {
    const within = Math.min(length, this.size - offset);
    if (!(offset >= 0) || !(within > 0)) return EMPTY;
    return this.now(offset, within) ?? this.windows.bytes(this.from + offset, within);
  }

  now(offset: number, length: number): Buffer | undefined {
    const within = Math.min(length, this.size - offset);
    if (!(offset >= 0) || !(within > 0)) return EMPTY;
    return this.windows.now(this.from + offset, within);
  }

  part(offset: number, size: number): Stretch {
    const from = Math.min(Math.max(offset, 0), this.size);
    return new FileStretch(this.windows, this.from + from, Math.min(size, this.size - from));
  }
}

/** Bytes that are all there: an unpacked section. */
export class MemoryStretch extends Readable implements Stretch {
  readonly size: number;

  constructor(private readonly data: Buffer) {
    super();
    this.size = data.length;
  }

  now(offset: number, length: number): Buffer {
    return offset >= 0 && length > 0 ? this.data.subarray(offset, offset + length) : EMPTY;
  }

  async bytes(offset: number, length: number): Promise<Buffer> {
    return this.now(offset, length);
  }

  part(offset: number, size: number): Stretch {
    return new MemoryStretch(this.now(offset, size));
  }
}

/** A file that is all there. */
export function memoryBytes(data: Buffer): ByteSource {
  return {
    size: data.length,
    failed: undefined,
    read: (offset, length) => Promise.resolve(data.subarray(offset, offset + length)),
    close: () => undefined,
  };
}
