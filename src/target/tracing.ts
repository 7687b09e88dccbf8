import type { Failure } from '../probe/protocol';
import type { FoldAsked, TraceAsked, TraceDrained, TraceStarted } from '../probe/traceProtocol';

export type {
  FoldAsked,
  Folded,
  FoldedRow,
  FoldFormat,
  TraceAsked,
  TraceDrained,
  TraceStarted,
} from '../probe/traceProtocol';

/**
 * Events of io_uring while they happen, in a tracefs instance of the probe's own (root), which is gone when the probe is. One trace
 * at a time. Failures: ENODEV = tracefs is not mounted, EACCES = not root, EBUSY = another trace of this connection is under
 * way, EOPNOTSUPP = the probe was started without the kernel's memory, EXDEV = /proc of another PID namespace, ENOSYS = an older
 * probe, ENOENT = a kernel without instances, or (drain) no trace.
 */
export interface Tracing {
  start(asked: TraceAsked): Promise<TraceStarted | Failure>;
  /** All that has come since, up to 16 MiB. `every`: from now on a stack of one submit of so many. `fold`: at a high rate, what the probe counts itself. */
  drain(every?: number, fold?: FoldAsked): Promise<TraceDrained | Failure>;
  /**
   * From now on these rings, and what happens in these threads on whatever ring; up to 64 of each. Only of a trace that was started with
   * rings. Undefined = done.
   */
  follow?(rings: readonly bigint[], threads: readonly number[]): Promise<Failure | undefined>;
  /** EBUSY = somebody else uses the instance: it is removed later. Undefined = gone. */
  stop(): Promise<Failure | undefined>;
}

export function isTraced<T extends object>(answer: T | Failure): answer is T {
  return !('errno' in answer);
}
