import type { Sample } from '../model/sample';
import { type Clock, Inspection, type InspectionSnapshot, type Search, type TakeSample } from './inspection';

/** One thing the user looks at: a process that is followed, or a sample that was opened from a file. */
export interface Inspected {
  /** Names it for as long as it stands in the list. */
  readonly key: string;
  readonly pid: number;
  readonly snapshot: InspectionSnapshot;
  /** Present when it was opened: where from, for people. Such a thing never changes. */
  readonly savedAs?: string;
}

/** Everything being inspected in one window, in the order it was begun. */
export class Inspections {
  private readonly live = new Map<string, Inspection>();
  private readonly saved = new Map<string, Inspected>();
  private readonly order: string[] = [];
  private readonly listeners = new Set<() => void>();
  private interval: number | undefined;
  private opened = 0;

  /** `take` makes the sampler of one process. */
  constructor(
    private readonly take: (pid: number) => TakeSample,
    private readonly clock: Clock,
  ) {}

  get all(): readonly Inspected[] {
    return this.order.flatMap((key) => this.get(key) ?? []);
  }

  get(key: string): Inspected | undefined {
    const inspection = this.live.get(key);
    if (!inspection) return this.saved.get(key);
    return { key, pid: inspection.pid, snapshot: inspection.snapshot };
  }

  /** Calls back after every change; the returned function ends it. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Follows a process, or looks again where it is followed already. Resolves after that look, failed or not; undefined = cancelled. */
  async follow(pid: number, signal?: AbortSignal): Promise<Inspected | undefined> {
    const key = `process-${pid}`;
    // The pid of a process that has ended may name another one now.
    if (this.live.get(key)?.snapshot.state === 'ended') this.remove(key);
    const known = this.live.get(key);
    if (known) await known.refresh();
    else await this.firstLook(key, pid, signal);
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
    const inspection = this.live.get(key);
    if (inspection && inspection.snapshot.state !== 'ended') await inspection.refresh(search);
  }

  /** Looks at every process that is followed and not paused. */
  async refreshAll(): Promise<void> {
    const due = [...this.live.values()].filter(({ snapshot }) => snapshot.state === 'live');
    await Promise.all(due.map((inspection) => inspection.refresh()));
  }

  pause(key: string): void {
    this.live.get(key)?.pause();
  }

  resume(key: string): void {
    this.live.get(key)?.resume();
  }

  remove(key: string): void {
    const at = this.order.indexOf(key);
    if (at < 0) return;
    this.order.splice(at, 1);
    const inspection = this.live.get(key);
    this.live.delete(key);
    this.saved.delete(key);
    inspection?.dispose();
    this.changed();
  }

  /** Seconds between looks, for all; undefined = only when asked. */
  setInterval(seconds: number | undefined): void {
    this.interval = seconds;
    for (const inspection of this.live.values()) inspection.setInterval(seconds);
  }

  dispose(): void {
    this.listeners.clear();
    for (const key of [...this.order]) this.remove(key);
  }

  /** A cancelled look is left behind at once, however long the target takes to answer. */
  private firstLook(key: string, pid: number, signal: AbortSignal | undefined): Promise<void> {
    const looked = this.begin(key, pid).refresh();
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

  private begin(key: string, pid: number): Inspection {
    const inspection = new Inspection(pid, this.take(pid), this.clock, this.interval);
    this.live.set(key, inspection);
    this.order.push(key);
    inspection.onChange(() => {
      if (this.live.get(key) === inspection) this.changed();
    });
    this.changed();
    return inspection;
  }

  private changed(): void {
    for (const listener of [...this.listeners]) listener();
  }
}
