import { probeShare } from '../explain/trend';
import { type ErrorCode, UserError } from '../model/errors';
import type { HistoryPoint } from '../model/history';
import type { Sample } from '../model/sample';
import type { Counters } from '../sample/counters';
import { withStanding } from '../source/standing';
import { Budget } from './budget';
import { History } from './history';
import { Pace } from './pace';
import { type InspectionProblem, problemOf } from './problem';

/** live = sampling on its schedule; paused = the picture is frozen; ended = the process is gone or it was closed. */
export type InspectionState = 'starting' | 'live' | 'paused' | 'ended';

export interface InspectionSnapshot {
  readonly state: InspectionState;
  /** The newest Sample; kept when a later look fails. */
  readonly sample?: Sample;
  readonly problem?: InspectionProblem;
  /** Seconds a look took; how much the inspector itself costs. */
  readonly cost?: number;
  readonly activity?: Activity;
}

/** How it goes, as of the newest look; from the second one on. */
export interface Activity {
  readonly point: HistoryPoint;
  /** Share of a processor that this program has taken since the inspection began. */
  readonly own: number;
  /** The same of the host's probe, of late; absent where nobody counts. */
  readonly probe?: number;
}

/** Points that tell what the probe takes. */
const LATELY = 30;

/** A search through the kernel's memory for requests that stand on none of its lists. */
export interface Search {
  /** Called with the part that is done, 0 to 1. */
  readonly progress?: (fraction: number) => void;
  readonly signal?: AbortSignal;
}

/** Whom a look tells what its answer does not say. */
export interface Told {
  /** What the host's probe has taken of a processor by the end of the look (Target.processor). */
  readonly spent?: (milliseconds: number | undefined) => void;
  /** What the Sample could be completed to only after a while. */
  readonly late?: (linked: Sample) => void;
}

/** Takes one Sample. Rejects with a UserError (src/model/errors.ts) when the process cannot be inspected. */
export type TakeSample = (
  signal: AbortSignal,
  previous: Sample | undefined,
  search?: Search,
  told?: Told,
) => Promise<Sample>;

/** Reads the counters of what was looked at (src/sample/counters.ts); undefined where a look alone can tell. */
export type ReadCounters = (
  signal: AbortSignal,
  last: Sample,
  told: Pick<Told, 'spent'>,
) => Promise<Counters | undefined>;

/** The clock of an inspection, so that tests need not wait. */
export interface Clock {
  now(): number;
  /** Milliseconds of processor time that this program has taken. Where it is absent, all time counts as taken. */
  processor?(): number;
  setTimeout(callback: () => void, milliseconds: number): unknown;
  clearTimeout(handle: unknown): void;
}

/** Nothing is left to look at. */
const GONE: ReadonlySet<string> = new Set<ErrorCode>(['process-gone', 'no-such-process', 'zombie']);

/**
 * Follows one process: samples it on a schedule, keeps the newest Sample and tells its listeners. A look comes on the interval, later
 * where looks are dear (a tenth of a processor here, far less of the host's: Budget). While somebody watches it go (`count`), counters
 * are read between looks: they make points of the history and move the next look (Pace), and never change the Sample.
 */
export class Inspection {
  private current: InspectionSnapshot = { state: 'starting' };
  private readonly listeners = new Set<(snapshot: InspectionSnapshot) => void>();
  private readonly counters = new Set<() => void>();
  private timer: unknown;
  private running: Promise<void> | undefined;
  private readonly abort = new AbortController();
  private interval: number | undefined;
  private searches = false;
  private readonly budget = new Budget();
  /** What all looks have found. */
  readonly history = new History();
  /** Milliseconds this program took for the last look. */
  private own = 0;
  /** When the probe may be asked again by itself. */
  private due = 0;
  /** When the last look had ended, or the interval was set. */
  private since = 0;
  private readonly pace = new Pace();
  /** Seconds between counters; undefined = none are read. */
  private counting: number | undefined;
  /** Seconds between questions whether the process is still there, while no looks come; undefined = none. */
  private checking: number | undefined;
  /** Milliseconds this program took for the last counters. */
  private ownCount = 0;
  /** Milliseconds this program took for all of them. */
  private spentOwn = 0;
  private readonly began: number;

