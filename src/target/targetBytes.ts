import type { Binaries, BinaryFile, BinaryIdentity } from './binaries';
import type { ByteSource } from './byteSource';

/** Milliseconds that one read of a binary may take: it comes from a disk at worst. */
const DEADLINE = 3000;
/** Bytes of one question: an editor's thread hands the answer on, and may not be held up by it. The probe answers 16 MiB at most. */
const PIECE = 4 << 20;

export interface OpenedBinary {
  readonly bytes: ByteSource;
  readonly identity: BinaryIdentity;
}

/** An ELF file on the target's host; an errno says why it cannot be read. */
export async function openBinary(binaries: Binaries, file: BinaryFile): Promise<OpenedBinary | string> {
  const [identity] = await binaries.identify([file], { deadline: DEADLINE });
  if (!identity) return 'EIO';
  if ('errno' in identity) return identity.errno;
  return { bytes: new TargetBytes(binaries, file, identity), identity };
}

class TargetBytes implements ByteSource {
  failed: string | undefined;
  private closed = false;

  constructor(
    private readonly binaries: Binaries,
    private readonly file: BinaryFile,
    private readonly identity: BinaryIdentity,
  ) {}

  get size(): number {
    return this.identity.size;
  }

  async read(offset: number, length: number): Promise<Buffer> {
    const wanted = Math.min(length, this.size - offset);
    // What did not answer once is not asked again: each question would wait as long.
    if (!(offset >= 0) || !(wanted > 0) || this.closed || this.failed !== undefined) return Buffer.alloc(0);
    const ranges: { readonly file: BinaryFile; readonly offset: number; readonly length: number }[] = [];
    for (let at = 0; at < wanted; at += PIECE)
      ranges.push({ file: this.file, offset: offset + at, length: Math.min(PIECE, wanted - at) });
    try {
      const [[now], ...answers] = await Promise.all([
        this.binaries.identify([this.file], { deadline: DEADLINE }),
        ...ranges.map((range) => this.binaries.read([range], { deadline: DEADLINE })),
      ]);
      if (now && !('errno' in now) && !isSame(now, this.identity)) {
        this.failed = 'ESTALE';
        return Buffer.alloc(0);
      }
      const parts: Buffer[] = [];
      for (const [index, answer] of answers.flat().entries()) {
        if (!answer.ok) {
          this.failed = answer.errno;
          break;
        }
        parts.push(answer.data);
        if (answer.data.length < (ranges[index]?.length ?? 0)) break;
      }
      const [only] = parts;
      return parts.length === 1 && only ? only : Buffer.concat(parts);
    } catch (error) {
      this.failed = error instanceof Error ? error.message : String(error);
      return Buffer.alloc(0);
    }
  }

  close(): void {
    this.closed = true;
  }
}

/** A process that has become another program, or a file that was put in its place, is read no further. */
function isSame(one: BinaryIdentity, other: BinaryIdentity): boolean {
  return (
    one.inode === other.inode &&
    one.device === other.device &&
    one.size === other.size &&
    one.modified === other.modified
  );
}
