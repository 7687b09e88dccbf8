import type { Latency, TracedOperation } from '../model/trace';
import { errnoName } from '../probe/errno';
import { opcodeName } from '../ring/opcodes';
import type { FoldedRow } from '../target/tracing';
import type { RingEvent } from './events';
import type { Histogram } from './histograms';
import type { Life } from './life';

/** Pairs of operation and descriptor that are told apart; further descriptors are taken together. */
const MOST_PAIRS = 256;
/** Completed requests that are kept for being slow. */
const MOST_SLOWEST = 32;
/** Of the flags of a submit. */
const IOSQE_ASYNC = 1 << 4;
/** Nanoseconds: a day; what took longer counts as this. */
export const LONGEST = 86_400e9;

interface Row {
  readonly opcode: number;
  readonly fd: number;
  completed: number;
  punted: number;
  pollArmed: number;
  deferred: number;
  forced: number;
  pending: number;
  readonly errors: Map<number, number>;
  readonly latencies: Histogram;
}

/** Counts and latencies by operation and file, and the slowest requests. */
export class Statistics {
  private readonly rows = new Map<number, Row>();
  /** Ascending by how long they took. */
  private readonly slow: Life[] = [];

  constructor(private readonly newHistogram: () => Histogram) {}

  add(life: Life): void {
    const row = this.rowOf(life.opcode, life.fd);
    const took = life.completed - life.submitted;
    row.completed += 1 + life.further;
    noteSteps(row, life);
    noteError(row, life.result);
    row.latencies.recordValue(Math.min(LONGEST, Math.max(1, Math.round(took))));
    this.keepSlow(life, took);
  }

  addFolded(folded: FoldedRow): void {
    const row = this.rowOf(folded.opcode, folded.fd);
    row.completed += folded.completed;
    row.punted += folded.punted;
    row.deferred += folded.deferred;
    row.pollArmed += folded.pollArmed;
    row.forced += folded.forced;
    for (const [errno, count] of folded.errors) row.errors.set(errno, (row.errors.get(errno) ?? 0) + count);
    for (const [took, count] of folded.latencies)
      row.latencies.recordValueWithCount(Math.min(LONGEST, Math.max(1, Math.round(took))), count);
  }

  /** Nanoseconds that a request has to take longer than to be among the slowest. */
  get slower(): number {
    const fastest = this.slow[0];
    return fastest && this.slow.length >= MOST_SLOWEST ? fastest.completed - fastest.submitted : 0;
  }

  /** A completion that no latency is known of. */
  addUnseen({ value }: RingEvent): void {
    const row = this.rowOf(-1, -1);
    row.completed++;
    noteError(row, value);
  }

  get slowest(): readonly Life[] {
    return this.slow.toReversed();
  }

  /** With what is pending now. */
  operationsWith(pending: Iterable<Life>): TracedOperation[] {
    const open = new Map<Row, Row>();
    for (const life of pending) {
      const row = this.rowOf(life.opcode, life.fd);
      const now = open.get(row) ?? { ...row };
      open.set(row, now);
      now.completed += life.further;
      now.pending++;
      noteSteps(now, life);
    }
    return [...this.rows.values()]
      .map((row) => open.get(row) ?? row)
      .filter((row) => row.completed > 0 || row.pending > 0)
      .sort((a, b) => b.completed - a.completed)
      .map(told);
  }

  private keepSlow(life: Life, took: number): void {
    const fastest = this.slow[0];
    if (this.slow.length >= MOST_SLOWEST && fastest && took <= fastest.completed - fastest.submitted) return;
    let at = this.slow.length;
    for (; at > 0; at--) {
      const other = this.slow[at - 1];
      if (other && other.completed - other.submitted <= took) break;
    }
    this.slow.splice(at, 0, life);
    if (this.slow.length > MOST_SLOWEST) this.slow.shift();
  }

  private rowOf(opcode: number, fd: number): Row {
    const key = opcode * 2 ** 32 + fd;
    const known = this.rows.get(key);
    if (known) return known;
    if (fd !== -1 && this.rows.size >= MOST_PAIRS) return this.rowOf(opcode, -1);
    const row: Row = {
      opcode,
      fd,
      completed: 0,
      punted: 0,
      pollArmed: 0,
      deferred: 0,
      forced: 0,
      pending: 0,
      errors: new Map(),
      latencies: this.newHistogram(),
    };
    this.rows.set(key, row);
    return row;
  }
}

function noteSteps(row: Row, { punted, deferred, polls, flags }: Life): void {
  if (!Number.isNaN(punted)) row.punted++;
  if (!Number.isNaN(deferred)) row.deferred++;
  if ((flags & IOSQE_ASYNC) !== 0) row.forced++;
  row.pollArmed += polls;
}

function noteError({ errors }: Row, result: number): void {
  if (result < 0) errors.set(-result, (errors.get(-result) ?? 0) + 1);
}

function told({
  opcode,
  fd,
  completed,
  punted,
  pollArmed,
  deferred,
  forced,
  pending,
  errors,
  latencies,
}: Row): TracedOperation {
  const latency = latencyOf(latencies);
  return {
    operation: opcode < 0 ? 'not seen' : opcodeName(opcode),
    ...(fd < 0 ? {} : { fd }),
    completed,
    errors: Object.fromEntries(
      [...errors].sort((a, b) => b[1] - a[1]).map(([errno, count]) => [errnoName(errno), count]),
    ),
    punted,
    pollArmed,
    deferred,
    ...(forced > 0 ? { forced } : {}),
    ...(pending > 0 ? { pending } : {}),
    ...(latency ? { latency } : {}),
  };
}

function latencyOf(latencies: Histogram): Latency | undefined {
  if (latencies.totalCount === 0) return undefined;
  // A percentile is told as the end of its class, the longest as it is.
  const at = (percentile: number) =>
    Math.min(latencies.getValueAtPercentile(percentile), latencies.maxValue) / 1e9;
  return {
    count: latencies.totalCount,
    least: latencies.minNonZeroValue / 1e9,
    mean: latencies.mean / 1e9,
    p50: at(50),
    p90: at(90),
    p99: at(99),
    p999: at(99.9),
    most: latencies.maxValue / 1e9,
  };
}
