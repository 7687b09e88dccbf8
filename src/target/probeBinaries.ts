import { decodeIdentity, encodeElf } from '../probe/elfWire';
import type { Failure, ReadResult } from '../probe/protocol';
import { LIMIT_MAX } from '../probe/wire';
import type { Binaries, BinaryFile, BinaryIdentity, BinaryRange } from './binaries';
import { type Ask, Joiner } from './joiner';
import type { ReadOptions } from './target';

/** Binaries on a running probe's host. */
export class ProbeBinaries implements Binaries {
  private readonly reads: Joiner;

  /** `ask` asks items of the verb elf. */
  constructor(ask: Ask) {
    this.reads = new Joiner(ask);
  }

  async read(ranges: readonly BinaryRange[], options: ReadOptions = {}): Promise<ReadResult[]> {
    const bodies = ranges.map(({ file, offset, length }) => encodeElf(file, offset, Math.max(1, length)));
    return this.reads.join(bodies, { limit: LIMIT_MAX, ...options });
  }

  async identify(
    files: readonly BinaryFile[],
    options: ReadOptions = {},
  ): Promise<(BinaryIdentity | Failure)[]> {
    // In one question with what is read of them.
    const answers = await this.reads.join(
      files.map((file) => encodeElf(file, 0, 0)),
      { limit: LIMIT_MAX, ...options },
    );
    return answers.map((answer) =>
      answer.ok ? (decodeIdentity(answer.data) ?? { ok: false, errno: 'EPROTO' }) : answer,
    );
  }
}
