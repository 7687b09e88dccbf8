/** One entry of a cpio archive. */
export interface Entry {
  /** Without a slash at the start. */
  readonly path: string;
  /** Absent: a directory. */
  readonly content?: Buffer;
  readonly executable?: boolean;
}

/** An archive that the kernel takes for its first file system: cpio, "newc" (Documentation/driver-api/early-userspace). */
export function cpio(entries: readonly Entry[]): Buffer {
  const parts = entries.map((entry, index) => record(entry, index + 1));
  return Buffer.concat([...parts, record({ path: 'TRAILER!!!', content: Buffer.alloc(0) }, 0)]);
}

function record({ path, content, executable = false }: Entry, inode: number): Buffer {
  const mode = content === undefined ? 0o40755 : executable ? 0o100755 : 0o100644;
  const length = content?.length ?? 0;
  const name = Buffer.from(`${path}\0`);
  // inode, mode, uid, gid, links, mtime, size, device, rdev, length of the name, checksum
  const fields = [inode, mode, 0, 0, 1, 0, length, 0, 0, 0, 0, name.length, 0];
  const head = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
  return Buffer.concat([
    aligned(Buffer.concat([Buffer.from(head), name])),
    aligned(content ?? Buffer.alloc(0)),
  ]);
}

/** Padded to a multiple of four bytes. */
function aligned(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
}
