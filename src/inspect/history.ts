import type { DevicePoint, HistoryPoint, RingPoint, WorkerPoint } from '../model/history';
import type { Sample } from '../model/sample';
import type { LatencySpan } from '../model/traceDetails';
import type { Counters } from '../sample/counters';
import { counted, measured } from './measure';

export interface HistoryLimits {
  /** Points that are kept. */
  readonly points: number;
  /** Rows of tasks and requests, in all Samples that are kept together. */
  readonly rows: number;
}

/** The clock and the time since boot differ by no more unless the clock is set. Milliseconds. */
const CLOCK_SET = 1500;

const LIMITS: HistoryLimits = { points: 4096, rows: 20_000 };

interface Kept {
  readonly at: number;
  readonly rows: number;
  readonly sample: Sample;
}

/**
 * What an inspection has seen over time: a point for each look, thinned out from the oldest on so that hours take no more memory than
 * minutes; and the Samples of as many moments as fit, likewise.
 */
export class History {
  private readonly kept: HistoryPoint[] = [];
  private readonly moments: Kept[] = [];
  private last: Sample | undefined;
  /** What rates are told from: of the last look, or of the counters that were read since. */
  private counters: Counters | undefined;
  /** Milliseconds of a processor that the probe had taken at the last point. */
  private total: number | undefined;
  /** Of requests that have completed of late, where they are traced. */
  latency: (() => LatencySpan | undefined) | undefined;

  constructor(private readonly limits: HistoryLimits = LIMITS) {}

  /** Oldest first. */
  get points(): readonly HistoryPoint[] {
    return this.kept;
  }

  /** Takes what a look has found; `cost` = seconds it took, `total` = milliseconds the probe has taken of a processor so far. */
  add(sample: Sample, cost?: number, total?: number): void {
    this.push(sample, { ...measured(sample, this.last, cost, this.counters), ...this.spent(total) });
    this.last = sample;
    this.remember(sample);
    this.forget();
  }

  /** Takes counters that were read after a look; `total` as of one. */
  count(counters: Counters, total?: number): void {
    const last = this.kept.at(-1);
    const point = last && this.counters && counted(counters, this.counters, last);
    if (point) this.push(counters, { ...point, ...this.spent(total) });
  }

  /** Takes what the newest look was completed to after it had been added. */
  complete(sample: Sample): void {
    if (this.last?.takenAt !== sample.takenAt) return;
    this.moments.pop();
    this.remember(sample);
  }

  /** The Sample of the look nearest to a time, of those that are kept; `at` = milliseconds since 1970. */
  nearest(at: number): Sample | undefined {
    let best: Kept | undefined;
    for (const one of this.moments) if (!best || Math.abs(one.at - at) <= Math.abs(best.at - at)) best = one;
    return best?.sample;
  }

  /** Of another probe, which has begun meanwhile, nothing is known of what the one before took. */
  private spent(total: number | undefined): Pick<HistoryPoint, 'probe'> {
    const before = this.total;
    this.total = total;
    if (total === undefined || before === undefined || total < before) return {};
    return { probe: (total - before) / 1000 };
  }

  private push(counters: Counters, point: HistoryPoint): void {
    this.follow(point);
    const latency = this.latency?.();
    this.kept.push(latency ? { ...point, latency } : point);
    this.counters = counters;
    if (this.kept.length > this.limits.points) this.thin();
  }

  /** Where the host's clock was set, all that was before is dated by the new one: no time stands twice, and none is left out. */
  private follow({ at, span }: HistoryPoint): void {
    const last = this.kept.at(-1);
    const jump = last ? at - last.at - span * 1000 : 0;
    if (!last || Math.abs(jump) < (span > 0 ? CLOCK_SET : 0)) return;
    if (span === 0 && jump > 0) return;
    const moved = <T extends { readonly at: number }>(one: T): T => ({ ...one, at: one.at + jump });
    this.kept.splice(0, this.kept.length, ...this.kept.map(moved));
    this.moments.splice(0, this.moments.length, ...this.moments.map(moved).map(redated));
  }

  private remember(sample: Sample): void {
    const rows = 1 + sample.tasks.length + sample.requests.length;
    // A list of its own: what the next look remembers by the Sample’s must not live as long as this.
    const moment = { ...sample, resources: [...sample.resources] };
    this.moments.push({ at: Date.parse(sample.takenAt), rows, sample: moment });
  }

  /** Makes one of each two points of the older half. */
  private thin(): void {
    const half = Math.max(2, this.kept.length >> 1);
    const older = this.kept.splice(0, half);
    const merged: HistoryPoint[] = [];
    for (let i = 0; i < older.length; i += 2) {
      const [a, b] = [older[i], older[i + 1]];
      if (a) merged.push(b ? merge(a, b) : a);
    }
    this.kept.unshift(...merged);
  }

