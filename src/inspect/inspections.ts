import type { Sample } from '../model/sample';
import type { History } from './history';
import { type HostId, hostKey, isHere, LOCAL } from './hostId';
import {
  type Clock,
  Inspection,
  type InspectionSnapshot,
  type ReadCounters,
  type Search,
  type TakeSample,
} from './inspection';
import { type BeginTrace, ProcessTracing, type TracingState } from './processTracing';

/** One thing the user looks at: a process that is followed, or a sample that was opened from a file. */
export interface Inspected {
  /** Names it for as long as it stands in the list. */
  readonly key: string;
  readonly pid: number;
  /** Where the process runs; absent of a saved sample. */
  readonly host?: HostId;
  readonly snapshot: InspectionSnapshot;
  /** Present when it was opened: where from, for people. Such a thing never changes. */
  readonly savedAs?: string;
  /** Present once it was asked to be traced. */
  readonly tracing?: TracingState;
}

export interface FollowOptions {
  /** Absent = this machine. */
  readonly host?: HostId;
  readonly signal?: AbortSignal | undefined;
}

interface Followed {
  readonly host: HostId;
  readonly inspection: Inspection;
  readonly tracing: ProcessTracing;
}

const UNTRACEABLE: BeginTrace = () => Promise.reject(new Error('nothing is traced here'));

/** Everything being inspected in one window, in the order it was begun. */
export class Inspections {
  private readonly live = new Map<string, Followed>();
  private readonly saved = new Map<string, Inspected>();
  private readonly order: string[] = [];
  private readonly listeners = new Set<() => void>();
  private readonly counters = new Set<(key: string) => void>();
  private interval: number | undefined;
  private counting: number | undefined;
  private checking: number | undefined;
  private opened = 0;

  /** `take` makes the sampler of one process of a host, `read` what reads counters between its looks, `trace` what begins a trace. */
  constructor(
    private readonly take: (host: HostId, pid: number) => TakeSample,
    private readonly clock: Clock,
    private readonly read?: (host: HostId) => ReadCounters,
    private readonly traceOn?: (host: HostId) => BeginTrace,
  ) {}

  get all(): readonly Inspected[] {
    return this.order.flatMap((key) => this.get(key) ?? []);
  }

  get(key: string): Inspected | undefined {
    const followed = this.live.get(key);
    if (!followed) return this.saved.get(key);
    const { host, inspection, tracing } = followed;
    const snapshot = tracing.onto(inspection.snapshot);
    return { key, host, pid: inspection.pid, snapshot, ...(tracing.state ? { tracing: tracing.state } : {}) };
  }

  /** Calls back after every change; the returned function ends it. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Calls back when a history has grown by counters, which change nothing else; the returned function ends it. */
  onCount(listener: (key: string) => void): () => void {
    this.counters.add(listener);
    return () => this.counters.delete(listener);
  }

  /** Follows a process, or looks again where it is followed already. Resolves after that look, failed or not; undefined = cancelled. */
  async follow(pid: number, { host = LOCAL, signal }: FollowOptions = {}): Promise<Inspected | undefined> {
    const key = processKey(host, pid);
    // The pid of a process that has ended may name another one now.
    if (this.live.get(key)?.inspection.snapshot.state === 'ended') this.remove(key);
    const known = this.live.get(key);
    if (known) await known.inspection.refresh();
    else await this.firstLook(this.begin(key, host, pid), key, signal);
    return this.get(key);
  }

  /** Adds a saved sample; `savedAs` says where from. */
  open(sample: Sample, savedAs: string): Inspected {
    this.opened += 1;
    const key = `sample-${this.opened}`;
    const { pid } = sample.process;
    const inspected: Inspected = { key, pid, snapshot: { state: 'ended', sample }, savedAs };
    this.saved.set(key, inspected);
    this.order.push(key);
    this.changed();
    return inspected;
  }

  /** Never rejects: a failure stands in the snapshot. */
  async refresh(key: string, search?: Search): Promise<void> {
    const inspection = this.live.get(key)?.inspection;
    if (inspection && inspection.snapshot.state !== 'ended') await inspection.refresh(search);
  }

  /** Looks at every process that is followed and not paused; `host` = at those of one, which is back: with a look that begins now. */
  async refreshAll(host?: HostId): Promise<void> {
    const key = host && hostKey(host);
    const due = [...this.live.values()].filter(
      (one) => one.inspection.snapshot.state === 'live' && (!key || hostKey(one.host) === key),
    );
    await Promise.all(due.map(({ inspection }) => (key ? inspection.refreshAnew() : inspection.refresh())));
  }

