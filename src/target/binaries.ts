import type { BinaryFile, BinaryIdentity } from '../probe/elfProtocol';
import type { Failure, ReadResult } from '../probe/protocol';
import type { ReadOptions } from './target';

export type { BinaryFile, BinaryIdentity } from '../probe/elfProtocol';

/** Bytes of a file: cut where it ends. */
export interface BinaryRange {
  readonly file: BinaryFile;
  readonly offset: number;
  readonly length: number;
}

/**
 * ELF files where they lie, on the target's host, and perf maps. No other file is read: EPERM, as where the right is missing. ETIMEDOUT = its
 * file system does not answer.
 */
export interface Binaries {
  read(ranges: readonly BinaryRange[], options?: ReadOptions): Promise<ReadResult[]>;
  identify(files: readonly BinaryFile[], options?: ReadOptions): Promise<(BinaryIdentity | Failure)[]>;
}
