/** What the probe is asked and what it answers; wire.ts has the bytes. */

/** Outcome of one item: bytes, or a symbolic errno such as `ENOENT`; ETIMEDOUT = abandoned at its deadline. */
export type ReadResult =
  | { readonly ok: true; readonly data: Buffer /** The limit cut it. */; readonly truncated: boolean }
  | Failure;

export interface Failure {
  readonly ok: false;
  /**
   * `EACCES`, `ENOENT`, `ESRCH`, `EIO`, … ETIMEDOUT: abandoned at its deadline. EBUSY: not tried, because
   * too many reads of the same process hang already, or one for the lock of its memory map. EPERM also stands for what the probe refuses to
   * open, ENOSYS for a verb it does not know.
   */
  readonly errno: string;
}

export interface ListEntry {
  readonly name: string;
  /** Text of the symbolic link, when asked for and readable. */
  readonly link?: string;
}

export type ListResult =
  | { readonly ok: true; readonly entries: readonly ListEntry[]; readonly truncated: boolean }
  | Failure;

export type LinkResult = { readonly ok: true; readonly target: string } | Failure;

export interface MemoryRange {
  readonly address: bigint;
  /** Bytes. */
  readonly length: number;
  /**
   * For the mapping of a ring: its descriptor and the mapping's offset. Where /proc/PID/mem refuses ring
   * memory (before 6.10), the ring itself is mapped through a duplicate that is closed at once.
   */
  readonly ring?: { readonly fd: number; readonly offset: bigint };
}

export type MemoryResult =
  | { readonly ok: true; readonly data: Buffer; readonly truncated: boolean }
  | Failure;

/** Raised with every change that an older end would misread. */
export const PROTOCOL = 1;

/** Numbers on the wire. A probe of before answers ENOSYS to `trace`. */
export const verbs = {
  read: 1,
  list: 2,
  link: 3,
  memory: 4,
  kernel: 5,
  elf: 6,
  trace: 7,
  sockets: 8,
  idle: 9,
} as const;
export type Verb = keyof typeof verbs;

/** What a request asks for every one of its items. The wire has the bounds for each item. */
export interface Question {
  readonly verb: Verb;
  /** `list`: give the text of links. */
  readonly links?: boolean;
  /** `link`: the inode number of the anonymous inode behind each link, in place of its text. */
  readonly inode?: boolean;
  /** `list`: each body has the texts of the wanted links behind its path (see encodeWanted). */
  readonly only?: boolean;
  /** Bytes of an answer, at most. */
  readonly limit: number;
  /** Milliseconds for one item. */
  readonly deadline: number;
}

/** A path, or what encodeMemory, encodeIdle, kernelWire.ts and socketWire.ts, traceWire.ts give. */
export type Body = string | Buffer;

/** The probe's first frame: who it is, where it runs, and with which rights. */
export interface Hello {
  readonly kind: 'hello';
  readonly protocol: number;
  readonly version: string;
  /** Its /proc is of another PID namespace than itself: the kernel knows processes by other pids than /proc. */
  readonly foreignPids: boolean;
  /** As its /proc has it; 0 where that is of another PID namespace, in which the probe has no number. */
  readonly pid: number;
  readonly uid: number;
  /** Effective capabilities. */
  readonly capabilities: bigint;
  /** Nanoseconds since boot, CLOCK_BOOTTIME, when the probe started. */
  readonly uptime: bigint;
  readonly pageSize: number;
  readonly clockTicks: number;
  readonly processors: number;
  /** As `uname -m`, `-r`, `-n` print them. */
  readonly machine: string;
  readonly release: string;
  readonly host: string;
}

export type Frame =
  | Hello
  | { readonly kind: 'answers'; readonly id: number; readonly answers: readonly ReadResult[] }
  | {
      readonly kind: 'done';
      readonly id: number;
      readonly count: number;
      /** Milliseconds of processor time that the probe and its readers have taken so far; a probe of before does not say. */
      readonly processor?: number;
    }
  | { readonly kind: 'fatal'; readonly text: string };
