import type { Finding, TaskState } from './sample';

/** One row of the process picker: what a cheap look at a process tells. */
export interface ProcessSummary {
  /** What the user calls its host; absent where there is only this machine. */
  readonly host?: string;
  readonly pid: number;
  readonly name: string;
  readonly command: readonly string[];
  readonly uid?: number;
  /** Name of the user, where the target tells it. */
  readonly user?: string;
  /** The container it runs in, absent where it runs in none. */
  readonly container?: string;
  /** Pids from the inspector's PID namespace to the process's own, where that is another one. */
  readonly namespacePids?: readonly number[];
  readonly state: TaskState;
  readonly startTime?: number;
  /** Seconds since it was started. */
  readonly age?: number;
  /** Descriptors of io_uring instances; undefined where the right to list them is missing. */
  readonly rings?: number;
  /** Requests in flight over all its rings, as far as fdinfo tells. */
  readonly pending?: number;
  /** Tasks in uninterruptible sleep (state D), io-wq workers included. */
  readonly uninterruptible: number;
  /** Seconds its longest-blocked uninterruptible task has not run. */
  readonly blocked?: number;
  /** Orders the list: the most stuck first. No unit. */
  readonly score: number;
  /** Why it stands where it stands, a few words: "8 workers in D for 31 s". */
  readonly reason: string;
}

/** A row of the list that was looked at, or was to be. */
export interface RankedProcess extends ProcessSummary {
  /** Most important first; what they were seen in stands in the Sample alone. Absent = it was not looked at. */
  readonly findings?: readonly Omit<Finding, 'evidence'>[];
  /** Seconds the longest-held task of a critical finding has not run. */
  readonly stuckFor?: number;
  /** Why a look told nothing, or little: one line, for people. */
  readonly failure?: string;
}
