import {
  LATENCY_BOUNDS,
  type LatencyBuckets,
  type LatencyPoint,
  type LatencySpan,
} from '../model/traceDetails';
import { opcodeName } from '../ring/opcodes';
import type { Histogram } from './histograms';
import type { Life } from './life';
import { LONGEST } from './statistics';

export interface RecordLimits {
  /** Completed requests that are kept, and those with stacks, of some KiB each. */
  readonly requests: number;
  readonly stacks: number;
  /** Seconds whose latencies are kept. */
  readonly seconds: number;
}

const LIMITS: RecordLimits = { requests: 20_000, stacks: 256, seconds: 3600 };
const SECOND = 1e9;

/** Of the requests that complete while they are traced: an even choice of them, latencies second by second, and how many took how long. */
export class TraceRecord {
  private readonly kept: Life[] = [];
  private readonly withStack: Life[] = [];
  private stacksSeen = 0;
  private readonly buckets = new Map<number, { readonly counts: number[]; sum: number }>();
  private readonly points: LatencyPoint[] = [];
  private current: Histogram;
  private before: Histogram;
  /** The second that is being filled, from the trace's origin on. */
  private second = 0;
  completed = 0;

  constructor(
    private readonly newHistogram: () => Histogram,
    private readonly random: () => number = Math.random,
    private readonly limits: RecordLimits = LIMITS,
  ) {
    this.current = newHistogram();
    this.before = newHistogram();
  }

  /** Takes a request that has completed, in the order of the completions. */
  add(life: Life): void {
    const took = Math.min(LONGEST, Math.max(1, Math.round(life.completed - life.submitted)));
    this.turn(life.completed);
    this.current.recordValue(took);
    this.count(life.opcode, took / 1e9);
    this.completed++;
    const { kept, withStack, limits } = this;
    const at = this.place(kept, this.completed, limits.requests);
    if (at >= 0) kept[at] = { ...life, stack: undefined };
    if (!life.stack) return;
    const stackAt = this.place(withStack, ++this.stacksSeen, limits.stacks);
    if (stackAt >= 0) withStack[stackAt] = life;
  }

  /** Latencies of what has completed in the one to two seconds up to `now`, nanoseconds after the origin; undefined = nothing. */
  latest(now: number): LatencySpan | undefined {
    this.turn(now);
    if (this.before.totalCount === 0) return spanOf(this.current);
    const both = this.newHistogram();
    both.add(this.before);
    both.add(this.current);
    return spanOf(both);
  }

  get requests(): readonly Life[] {
    return [...this.kept].sort((a, b) => a.completed - b.completed);
  }

  get stacks(): readonly Life[] {
    return this.withStack;
  }

  /** With the second that is under way. */
  get overTime(): readonly LatencyPoint[] {
    const last = spanOf(this.current);
    return last ? [...this.points, { at: this.second + 1, ...last }] : [...this.points];
  }

  get latencies(): readonly LatencyBuckets[] {
    return [...this.buckets].map(([opcode, { counts, sum }]) => ({
      operation: opcodeName(opcode),
      counts: [...counts],
      sum,
    }));
  }

  /** Begins the second that a time is in. */
  private turn(time: number): void {
    const second = Math.floor(time / SECOND);
    if (!(second > this.second)) return;
    const ended = spanOf(this.current);
    if (ended) this.points.push({ at: this.second + 1, ...ended });
    if (this.points.length > this.limits.seconds) this.points.shift();
    const next = this.before;
    next.reset();
    this.before = this.current;
    this.current = next;
    // Nothing has completed in the second right before.
    if (second > this.second + 1) this.before.reset();
    this.second = second;
  }

  private count(opcode: number, seconds: number): void {
    const known = this.buckets.get(opcode);
    const row = known ?? { counts: Array.from({ length: LATENCY_BOUNDS.length + 1 }, () => 0), sum: 0 };
    if (!known) this.buckets.set(opcode, row);
    let at = 0;
    while (seconds > (LATENCY_BOUNDS[at] ?? Number.POSITIVE_INFINITY)) at++;
    row.counts[at] = (row.counts[at] ?? 0) + 1;
    row.sum += seconds;
  }

  /** Where one is kept so that each of all that were seen stands among them with the same likelihood; −1 = nowhere. */
  private place(held: readonly Life[], seen: number, most: number): number {
    if (held.length < most) return held.length;
    const at = Math.floor(this.random() * seen);
    return at < most ? at : -1;
  }
}

function spanOf(histogram: Histogram): LatencySpan | undefined {
  if (histogram.totalCount === 0) return undefined;
  const at = (percentile: number) =>
    Math.min(histogram.getValueAtPercentile(percentile), histogram.maxValue) / 1e9;
  return { count: histogram.totalCount, p50: at(50), p99: at(99), most: histogram.maxValue / 1e9 };
}
