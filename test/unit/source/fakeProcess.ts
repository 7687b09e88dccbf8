import type { MemoryRange, MemoryResult, ReadResult } from '../../../src/probe/protocol';
import type { BinaryFile, Binaries as TargetBinaries } from '../../../src/target/binaries';
import type { Target } from '../../../src/target/target';

/** One mapping of a process that is not there. */
export interface FakeMapping {
  readonly start: number;
  readonly end: number;
  readonly perms: string;
  readonly offset?: number;
  readonly inode?: number;
  readonly path?: string;
  /** Read as zeros behind its end; absent = it cannot be read. */
  readonly data?: Buffer;
}

export interface FakeThread {
  /** The line of /proc/PID/task/TID/syscall. */
  readonly syscall: string;
  readonly schedstat?: string;
}

/** A file by the way it is asked for: `mapped 400000`, `executable`, `inside PID PATH`; a text is an errno. */
export interface FakeFile {
  readonly data: Buffer;
  readonly inode: number;
}

export const PID = 7;
export const DEVICE = '08:01';
export const MOUNTS = '21 1 8:1 / / rw - ext4 /dev/sda1 rw\n';

export const wayOf = (file: BinaryFile): string => {
  if (file.kind === 'mapped') return `mapped ${file.start.toString(16)}`;
  return file.kind === 'inside' ? `inside ${file.pid} ${file.path}` : file.kind;
};

/** A process made of mappings and threads, with what was asked of it. */
export class FakeProcess implements Target {
  readonly label = 'a test';
  readonly frozen = false;
  readonly rights = { uid: 0, capabilities: 0n };
  arch = 'x86_64';
  mappings: readonly FakeMapping[] = [];
  threads = new Map<number, FakeThread>();
  files = new Map<string, FakeFile | string>();
  mountinfo = MOUNTS;
  /** Before each answer; changes what comes next. */
  onRead: (paths: readonly string[]) => void = () => undefined;
  memoryErrno: string | undefined;
  bytesRead = 0;
  rounds = 0;
  readonly asked: string[] = [];
  readonly binaries: TargetBinaries = {
    read: async (ranges) =>
      ranges.map(({ file, offset, length }) => {
        this.asked.push(`read ${wayOf(file)}`);
        const found = this.files.get(wayOf(file)) ?? 'ENOENT';
        if (typeof found === 'string') return { ok: false, errno: found };
        return { ok: true, data: found.data.subarray(offset, offset + length), truncated: false };
      }),
    identify: async (files) =>
      files.map((file) => {
        this.asked.push(wayOf(file));
        const found = this.files.get(wayOf(file)) ?? 'ENOENT';
        if (typeof found === 'string') return { ok: false, errno: found };
        return { size: found.data.length, inode: BigInt(found.inode), device: 1n, modified: 0 };
      }),
  };

  get maps(): string {
    return this.mappings
      .map(
        ({ start, end, perms, offset = 0, inode = 0, path = '' }) =>
          `${start.toString(16)}-${end.toString(16)} ${perms} ${offset.toString(16)} ${DEVICE} ${inode} ${path}`,
      )
      .join('\n')
      .concat('\n');
  }

  async read(paths: readonly string[]): Promise<ReadResult[]> {
    this.onRead(paths);
    return paths.map((path) => {
      const text = this.text(path);
      if (text === undefined) return { ok: false, errno: 'ENOENT' };
      return { ok: true, data: Buffer.from(text, 'latin1'), truncated: false };
    });
  }

  async memory(_pid: number, ranges: readonly MemoryRange[]): Promise<MemoryResult[]> {
    this.rounds++;
    return ranges.map(({ address, length }) => {
      // As the wire has it: throws for what is no address.
      Buffer.alloc(12).writeBigUInt64LE(address, 0);
      if (this.memoryErrno !== undefined) return { ok: false, errno: this.memoryErrno };
      const from = Number(address);
      const at = this.mappings.find(({ start, end }) => from >= start && from + length <= end);
      if (!at?.data) return { ok: false, errno: 'EIO' };
      this.bytesRead += length;
      const data = Buffer.alloc(length);
      if (from - at.start < at.data.length) at.data.copy(data, 0, from - at.start, from - at.start + length);
      return { ok: true, data, truncated: false };
    });
  }

  list = async () => [];
  link = async () => [];
  inodes = async () => [];
  dispose = () => undefined;

  private text(path: string): string | undefined {
    if (path.endsWith('/maps')) return this.maps;
    if (path.endsWith('/mountinfo')) return this.mountinfo;
    const [, tid, name] = /task\/(\d+)\/(syscall|schedstat)$/.exec(path) ?? [];
    const thread = this.threads.get(Number(tid));
    return name === 'syscall' ? thread?.syscall : thread && (thread.schedstat ?? '1 2 3');
  }
}

/** A thread in a system call with that stack pointer and program counter. */
export const inCall = (sp: number, pc: number, number = 0): FakeThread => ({
  syscall: `${number} 0x0 0x0 0x0 0x0 0x0 0x0 0x${sp.toString(16)} 0x${pc.toString(16)}\n`,
});
