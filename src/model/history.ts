import type { RequestState } from './request';
import type { LatencySpan } from './traceDetails';

/**
 * How an inspection has gone, as numbers over time. Times are milliseconds since 1970 on the target's clock; shares are 0 to 1; an
 * absent field is unknown.
 *
 * Between two looks counters alone are read (`counted`): rates, what is in flight, not reaped and in the devices are of that moment;
 * what only a look finds (states, oldest, stuck, workers, overflowed) stands as the last look found it.
 */
export interface HistoryPoint {
  readonly at: number;
  /** Seconds it stands for: until the point before. 0 of a first one. */
  readonly span: number;
  /** Seconds of it in which the host was suspended, where that is known: then there are no rates. */
  readonly asleep?: number;
  /** From counters alone. */
  readonly counted?: true;
  readonly rings: readonly RingPoint[];
  /** Seconds that the oldest pending request has waited, at least. */
  readonly oldest?: number;
  /** Requests that the findings call stuck. */
  readonly stuck: number;
  readonly workers: WorkerPoint;
  readonly devices: readonly DevicePoint[];
  /** Share of the time in which some task of the host, or all that were not idle, waited for I/O (PSI). */
  readonly pressure?: { readonly some: number; readonly full?: number };
  /** Of the requests that completed in the one to two seconds before, while they were traced. */
  readonly latency?: LatencySpan;
  /** What the look cost: seconds of time that it took. */
  readonly cost?: number;
  /** Seconds of a processor of the host that its probe has taken since the point before, for this process and all others. */
  readonly probe?: number;
}

export interface RingPoint {
  readonly id: number;
  /** Submitted and not completed. */
  readonly inFlight?: number;
  /** Listed requests by where they stand; of those in doubt no more than are in flight. */
  readonly states: Readonly<Partial<Record<RequestState, number>>>;
  /** SQEs the kernel has taken, and CQEs it has posted, a second. */
  readonly submitted?: number;
  readonly completed?: number;
  /** CQEs that the program has not reaped. */
  readonly unreaped: number;
  readonly overflowed: number;
  /** Share of the time in which the SQPOLL thread had work (6.9+). */
  readonly sqpollBusy?: number;
}

export interface WorkerPoint {
  /** io-wq workers that carry a request. */
  readonly busy: number;
  readonly all: number;
  /** How many there may be, where the kernel's memory tells. */
  readonly limit?: number;
}

export interface DevicePoint {
  readonly name: string;
  readonly inFlight: number;
  /** Requests it has finished, a second. */
  readonly completed?: number;
}
