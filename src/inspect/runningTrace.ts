import type { Process } from '../model/sample';
import type { TraceSummary } from '../model/trace';
import type { LatencySpan, TraceStatus } from '../model/traceDetails';
import type { Failure } from '../probe/protocol';
import type { Target } from '../target/target';
import { isTraced, type Tracing } from '../target/tracing';
import { parseBufferStats } from '../trace/stats';
import type { TraceReader } from '../trace/traceReader';
import type { TraceRecord } from '../trace/traceRecord';
import type { ReapLooks } from './reapLooks';
import { threadsOf } from './tracedRings';
import { TracePace } from './tracePace';
import { type NameDumps, named, type TraceResult, unnamed } from './traceResult';

/** Stacks that are taken in a second; of more submits a share. */
const MOST_STACKS = 2000;
/** Milliseconds at least between two looks at the counters of the rings, for which the kernel takes their locks. */
const LOOKS_APART = 50;
/** Bytes that one drain has brought after which the next one follows at once: the rate is high. */
const MUCH = 1 << 20;
/** Rings, and threads, that the kernel is asked to choose. */
export const MOST_FILTERED = 64;
/** Milliseconds between two looks for new threads. */
const LOOK = 1000;
/** The upper bits of every address of the kernel. */
const KERNEL_HALF = 0xffffn << 48n;

/** What a process's rings do, while it goes on. Stop it: what it has enabled costs the process time. */
export class RunningTrace {
  private readonly loop: Promise<void>;
  private every = 1;
  /** The largest that `every` has been. */
  private sparsest = 1;
  /** When the threads were last listed. */
  private looked = performance.now();
  private stopping = false;
  private wake = () => {};
  /** Why it has ended by itself, if it has. */
  private broken: Failure | undefined;
  /** Stacks taken up to the moment from which they are counted. */
  private counted = { since: performance.now(), stacks: 0 };
  /** Nanoseconds of CLOCK_MONOTONIC up to which it has been drained. */
  private drained: bigint;
  private readonly began = Date.now();
  private readonly pace: TracePace;
  /** Settles when nothing more is drained: it was stopped, it broke off, or the target is gone. Never rejects. */
  readonly ended: Promise<void>;

  constructor(
    private readonly target: Target,
    private readonly tracing: Tracing,
    readonly reader: TraceReader,
    private readonly record: TraceRecord,
    private readonly place: string,
    private readonly interval: number,
    private readonly notTraced: readonly string[],
    private readonly origin: bigint,
    private readonly process: Process,
    /** Grows as they are seen; absent where the rings are not known by their addresses. */
    private readonly threads: Set<number> | undefined,
    private readonly looks: ReapLooks,
  ) {
    this.drained = origin;
    this.pace = new TracePace(target, reader);
    this.loop = this.drainOnSchedule();
    this.ended = this.loop.catch(() => undefined);
  }

  /** What is known up to the last drain; `lost` as the pages tell, at least. */
  soFar(): TraceSummary {
    return this.reader.summary(this.drained, this.reader.lostSeen, this.notTraced);
  }

  /** How it goes; rates are since the last call. */
  status(): TraceStatus {
    return this.pace.status(this.seconds);
  }

  /** Of what has completed of late. */
  latest(): LatencySpan | undefined {
    return this.record.latest(Number(this.drained - this.origin));
  }

  private get seconds(): number {
    return Number(this.drained - this.origin) / 1e9;
  }

  /**
   * Waits for what is under way, drains the rest and gives the instance back. With `names` the slowest and the oldest requests have the
   * stacks of their submits. Rejects when the target is gone.
   */
  async stop(names?: NameDumps): Promise<TraceResult> {
    this.stopping = true;
    this.wake();
    await this.loop;
    const end = this.broken ? this.origin : await this.drainAll();
    await this.looks.look();
    const lost = await lostEvents(this.target, this.place);
    await this.tracing.stop();
    this.reader.end(this.broken ? undefined : end);
    const broken = this.broken ? [`anything after it broke off (${this.broken.errno})`] : [];
    const sampled =
      this.sparsest > 1
        ? [`the stacks of all submits: while there were very many, one of up to ${this.sparsest}`]
        : [];
    const polled =
      names && this.reader.polledSubmits > 0
        ? [
            'where requests of SQPOLL rings are submitted: a kernel thread takes them up, on no stack of the program',
          ]
        : [];
    const summary = {
      ...this.reader.summary(end, lost, [...this.notTraced, ...sampled, ...polled, ...broken]),
      reaping: this.looks.told,
    };
    const { reader, record, began, origin, drained } = this;
    const ended = { reader, record, summary, began, origin, drained };
    return names
      ? named(ended, (dumps) => names(this.target, { process: this.process }, dumps))
      : unnamed(ended);
  }

