import type { LatencyBuckets, LatencyPoint, LatencySpan } from '../model/traceDetails';
import type { FoldedRow } from '../target/tracing';
import type { Histogram } from './histograms';
import { LatencyCounts } from './latencyCounts';
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
  private readonly counts = new LatencyCounts();
  private readonly points: LatencyPoint[] = [];
  private current: Histogram;
  private before: Histogram;
  /** The second that is being filled, from the trace's origin on. */
  private second = 0;
  completed = 0;
  /** Of `completed`, those that were taken together: none of them is kept. */
  counted = 0;

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
    const took = nanosecondsOf(life.completed - life.submitted);
    this.turn(Math.floor(life.completed / SECOND));
    this.current.recordValue(took);
    this.counts.add(life.opcode, took / 1e9);
    this.completed++;
    const { kept, withStack, limits } = this;
    const at = this.place(kept, this.completed - this.counted, limits.requests);
    if (at >= 0) kept[at] = { ...life, stack: undefined };
    if (!life.stack) return;
    const stackAt = this.place(withStack, ++this.stacksSeen, limits.stacks);
    if (stackAt >= 0) withStack[stackAt] = life;
  }

  /** Takes those that were counted of one second, once nothing of an earlier one is to come. */
  addFolded({ second, opcode, completed, latencies, sum }: FoldedRow): void {
    this.turn(second);
    for (const [took, count] of latencies) {
      this.current.recordValueWithCount(nanosecondsOf(took), count);
      this.counts.addMany(opcode, took / 1e9, count);
    }
    this.counts.addTime(opcode, sum / 1e9);
    this.completed += completed;
    this.counted += completed;
  }

  /** Latencies of what has completed in the one to two seconds up to `now`, nanoseconds after the origin; undefined = nothing. */
  latest(now: number): LatencySpan | undefined {
    const since = Math.floor(now / SECOND) - this.second;
    if (since > 1) return undefined;
    if (since === 1 || this.before.totalCount === 0) return spanOf(this.current);
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
    return this.counts.told;
  }

  /** Begins a second. */
  private turn(second: number): void {
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

  /** Where one is kept so that each of all that were seen stands among them with the same likelihood; −1 = nowhere. */
  private place(held: readonly Life[], seen: number, most: number): number {
    if (held.length < most) return held.length;
    const at = Math.floor(this.random() * seen);
    return at < most ? at : -1;
  }
}

const nanosecondsOf = (took: number): number => Math.min(LONGEST, Math.max(1, Math.round(took)));

function spanOf(histogram: Histogram): LatencySpan | undefined {
  if (histogram.totalCount === 0) return undefined;
  const at = (percentile: number) =>
    Math.min(histogram.getValueAtPercentile(percentile), histogram.maxValue) / 1e9;
  return { count: histogram.totalCount, p50: at(50), p99: at(99), most: histogram.maxValue / 1e9 };
}