  /** `interval` in seconds; undefined = only when asked. */
  constructor(
    readonly pid: number,
    private readonly take: TakeSample,
    private readonly clock: Clock,
    interval?: number,
    private readonly read?: ReadCounters,
  ) {
    this.interval = interval;
    this.began = clock.now();
  }

  get snapshot(): InspectionSnapshot {
    return this.current;
  }

  /** Calls back after every change; the returned function ends it. */
  onChange(listener: (snapshot: InspectionSnapshot) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Calls back when counters have become a point of the history; the returned function ends it. */
  onCount(listener: () => void): () => void {
    this.counters.add(listener);
    return () => this.counters.delete(listener);
  }

  /**
   * Takes a Sample now; joins the one under way, but for a search, which waits for it. What a search has found is searched for at
   * every later look, too. Never rejects: a failure stands in the snapshot.
   */
  async refresh(search?: Search): Promise<void> {
    if (search) {
      while (this.running !== undefined) await this.running;
      this.searches = true;
    }
    this.running ??= this.look(search ?? (this.searches ? {} : undefined)).finally(() => {
      this.running = undefined;
      this.since = this.clock.now();
      this.pay();
      this.schedule();
    });
    return this.running;
  }

  /** Takes a Sample that is begun from now on: what is under way may fail for a reason that has passed. */
  async refreshAnew(): Promise<void> {
    while (this.running !== undefined) await this.running;
    return this.refresh();
  }

  pause(): void {
    if (this.current.state !== 'live') return;
    this.publish({ ...this.current, state: 'paused' });
    this.unschedule();
  }

  resume(): void {
    if (this.current.state !== 'paused') return;
    this.publish({ ...this.current, state: 'live' });
    void this.refresh();
  }

  /** Freezes the picture as it was at a time (milliseconds since 1970), as near as a look is kept. */
  rewind(at: number): void {
    const sample = this.history.nearest(at);
    if (!sample || (this.current.state !== 'live' && this.current.state !== 'paused')) return;
    this.unschedule();
    this.publish({ state: 'paused', sample });
  }

  /** Seconds between looks; undefined = only when asked. */
  setInterval(seconds: number | undefined): void {
    this.interval = seconds;
    this.since = this.clock.now();
    this.schedule();
  }

  /** Seconds between counters while looks are taken on an interval; undefined = none are read. */
  count(seconds: number | undefined): void {
    if (this.counting === seconds) return;
    this.counting = seconds;
    this.schedule();
  }

  /** Seconds between questions whether the process is still there while no looks are taken: one that is not is looked at, and ends. undefined = none. */
  check(seconds: number | undefined): void {
    if (this.checking === seconds) return;
    this.checking = seconds;
    this.schedule();
  }

  dispose(): void {
    this.unschedule();
    this.abort.abort();
    this.publish({ ...this.current, state: 'ended' });
    this.listeners.clear();
    this.counters.clear();
  }

  private async look(search: Search | undefined): Promise<void> {
    if (this.current.state === 'ended') return;
    const started = this.clock.now();
    const before = this.clock.processor?.();
    const spent = (milliseconds: number | undefined) => this.budget.note(milliseconds);
    this.own = 0;
    try {
      const told = { spent, late: (linked: Sample) => this.complete(linked) };
      const sample = await this.take(this.abort.signal, this.current.sample, search, told);
      if (this.abort.signal.aborted) return;
      refuseAnother(this.current.sample, sample);
      const took = this.clock.now() - started;
      this.own = before === undefined ? took : Math.min(took, (this.clock.processor?.() ?? 0) - before);
      const cost = took / 1000;
      this.history.add(sample, cost, this.budget.total);
      this.pace.looked(sample);
      const state = this.current.state === 'paused' ? 'paused' : 'live';
      this.spentOwn += this.own;
      const activity = this.activity();
      this.publish({ state, sample, cost, ...(activity ? { activity } : {}) });
    } catch (error) {
      if (this.abort.signal.aborted) return;
      if (search?.signal?.aborted) {
        this.searches = false;
        return;
      }
      const problem = problemOf(error, 'The sample could not be taken.');
      const gone = GONE.has(problem.code);
      const { sample } = this.current;
      this.publish({
        state: gone ? 'ended' : this.current.state === 'paused' ? 'paused' : 'live',
        problem,
        ...(sample ? { sample } : {}),
      });
    }
  }

  /** What a look has become after it was shown; of a newer one that stands already, what has not moved since. */
  private complete(linked: Sample): void {
    const { sample } = this.current;
    if (!sample || this.abort.signal.aborted) return;
    const newest = sample.takenAt === linked.takenAt ? linked : withStanding(sample, linked);
    if (newest === sample) return;
    this.history.complete(newest);
    this.publish({ ...this.current, sample: newest });
  }

  /** What comes by itself next: a look, or counters where they come first. */
  private schedule(): void {
    this.unschedule();
    if (this.current.state !== 'live') return;
    const now = this.clock.now();
    const dear = Math.max(this.own * 10, this.due - this.since);
    if (this.interval === undefined) {
      const { read, checking } = this;
      const { sample } = this.current;
      if (read && sample && checking !== undefined)
        this.timer = this.clock.setTimeout(
          () => void this.checkEnd(read, sample),
          Math.max(checking * 1000, dear),
        );
      return;
    }
    const look = Math.max(0, this.since + this.pace.wait(this.interval * 1000, dear) - now);
    const { read, counting } = this;
    const { sample, problem } = this.current;
    const count = Math.max(this.pace.counting((counting ?? 0) * 1000), this.ownCount * 10, this.due - now);
    const counts = read && counting !== undefined && sample && !problem && count < look;
    this.timer = counts
      ? this.clock.setTimeout(() => void this.readCounters(read, sample), count)
      : this.clock.setTimeout(() => void this.refresh(), look);
  }

  /** Never rejects: what goes wrong the next look meets, too. */
  private async readCounters(read: ReadCounters, sample: Sample): Promise<void> {
    const started = this.clock.now();
    const before = this.clock.processor?.();
    const spent = (milliseconds: number | undefined) => this.budget.note(milliseconds);
    const counters = await read(this.abort.signal, sample, { spent }).catch(() => undefined);
    // A look that has begun meanwhile sees what is later, and is followed by what comes next itself.
    if (this.running !== undefined || this.current.state !== 'live') return;
    if (this.current.sample?.takenAt !== sample.takenAt) return this.schedule();
    const took = this.clock.now() - started;
    this.ownCount = before === undefined ? took : Math.min(took, (this.clock.processor?.() ?? 0) - before);
    this.spentOwn += this.ownCount;
    this.pay();
    this.pace.counted(counters);
    if (counters) {
      this.history.count(counters, this.budget.total);
      for (const listener of [...this.counters]) listener();
    }
    this.schedule();
  }

  private activity(): Activity | undefined {
    const { points } = this.history;
    const point = points.at(-1);
    const passed = this.clock.now() - this.began;
    if (!point || point.span === 0 || passed <= 0) return undefined;
    const probe = probeShare(points.slice(-LATELY));
    return { point, own: this.spentOwn / passed, ...(probe === undefined ? {} : { probe }) };
  }

  /** Never rejects. Where counters do not tell, a look does. */
  private async checkEnd(read: ReadCounters, sample: Sample): Promise<void> {
    const spent = (milliseconds: number | undefined) => this.budget.note(milliseconds);
    const counters = await read(this.abort.signal, sample, { spent }).catch(() => undefined);
    if (this.running !== undefined || this.current.state !== 'live') return;
    if (!counters && this.current.sample?.takenAt === sample.takenAt) return this.refresh();
    this.pay();
    this.schedule();
  }

  private pay(): void {
    this.due = Math.max(this.due, this.clock.now()) + this.budget.wait();
  }

  private unschedule(): void {
    if (this.timer !== undefined) this.clock.clearTimeout(this.timer);
    this.timer = undefined;
  }

  private publish(snapshot: InspectionSnapshot): void {
    this.current = snapshot;
    for (const listener of [...this.listeners]) listener(snapshot);
  }
}

/** The pid may name another process now, after a host was away for long above all: throws `process-gone` then. */
function refuseAnother(before: Sample | undefined, now: Sample): void {
  const [then, later] = [before?.process.startTime, now.process.startTime];
  if (then === undefined || later === undefined || then === later) return;
  const { pid } = now.process;
  throw new UserError(
    'process-gone',
    `Process ${pid} has ended.`,
    'Its number is another process’s now.',
    'Inspect that one if it is meant.',
  );
}