  private async drainOnSchedule(): Promise<void> {
    while (!this.stopping && !this.broken) {
      const begun = performance.now();
      const before = this.reader.bytes;
      await this.drainAll();
      await this.followThreads();
      this.adapt();
      await this.looks.lookIn(LOOKS_APART);
      const much = this.reader.bytes - before > MUCH;
      // Not in step with a program that does something as often.
      const every = this.interval * (0.75 + Math.random() / 2);
      const rest = much ? 1 : every - (performance.now() - begun);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.max(1, rest));
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
        if (this.stopping) this.wake();
      });
    }
  }

  /** When the last drain began. */
  private async drainAll(): Promise<bigint> {
    for (;;) {
      const drained = await this.tracing.drain(this.every, this.reader.fold);
      if (!isTraced(drained)) {
        this.broken = drained;
        return this.origin;
      }
      this.pace.spend(() => this.reader.receive(drained));
      await this.followCreated();
      if (drained.more) continue;
      this.pace.spend(() => this.reader.settleDrained());
      this.drained = drained.began;
      return drained.began;
    }
  }

  /** Counts the system calls of threads that have come, too. */
  private async followThreads(): Promise<void> {
    const { threads } = this;
    if (!threads || performance.now() - this.looked < LOOK) return;
    this.looked = performance.now();
    const there = await threadsOf(this.target, this.process.pid);
    if (there.every((tid) => threads.has(tid)) || threads.size >= MOST_FILTERED) return;
    for (const tid of there) threads.add(tid);
    await this.tracing.follow?.(this.reader.traced, [...threads]);
  }

  /** Traces a ring that the process has created meanwhile: first what its threads do there, from now on what its workers do, too. */
  private async followCreated(): Promise<void> {
    const created = this.reader.takeCreated();
    const { threads } = this;
    if (created.length === 0 || !threads) return;
    if (created.some(({ tid }) => !threads.has(tid)))
      for (const tid of await threadsOf(this.target, this.process.pid)) threads.add(tid);
    const own = created.filter(({ tid }) => threads.has(tid));
    for (const { value: fd } of own) this.looks.add(fd);
    const rings = own.map(({ ring }) => KERNEL_HALF | BigInt(ring));
    if (rings.length > 0)
      await this.tracing.follow?.([...new Set([...rings, ...this.reader.traced])], [...threads]);
  }

  /** Takes the stack of every submit, or of so few that they cost the program no more than a small part of its time. */
  private adapt(): void {
    const { stacks, lostStacks } = this.reader;
    const taken = stacks + lostStacks - this.counted.stacks;
    const seconds = (performance.now() - this.counted.since) / 1000;
    const share = taken / (MOST_STACKS * Math.max(1, seconds));
    if (share <= 1 && seconds < 1) return;
    if (share > 1) this.every = Math.min(1 << 20, Math.ceil(this.every * share));
    else if (this.every > 1 && share < 0.25) this.every = Math.ceil(this.every / 2);
    this.sparsest = Math.max(this.sparsest, this.every);
    this.counted = { since: performance.now(), stacks: stacks + lostStacks };
  }
}

/** Undefined where the kernel does not tell. */
async function lostEvents(target: Target, place: string): Promise<number | undefined> {
  const [listed] = await target.list([`${place}/per_cpu`]);
  if (!listed?.ok) return undefined;
  const files = listed.entries.map(({ name }) => `${place}/per_cpu/${name}/stats`);
  let lost = 0;
  for (const answer of await target.read(files)) {
    const counts = answer.ok ? parseBufferStats(answer.data.toString('latin1')) : undefined;
    if (!counts) return undefined;
    lost += counts.lost;
  }
  return lost;
}
