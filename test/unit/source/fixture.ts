import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Lines, type LinesResult, openLines } from '../../../src/source/lines';
import type { ByteSource } from '../../../src/target/byteSource';
import { unpack } from '../../../src/target/unpack';

export const FIXTURES = ['c2', 'c4', 'c5', 'packed', 'rust5'] as const;
export type Fixture = (typeof FIXTURES)[number];

/** Of the function `step` in the fixtures in C, and of `run` in the one in Rust: first byte and length. */
export const STEP = { from: 0x400140, length: 28 };
export const RUN = { from: 0x201220, length: 155 };

/** A small program with debug information: see fixtures/make.sh. */
export function fixture(name: Fixture): Buffer {
  return readFileSync(join(import.meta.dirname, 'fixtures', `${name}.elf`));
}

/** A file that is in memory, and counts what is read of it. */
export class MemoryBytes implements ByteSource {
  readonly failed = undefined;
  bytesRead = 0;
  reads = 0;
  closed = false;

  constructor(
    private readonly data: Buffer,
    /** Longer than `data` where all behind it cannot be read. */
    readonly size = data.length,
  ) {}

  async read(offset: number, length: number): Promise<Buffer> {
    const data = this.data.subarray(offset, offset + length);
    this.reads++;
    this.bytesRead += data.length;
    return data;
  }

  close(): void {
    this.closed = true;
  }
}

export function openBytes(source: ByteSource): Promise<LinesResult> {
  return openLines(source, { path: '/program', unpack, open: async () => 'no such file' });
}

export async function linesOf(name: Fixture): Promise<Lines> {
  const result = await openBytes(new MemoryBytes(fixture(name)));
  if (!result.ok) throw new Error(result.why);
  return result.lines;
}