  /** How what is followed has gone so far; undefined of what was opened from a file. */
  historyOf(key: string): History | undefined {
    return this.live.get(key)?.inspection.history;
  }

  /** Freezes the picture as it was at a time, milliseconds since 1970. */
  rewind(key: string, at: number): void {
    this.live.get(key)?.inspection.rewind(at);
  }

  pause(key: string): void {
    this.live.get(key)?.inspection.pause();
  }

  resume(key: string): void {
    this.live.get(key)?.inspection.resume();
  }

  /** Traces what is followed, for so many seconds at the most. Resolves once it goes on; rejects with why it cannot be. */
  async trace(key: string, limit: number): Promise<void> {
    await this.live.get(key)?.tracing.start(limit);
  }

  /** Resolves when what was traced stands there, and in a Sample that was taken after it. */
  async stopTrace(key: string): Promise<void> {
    const followed = this.live.get(key);
    await followed?.tracing.stop();
    if (followed?.inspection.snapshot.state === 'live') await followed.inspection.refreshAnew();
  }

  remove(key: string): void {
    const at = this.order.indexOf(key);
    if (at < 0) return;
    this.order.splice(at, 1);
    const followed = this.live.get(key);
    this.live.delete(key);
    this.saved.delete(key);
    followed?.tracing.dispose();
    followed?.inspection.dispose();
    this.changed();
  }

  /** Seconds between looks, for all; undefined = only when asked. */
  setInterval(seconds: number | undefined): void {
    this.interval = seconds;
    for (const { inspection } of this.live.values()) inspection.setInterval(seconds);
  }

  /** Seconds between counters, for all; undefined = none are read. */
  count(seconds: number | undefined): void {
    this.counting = seconds;
    for (const { inspection } of this.live.values()) inspection.count(seconds);
  }

  /** Seconds between questions whether processes are still there while none is looked at; undefined = none are asked. */
  check(seconds: number | undefined): void {
    this.checking = seconds;
    for (const { inspection } of this.live.values()) inspection.check(seconds);
  }

  /** Closes all that are followed on a host. */
  removeHost(host: HostId): void {
    for (const [key, followed] of [...this.live])
      if (hostKey(followed.host) === hostKey(host)) this.remove(key);
  }

  dispose(): void {
    this.listeners.clear();
    this.counters.clear();
    for (const key of [...this.order]) this.remove(key);
  }

  /** A cancelled look is left behind at once, however long the target takes to answer. */
  private firstLook(begun: Inspection, key: string, signal: AbortSignal | undefined): Promise<void> {
    const looked = begun.refresh();
    if (!signal) return looked;
    return new Promise((resolve) => {
      const cancel = () => {
        this.remove(key);
        resolve();
      };
      if (signal.aborted) cancel();
      signal.addEventListener('abort', cancel, { once: true });
      void looked.then(() => {
        signal.removeEventListener('abort', cancel);
        resolve();
      });
    });
  }

  private begin(key: string, host: HostId, pid: number): Inspection {
    const read = this.read?.(host);
    const inspection = new Inspection(pid, this.take(host, pid), this.clock, this.interval, read);
    inspection.count(this.counting);
    inspection.check(this.checking);
    inspection.onCount(() => {
      for (const listener of [...this.counters]) listener(key);
    });
    const tracing = new ProcessTracing(pid, this.traceOn?.(host) ?? UNTRACEABLE, this.clock, () => {
      if (this.live.get(key)?.tracing !== tracing) return;
      this.changed();
      const isTold = tracing.state?.state === 'done' && inspection.snapshot.state === 'live';
      if (isTold) void inspection.refreshAnew();
    });
    inspection.history.latency = () => tracing.latest();
    this.live.set(key, { host, inspection, tracing });
    this.order.push(key);
    inspection.onChange(({ state }) => {
      if (state === 'ended') void tracing.stop('The process has ended.');
      if (this.live.get(key)?.inspection === inspection) this.changed();
    });
    this.changed();
    return inspection;
  }

  private changed(): void {
    for (const listener of [...this.listeners]) listener();
  }
}

/** The key of the inspection of a process. */
export function processKey(host: HostId, pid: number): string {
  return isHere(host) ? `process-${pid}` : `process-${pid} on ${hostKey(host)}`;
}
