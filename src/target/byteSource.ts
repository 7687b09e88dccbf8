/** A file read in pieces, so that only what is needed of a big one travels. */
export interface ByteSource {
  /** Bytes. */
  readonly size: number;
  /** Shorter where the file ends or cannot be read (`failed` says then why). Never rejects. */
  read(offset: number, length: number): Promise<Buffer>;
  /** Why the first read that failed did. */
  readonly failed: string | undefined;
  /** Gives the file back. Reads after that come out empty. */
  close(): void;
}

export type Compression = 'zlib' | 'zstd' | 'xz';

/** What was packed, at most `most` bytes of it; a string says why it cannot be unpacked. Never rejects. */
export type Unpack = (packed: Buffer, way: Compression, most: number) => Promise<Buffer | string>;
