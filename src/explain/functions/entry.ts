import type { Wake } from '../../model/sample';

/** What kind of thing must happen before the task goes on; decides the severity of a finding. */
export type Cause =
  | 'fuse'
  | 'network file system'
  | 'page'
  | 'device'
  | 'writeback'
  | 'frozen'
  | 'throttled'
  | 'user fault'
  | 'fanotify'
  | 'helper'
  | 'memory'
  | 'ring lock'
  | 'lock'
  | 'peer'
  | 'event'
  | 'timer'
  | 'futex'
  | 'child'
  | 'completions'
  | 'stopped'
  | 'exit'
  | 'idle';

/** What the kernel is doing where a function stands in a stack. */
export interface KernelFunction {
  /** Names without what the compiler appends (`.isra.0`). */
  readonly names: readonly string[];
  readonly subsystem: string;
  /** Completes "it …". */
  readonly text: string;
  readonly wake: Wake;
  readonly cause: Cause;
  /** What the user can do or look at. */
  readonly advice: string;
  /**
   * specific = this is the answer; layer = a better one may stand further out (the page cache below a file
   * system); primitive = a way of waiting that many share, used when nothing better is found.
   */
  readonly rank: 'specific' | 'layer' | 'primitive';
  /** Holds only when one of these stands further in. */
  readonly inside?: readonly string[];
  /** Holds only where nothing but the scheduler stands further in. */
  readonly innermost?: true;
  /** True when the stack of a real task (recorded or made to get stuck by the tests) had it. */
  readonly seen: boolean;
}
