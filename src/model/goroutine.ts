import type { UserFrame } from './sample';

/** The goroutines of a Go program, as its memory had them at one moment. */
export interface Goroutines {
  /** Alive, those of Go's own runtime left out; where there are more than are looked at, with ended ones among these. */
  readonly count: number;
  /** Of Go's own runtime: collectors of garbage, timers. */
  readonly runtime: number;
  /** Those of `count` that are in no group: there are very many, or they ran while they were looked at. */
  readonly unread: number;
  /** Of goroutines that wait for the same at the same place; the largest first. */
  readonly groups: readonly GoroutineGroup[];
}

/** waiting = parked; syscall = in a system call or in C; runnable = waits for a processor. */
export type GoroutineState = 'waiting' | 'syscall' | 'runnable' | 'running' | 'preempted';

export interface GoroutineGroup {
  readonly count: number;
  /** Numbers of the first of them, as Go's own tracebacks have them. */
  readonly ids: readonly number[];
  readonly state: GoroutineState;
  /** Why it waits, in Go's own words: `IO wait`, `chan receive`. */
  readonly reason?: string;
  /** Innermost first. Absent of goroutines that run. */
  readonly stack?: readonly UserFrame[];
  /** Why the stack ends early: completes "its stack …". */
  readonly stackNote?: string;
  /** Of how many the stack was read, where not of all: the others wait for the same at the same instruction. */
  readonly read?: number;
  /** The `go` statement that started them. */
  readonly startedAt?: UserFrame;
  /** Descriptors they wait for. */
  readonly fds?: readonly GoroutineFd[];
  /** Threads that carry them. */
  readonly tids?: readonly number[];
}

export interface GoroutineFd {
  readonly goroutine: number;
  readonly fd: number;
  readonly for: 'read' | 'write';
}
