import type { UserFrame } from './sample';

/** What was traced of a process's rings. Times are seconds. */
export interface TraceSummary {
  readonly seconds: number;
  readonly submitted: number;
  /** Calls of io_uring_enter meanwhile, by up to 64 threads that were there for a second; absent where the kernel does not count them. */
  readonly systemCalls?: number;
  /** CQEs posted, of multishot requests each. */
  readonly completed: number;
  /** Submitted meanwhile and not completed. */
  readonly pending: number;
  /** Completions whose submit was not seen: from before the trace began, or lost. They are in no latency. */
  readonly unseenSubmits: number;
  /** Submits whose request was used again without a completion: lost, or IOSQE_CQE_SKIP_SUCCESS. */
  readonly unseenCompletions: number;
  readonly lost: TraceLosses;
  /** CQEs that had no place in the CQ ring. */
  readonly overflowed: number;
  /** Of `submitted`, those that SQPOLL threads took up. */
  readonly polledSubmits?: number;
  /** Of `completed`, those that were counted where they happened, at a high rate: none of them is told one by one. */
  readonly counted?: number;
  /** How completions lay in the CQ rings. */
  readonly reaping?: readonly TracedReaping[];
  /** The most completions first; by operation and descriptor. */
  readonly operations: readonly TracedOperation[];
  /** The slowest that completed, slowest first. */
  readonly slowest: readonly TracedRequest[];
  /** Of those pending, the oldest first. */
  readonly oldest: readonly TracedRequest[];
  /** What could not be traced, and why: completes "not traced: …". */
  readonly notTraced: readonly string[];
}

/** Of one ring, by its counters at several moments. */
export interface TracedReaping {
  readonly ringFd: number;
  /** Moments at which the kernel told the counters, and of these the ones at which completions lay there. */
  readonly looks: number;
  readonly filled: number;
  /** Between the first and the last of them. */
  readonly seconds: number;
  /** CQEs that the program took meanwhile. */
  readonly collected: number;
  /** CQEs that lay there, on average and at the most. */
  readonly held: number;
  readonly most: number;
}

export interface TraceLosses {
  /** Events that had no place in the kernel's buffer, among them of rings that others have created; 0 = none, exact. Absent where the kernel does not tell. */
  readonly events?: number;
  /** Stacks that had no place, or were more than are kept. */
  readonly stacks: number;
}

export interface TracedOperation {
  readonly operation: string;
  /** Absent: none, a registered file, or many taken together. */
  readonly fd?: number;
  readonly completed: number;
  /** By errno, of those that failed. */
  readonly errors: Readonly<Record<string, number>>;
  /** Handed to an io-wq worker; armed for poll, each time; deferred behind a drain. */
  readonly punted: number;
  readonly pollArmed: number;
  readonly deferred: number;
  /** Of those that ended or are pending, the ones that asked for a worker themselves (IOSQE_ASYNC). */
  readonly forced?: number;
  /** Submitted meanwhile and not completed. Those are in `punted`, `pollArmed` and `deferred`, too. */
  readonly pending?: number;
  /** From submit to completion; absent where none was seen from the one to the other. */
  readonly latency?: Latency;
}

/** Exact to 1 %. */
export interface Latency {
  readonly count: number;
  readonly least: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly most: number;
}

export interface TracedRequest {
  readonly operation: string;
  readonly userData: string;
  readonly fd?: number;
  /** Descriptor of its ring, where it is known. */
  readonly ringFd?: number;
  /** Who submitted it. */
  readonly submitter: number;
  /** Seconds of CLOCK_MONOTONIC of its host when it was submitted. */
  readonly submittedAt: number;
  /** To completion; of a pending one until the trace ended. */
  readonly took: number;
  /** Absent while it is pending. */
  readonly result?: string;
  /** Seconds after the submit at which it was handed to a worker, first armed for poll, deferred, given to task work. */
  readonly punted?: number;
  readonly pollArmed?: number;
  readonly deferred?: number;
  readonly taskWork?: number;
  /** How often it was armed for poll, where more than once. */
  readonly polls?: number;
  /** The submitting thread's stack at that moment, innermost first. */
  readonly stack?: readonly UserFrame[];
  /** Why there is none, or why it ends early: completes "its stack …". */
  readonly stackNote?: string;
}
