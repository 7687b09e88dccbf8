/** What the verb trace is asked and tells; traceWire.ts has the bytes, trace.h does it. */

/** One event of io_uring. */
export interface TracedEvent {
  /** `io_uring_complete`. */
  readonly name: string;
  /** Of the rings asked for alone: it has a field `ctx`. */
  readonly filtered: boolean;
  /** Stacks are taken at it. */
  readonly stacks?: boolean;
}

export interface TraceAsked {
  /** KiB of each processor's buffer. */
  readonly kilobytes: number;
  /** Addresses of io_ring_ctx, up to 64; none = all rings of the machine. */
  readonly rings: readonly bigint[];
  readonly events: readonly TracedEvent[];
  /** Absent: no stacks. */
  readonly stacks?: StacksAsked;
}

export interface StacksAsked {
  /** Of each stack, from its pointer up; 32 KiB at the most. */
  readonly bytes: number;
  /** KiB of each processor's buffer for them. */
  readonly kilobytes: number;
  /** One submit of so many. */
  readonly every: number;
}

export interface TraceStarted {
  /** Of the directory below `instances/`. */
  readonly instance: string;
  /** Instances of probes that had crashed, which it has removed. */
  readonly removed: number;
  /** Events that could not be enabled, by their names: ENOENT = this kernel does not have it. */
  readonly refused: ReadonlyMap<string, string>;
  /** Why no stacks are taken, where they were asked for. */
  readonly stacksRefused?: string;
}

/** Which complete lives of requests the probe may count instead of telling their events (fold.h). */
export interface FoldAsked {
  /** Nanoseconds: slower ones are told. */
  readonly slower: number;
  /** Nanoseconds of CLOCK_MONOTONIC: seconds of rows are counted from here. */
  readonly origin: bigint;
  /** Where the records of a page begin. */
  readonly data: number;
  /** Up to 16. */
  readonly formats: readonly FoldFormat[];
  /** Addresses of io_ring_ctx, up to 64: requests of others are told. */
  readonly rings: readonly bigint[];
}

/** Offsets in a record; 0 = it has no such field. Of value and flags 4 bytes are looked at, of a submit's one. */
export interface FoldFormat {
  readonly id: number;
  /** enum fold_kind. */
  readonly kind: number;
  readonly ctx: number;
  readonly req: number;
  readonly data: number;
  readonly opcode: number;
  readonly value: number;
  readonly flags: number;
}

/** Requests that began and ended within one drain, by operation, descriptor, and the second in which they completed. */
export interface FoldedRow {
  /** 0 = the first one after the origin. */
  readonly second: number;
  readonly opcode: number;
  /** −1 = none was seen. */
  readonly fd: number;
  readonly completed: number;
  readonly punted: number;
  /** How often they were armed for poll. */
  readonly pollArmed: number;
  readonly deferred: number;
  /** With IOSQE_ASYNC. */
  readonly forced: number;
  /** By errno. */
  readonly errors: ReadonlyMap<number, number>;
  /** Nanoseconds, and how many took so long: the first and the last exactly, others to 1/128. */
  readonly latencies: readonly (readonly [nanoseconds: number, count: number])[];
  /** Nanoseconds of all together, exactly. */
  readonly sum: number;
}

export interface Folded {
  /** Bytes of the pages they stood in. */
  readonly bytes: number;
  readonly events: number;
  readonly requests: number;
  /** Of the requests, submitted by SQPOLL threads. */
  readonly polled: number;
  /** Events lost before these pages, as they tell. */
  readonly lost: number;
  readonly damaged: number;
  readonly rows: readonly FoldedRow[];
}

/** What has come since the last time. */
export interface TraceDrained {
  /** Nanoseconds of CLOCK_MONOTONIC when it began: all that is older is in it, or in the ones that follow at once. */
  readonly began: bigint;
  /** Pages of ring buffers as trace_pipe_raw gives them, without what is not used; of each processor in their order. */
  readonly pages: readonly { readonly cpu: number; readonly data: Buffer }[];
  /** Where lives were folded, in place of pages: the events of all others. Nanoseconds of CLOCK_MONOTONIC. */
  readonly records?: readonly { readonly time: bigint; readonly data: Buffer }[];
  readonly folded?: readonly Folded[];
  /** Calls of io_uring_enter by the followed threads; absent where the kernel does not count them. */
  readonly enters?: number;
  /** Records of perf, whole ones. */
  readonly stacks: readonly { readonly cpu: number; readonly data: Buffer }[];
  /** There is more at once. */
  readonly more: boolean;
}
