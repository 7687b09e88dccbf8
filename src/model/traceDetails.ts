import type { TracedRequest } from './trace';

/** What a trace tells beyond its summary: too much for a Sample, enough for other programs. */
export interface TraceDetails {
  /** When it began: milliseconds since 1970 here, and seconds of CLOCK_MONOTONIC of the traced host. */
  readonly began: number;
  readonly origin: number;
  /** Completed requests in the order they completed, without stacks: all that were seen one by one, or an even choice of them. */
  readonly requests: readonly TracedRequest[];
  /** Requests seen from submit to completion. */
  readonly completed: number;
  /** Of these, those that were counted where they happened, at a high rate; of the others many are the slowest. */
  readonly counted: number;
  /** An even choice of those whose submit's stack was copied. */
  readonly stacks: readonly TracedRequest[];
  /** For each second in which requests completed. */
  readonly overTime: readonly LatencyPoint[];
  readonly latencies: readonly LatencyBuckets[];
}

/** Latencies in seconds. */
export interface LatencySpan {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly most: number;
}

export interface LatencyPoint extends LatencySpan {
  /** Seconds after the trace began at which the second ends. */
  readonly at: number;
}

/** How many requests of an operation took how long. */
export interface LatencyBuckets {
  readonly operation: string;
  /** Those up to each of LATENCY_BOUNDS and above the one before; at the end those above all. */
  readonly counts: readonly number[];
  /** Seconds of all together. */
  readonly sum: number;
}

/** Seconds. */
export const LATENCY_BOUNDS: readonly number[] = [
  1e-6, 2.5e-6, 5e-6, 1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1,
  0.25, 0.5, 1, 2.5, 5, 10, 60,
];

/** How a trace goes that is under way. */
export interface TraceStatus {
  /** Seconds since it began. */
  readonly seconds: number;
  /** A second, of late. */
  readonly events: number;
  readonly submitted: number;
  readonly completed: number;
  /** Events that are known to be lost so far, at least, and stacks. */
  readonly lostEvents: number;
  readonly lostStacks: number;
  /** Shares of one processor that it takes, of late: here, and in the host's probe (with the looks meanwhile). */
  readonly own: number;
  readonly probe?: number;
}
