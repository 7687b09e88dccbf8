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

/** What has come since the last time. */
export interface TraceDrained {
  /** Nanoseconds of CLOCK_MONOTONIC when it began: all that is older is in it, or in the ones that follow at once. */
  readonly began: bigint;
  /** Pages of ring buffers as trace_pipe_raw gives them, without what is not used; of each processor in their order. */
  readonly pages: readonly { readonly cpu: number; readonly data: Buffer }[];
  /** Records of perf, whole ones. */
  readonly stacks: readonly { readonly cpu: number; readonly data: Buffer }[];
  /** There is more at once. */
  readonly more: boolean;
}
