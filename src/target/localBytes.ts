import { type FileHandle, open } from 'node:fs/promises';
import type { ByteSource } from './byteSource';

/** Longest single read. */
const PIECE = 1 << 30;

/** A regular file of this machine; a string says why it cannot be opened. Anything but a regular file is refused. */
export async function openLocalBytes(path: string): Promise<ByteSource | string> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, 'r');
    const stat = await handle.stat();
    if (stat.isFile()) return new LocalBytes(handle, stat.size);
    await handle.close();
    return 'not a regular file';
  } catch (error) {
    await handle?.close().catch(() => undefined);
    return reason(error);
  }
}

class LocalBytes implements ByteSource {
  failed: string | undefined;
  private closed = false;

  constructor(
    private readonly handle: FileHandle,
    readonly size: number,
  ) {}

  async read(offset: number, length: number): Promise<Buffer> {
    const wanted = Math.min(length, this.size - offset, PIECE);
    if (!(offset >= 0) || !(wanted > 0) || this.closed) return Buffer.alloc(0);
    try {
      const into = Buffer.allocUnsafeSlow(wanted);
      let got = 0;
      while (got < wanted) {
        const { bytesRead } = await this.handle.read(into, got, wanted - got, offset + got);
        if (bytesRead === 0) break;
        got += bytesRead;
      }
      return into.subarray(0, got);
    } catch (error) {
      this.failed ??= reason(error);
      return Buffer.alloc(0);
    }
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.handle.close().catch(() => undefined);
  }
}

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));
