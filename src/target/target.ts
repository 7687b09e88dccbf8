import type { LinkResult, ListResult, MemoryRange, MemoryResult, ReadResult } from '../probe/protocol';
import type { Binaries } from './binaries';
import type { KernelMemory } from './kernelMemory';
import type { KernelSockets } from './kernelSockets';
import type { Tracing } from './tracing';

/** Limits of one read; the probe's defaults hold where one is absent. */
export interface ReadOptions {
  /** Bytes after which the content is cut (result says so). Default 1 MiB, of a listing 8 MiB. */
  readonly limit?: number;
  /** Milliseconds after which the read is abandoned and answered as timed out. Default 1000. */
  readonly deadline?: number;
}

export interface ListOptions extends ReadOptions {
  /** Each entry that is a symbolic link comes with its text. */
  readonly links?: boolean;
  /** Links with one of these texts, and no other entry: spares what nobody asked for. Implies `links`. */
  readonly only?: readonly string[];
}

/** What a host's inspector may do there. */
export interface TargetRights {
  readonly uid: number;
  /** Effective capabilities as a bit mask (/proc/self/status CapEff of the probe). */
  readonly capabilities: bigint;
}

/**
 * Where a process lives and how its files are read: this machine, a captured tree, later a remote
 * host. Results come in the order asked for; an unreadable file is a result, not an exception. A rejected
 * promise means the target itself is gone (see errors.ts).
 */
export interface Target {
  /** For people: "this machine", "capture /tmp/x". */
  readonly label: string;
  /** True when nothing will ever change: a second look is pointless unless `later` gives one. */
  readonly frozen: boolean;
  /** When a captured tree was recorded, where it says so. */
  readonly takenAt?: Date;
  readonly rights: TargetRights;
  /**
   * Pid of the task that reads, as the target's /proc has it: its own files there tell the host's clocks. Absent of a capture, and
   * where that /proc is of another PID namespace, which does not see who reads.
   */
  readonly self?: number;
  /** Its /proc is of another PID namespace than who reads: whom the kernel knows by a pid is not whom /proc has by it. */
  readonly foreignPids?: boolean;
  /** Milliseconds of processor time that the reading has taken on that host so far; absent where nobody counts. */
  readonly processor?: number | undefined;
  /** Machine name as `uname -m` prints it. */
  readonly arch: string;
  read(paths: readonly string[], options?: ReadOptions): Promise<ReadResult[]>;
  /** Entries of directories, as `options` wants them. */
  list(paths: readonly string[], options?: ListOptions): Promise<ListResult[]>;
  link(paths: readonly string[], options?: ReadOptions): Promise<LinkResult[]>;
  /**
   * The inode number of what each descriptor (`/proc/PID/fd/N`) stands for, where that is an anonymous inode; undefined for
   * all others and where it cannot be told. No file system is asked.
   */
  inodes(paths: readonly string[], options?: ReadOptions): Promise<(number | undefined)[]>;
  /** False: of processes no memory but their rings' is read, for that was switched off. */
  readonly processMemory?: boolean;
  memory(pid: number, ranges: readonly MemoryRange[], options?: ReadOptions): Promise<MemoryResult[]>;
  /** Absent where there is none to read: a captured tree. */
  readonly kernel?: KernelMemory;
  /** Absent where there is nobody to ask: a captured tree. */
  readonly sockets?: KernelSockets;
  /** Absent where nothing happens: a captured tree. */
  readonly tracing?: Tracing;
  /** Absent where there are none to read: a captured tree. */
  readonly binaries?: Binaries;
  /** The target itself, where this one is a view of it for one look: what is found out once is asked of that. */
  readonly origin?: Target;
  /** The same target a moment later, where a capture holds one. */
  later?(): Target | undefined;
  /** Settles when it is gone, with the reason in words; never rejects. Absent where it cannot go. */
  readonly lost?: Promise<string>;
  dispose(): void;
}
