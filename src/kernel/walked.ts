import type { Blindness, WorkerPool } from '../model/sample';
import type { WalkedRequest } from './decode';
import type { Registered } from './registered';

export type { WalkedRequest } from './decode';

/** One ring as the kernel has it. */
export interface WalkedRing {
  /** Names the ring within one walk; not to be shown. */
  readonly key: string;
  /** Descriptors asked for that are this ring, ascending; empty for one that the process reaches in other ways. */
  readonly fds: readonly number[];
  readonly registeredBy?: { readonly tid: number; readonly index: number };
  /** Pairs it with its mappings and its fdinfo; absent where no descriptor or registration leads to it. */
  readonly inode?: number;
  /** IORING_SETUP_ names without the prefix. */
  readonly setup: readonly string[];
  readonly sqEntries: number;
  readonly cqEntries: number;
  /** The kernel's own counters: SQEs taken, CQEs posted. */
  readonly sqHead: number;
  readonly cqTail: number;
  readonly sqpollTid?: number;
  readonly registeredFiles: number;
  readonly registeredBuffers: number;
  readonly registered: Registered;
  /** Requests that are alive by the kernel's count (6.16+). */
  readonly live?: number;
  /** Of these, as many as stand on lists; a zero-copy send counts twice, overflowed completions not at all. */
  readonly found: number;
  /** live − found: issued and on no list. See WalkAsked.search. */
  readonly unexplained?: number;
  /** All slabs were searched for requests of it. */
  readonly searched?: boolean;
  /** The order is that of the kernel's lists. */
  readonly requests: readonly WalkedRequest[];
}

/** Workers of one thread; `pid` is that of its process, which may be another one that shares a ring. */
export interface WalkedPool extends WorkerPool {
  readonly pid: number;
}

export interface KernelWalk {
  readonly rings: readonly WalkedRing[];
  readonly pools: readonly WalkedPool[];
  readonly trouble: readonly Blindness[];
  /** True when all of it is of one moment: its rows are certain. */
  readonly consistent: boolean;
}