  /** Every second one of the older half goes, then the oldest; the newest stays. */
  private forget(): void {
    while (this.moments.length > 1 && this.rows() > this.limits.rows) {
      const half = this.moments.length >> 1;
      const older = this.moments.splice(0, half);
      const thinned = older.length > 2 ? older.filter((_, index) => index % 2 === 1) : older.slice(1);
      this.moments.unshift(...thinned);
    }
  }

  private rows(): number {
    return this.moments.reduce((sum, { rows }) => sum + rows, 0);
  }
}

function redated(kept: Kept): Kept {
  return { ...kept, sample: { ...kept.sample, takenAt: new Date(kept.at).toISOString() } };
}

/** One point for two that follow one another: rates by time, all else by its peak, for what was short must not vanish. */
function merge(a: HistoryPoint, b: HistoryPoint): HistoryPoint {
  const span = a.span + b.span;
  const rate = rateOver(a.span, b.span);
  const latency = a.latency && b.latency ? mergedLatency(a.latency, b.latency) : (b.latency ?? a.latency);
  const pressure = a.pressure && b.pressure ? mergedPressure(a.pressure, b.pressure, rate) : b.pressure;
  return {
    at: b.at,
    span,
    ...(a.counted && b.counted ? { counted: true } : {}),
    ...optional('asleep', a.asleep === undefined ? b.asleep : a.asleep + (b.asleep ?? 0)),
    rings: paired(
      a.rings,
      b.rings,
      ({ id }) => id,
      (x, y) => mergedRing(x, y, rate),
    ),
    ...optional('oldest', peak(a.oldest, b.oldest)),
    stuck: Math.max(a.stuck, b.stuck),
    workers: mergedWorkers(a.workers, b.workers),
    devices: paired(
      a.devices,
      b.devices,
      ({ name }) => name,
      (x, y) => mergedDevice(x, y, rate),
    ),
    ...(pressure ? { pressure } : {}),
    ...(latency ? { latency } : {}),
    ...optional('cost', peak(a.cost, b.cost)),
    ...optional('probe', a.probe === undefined ? b.probe : a.probe + (b.probe ?? 0)),
  };
}

type Rate = (a: number | undefined, b: number | undefined) => number | undefined;

function rateOver(first: number, second: number): Rate {
  return (a, b) => {
    if (a === undefined || b === undefined || first + second === 0) return b ?? a;
    return (a * first + b * second) / (first + second);
  };
}

function mergedRing(a: RingPoint, b: RingPoint, rate: Rate): RingPoint {
  const states: Record<string, number> = { ...a.states };
  for (const [state, count] of Object.entries(b.states)) states[state] = Math.max(states[state] ?? 0, count);
  return {
    id: b.id,
    ...optional('inFlight', peak(a.inFlight, b.inFlight)),
    states,
    ...optional('submitted', rate(a.submitted, b.submitted)),
    ...optional('completed', rate(a.completed, b.completed)),
    unreaped: Math.max(a.unreaped, b.unreaped),
    overflowed: Math.max(a.overflowed, b.overflowed),
    ...optional('sqpollBusy', rate(a.sqpollBusy, b.sqpollBusy)),
  };
}

function mergedWorkers(a: WorkerPoint, b: WorkerPoint): WorkerPoint {
  return {
    busy: Math.max(a.busy, b.busy),
    all: Math.max(a.all, b.all),
    ...optional('limit', peak(a.limit, b.limit)),
  };
}

function mergedDevice(a: DevicePoint, b: DevicePoint, rate: Rate): DevicePoint {
  return {
    name: b.name,
    inFlight: Math.max(a.inFlight, b.inFlight),
    ...optional('completed', rate(a.completed, b.completed)),
  };
}

function mergedLatency(a: LatencySpan, b: LatencySpan): LatencySpan {
  return {
    count: Math.max(a.count, b.count),
    p50: Math.max(a.p50, b.p50),
    p99: Math.max(a.p99, b.p99),
    most: Math.max(a.most, b.most),
  };
}

type Shares = NonNullable<HistoryPoint['pressure']>;

function mergedPressure(a: Shares, b: Shares, rate: Rate): Shares {
  return { some: rate(a.some, b.some) ?? b.some, ...optional('full', rate(a.full, b.full)) };
}

/** Those of both by their key, merged; those of one alone as they are. */
function paired<T>(
  a: readonly T[],
  b: readonly T[],
  keyOf: (one: T) => string | number,
  both: (x: T, y: T) => T,
): T[] {
  const left = new Map(a.map((one) => [keyOf(one), one]));
  const found = b.map((one) => {
    const other = left.get(keyOf(one));
    left.delete(keyOf(one));
    return other ? both(other, one) : one;
  });
  return [...left.values(), ...found];
}

function peak(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (b ?? a) : Math.max(a, b);
}

function optional<K extends string>(key: K, value: number | undefined): Partial<Record<K, number>> {
  const one: Partial<Record<string, number>> = value === undefined ? {} : { [key]: value };
  return one as Partial<Record<K, number>>;
}
