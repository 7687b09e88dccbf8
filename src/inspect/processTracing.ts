import { UserError } from '../model/errors';
import type { TraceSummary } from '../model/trace';
import type { LatencySpan, TraceStatus } from '../model/traceDetails';
import type { Clock, InspectionSnapshot } from './inspection';
import { type InspectionProblem, problemOf } from './problem';
import type { RunningTrace } from './runningTrace';
import { tracedSample } from './tracedSample';
import type { NameDumps, TraceResult } from './traceResult';

/** What is or was traced of a process that is followed. */
export interface TracingState {
  readonly state: 'starting' | 'running' | 'stopping' | 'done' | 'failed';
  /** Seconds after which it stops by itself. */
  readonly limit: number;
  readonly status?: TraceStatus;
  /** Up to now, or up to its end. */
  readonly summary?: TraceSummary;
  /** Once it has ended. */
  readonly result?: TraceResult;
  /** Milliseconds since 1970. */
  readonly endedAt?: number;
  /** Why it has ended, where nobody asked it to: a sentence. */
  readonly why?: string;
  readonly problem?: InspectionProblem;
}

export interface BegunTrace {
  readonly running: Pick<RunningTrace, 'soFar' | 'status' | 'latest' | 'ended' | 'stop'>;
  /** Absent where sources are not told. */
  readonly names?: NameDumps | undefined;
}

/** Begins to trace a process; rejects as startTrace does. */
export type BeginTrace = (pid: number) => Promise<BegunTrace>;

/** Milliseconds between two updates of what is told while it goes on, and how much longer than making one they must be. */
const TELLING = 2000;
const TELLING_SHARE = 20;

/**
 * Traces one process when asked to: it ends when it is stopped, after its time, with the process, or when it breaks off, and what was traced
 * stays. One at a time. No failure is thrown but by `start`.
 */
export class ProcessTracing {
  private current: TracingState | undefined;
  private begun: BegunTrace | undefined;
  private starting: Promise<void> | undefined;
  private stopped: Promise<void> | undefined;
  private timers: unknown[] = [];
  private disposed = false;
  private readonly dressed = new WeakMap<InspectionSnapshot, InspectionSnapshot>();

  constructor(
    private readonly pid: number,
    private readonly begin: BeginTrace,
    private readonly clock: Clock,
    /** Called after every change. */
    private readonly told: () => void,
  ) {}

  get state(): TracingState | undefined {
    return this.current;
  }

  get isUnderWay(): boolean {
    const state = this.current?.state;
    return state === 'starting' || state === 'running' || state === 'stopping';
  }

  /** Of what has completed of late; undefined while nothing is traced. */
  latest(): LatencySpan | undefined {
    return this.current?.state === 'running' ? this.begun?.running.latest() : undefined;
  }

  /** For so many seconds at the most. Resolves once it goes on; rejects with why it cannot be. */
  async start(limit: number): Promise<void> {
    if (this.isUnderWay) return this.starting;
    this.stopped = undefined;
    this.starting = this.run(limit);
    return this.starting;
  }

  private async run(limit: number): Promise<void> {
    this.become({ state: 'starting', limit });
    let begun: BegunTrace;
    try {
      begun = await this.begin(this.pid);
    } catch (error) {
      const problem = problemOf(error, 'io_uring could not be traced.');
      if (!this.disposed) this.become({ state: 'failed', limit, problem });
      throw new UserError(
        problem.code === 'internal' ? 'not-traceable' : problem.code,
        problem.what,
        problem.why,
        problem.remedy,
      );
    }
    this.begun = begun;
    if (this.disposed) return void (await begun.running.stop().catch(() => undefined));
    this.become({ state: 'running', limit });
    const over = `It stopped by itself after ${limit} s.`;
    this.timers.push(this.clock.setTimeout(() => void this.stop(over), limit * 1000));
    this.tellOnSchedule(TELLING);
    void begun.running.ended.then(() => this.stop('It broke off.'));
  }

  /** Resolves when it has ended. `why`: nobody has asked for it. */
  async stop(why?: string): Promise<void> {
    if (this.current?.state === 'starting') await this.starting?.catch(() => undefined);
    if (this.current?.state === 'running' && !this.disposed) this.stopped ??= this.finish(why);
    return this.stopped;
  }

  /** The snapshot with what was traced, where its look came after it. */
  onto(snapshot: InspectionSnapshot): InspectionSnapshot {
    const { result, endedAt } = this.current ?? {};
    const { sample } = snapshot;
    if (!result || endedAt === undefined || !sample || Date.parse(sample.takenAt) < endedAt) return snapshot;
    const known = this.dressed.get(snapshot);
    if (known?.sample?.trace === result.summary) return known;
    const made = { ...snapshot, sample: tracedSample(sample, result, endedAt) };
    this.dressed.set(snapshot, made);
    return made;
  }

  /** Ends it, and tells nothing more. */
  dispose(): void {
    this.disposed = true;
    this.unschedule();
    if (this.current?.state === 'running') void this.begun?.running.stop().catch(() => undefined);
  }

  private async finish(why: string | undefined): Promise<void> {
    const { begun, current } = this;
    this.unschedule();
    if (!begun || !current) return;
    const { limit, summary, status } = current;
    const known = { limit, ...(status ? { status } : {}), ...(summary ? { summary } : {}) };
    this.become({ ...known, state: 'stopping' });
    const reason = why === undefined ? {} : { why };
    try {
      const result = await begun.running.stop(begun.names);
      this.become({
        state: 'done',
        limit,
        ...(status ? { status } : {}),
        summary: result.summary,
        result,
        endedAt: Date.now(),
        ...reason,
      });
    } catch (error) {
      this.become({
        ...known,
        state: 'failed',
        problem: problemOf(error, 'The trace broke off.'),
        ...reason,
      });
    }
    this.begun = undefined;
  }

  private tellOnSchedule(wait: number): void {
    this.timers.push(
      this.clock.setTimeout(() => {
        if (this.current?.state !== 'running' || !this.begun) return;
        const { running } = this.begun;
        const began = this.clock.now();
        const { limit } = this.current;
        this.become({ state: 'running', limit, status: running.status(), summary: running.soFar() });
        this.tellOnSchedule(Math.max(TELLING, (this.clock.now() - began) * TELLING_SHARE));
      }, wait),
    );
  }

  private unschedule(): void {
    for (const timer of this.timers) this.clock.clearTimeout(timer);
    this.timers = [];
  }

  private become(state: TracingState): void {
    if (this.disposed) return;
    this.current = state;
    this.told();
  }
}
