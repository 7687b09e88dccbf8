import { walkKernel } from '../kernel/walk';
import { UserError } from '../model/errors';
import type { Process, Sample } from '../model/sample';
import type { TracedRequest, TraceSummary } from '../model/trace';
import type { LatencySpan, TraceDetails, TraceStatus } from '../model/traceDetails';
import type { Failure } from '../probe/protocol';
import { layoutOf, type WalkOptions } from '../sample/pendingSources';
import type { CallStack } from '../source/callStacks';
import type { RecordedSubmit } from '../source/recordedOrigins';
import type { StackDump } from '../source/unwind/threads';
import type { Target } from '../target/target';
import { isTraced, type Tracing } from '../target/tracing';
import { EVENT_KINDS, type EventKind, isOfRing } from '../trace/events';
import type { EventFormat } from '../trace/format';
import type { Life } from '../trace/life';
import { parseBufferStats } from '../trace/stats';
import { TraceReader } from '../trace/traceReader';
import { TraceRecord } from '../trace/traceRecord';
import { ReapLooks } from './reapLooks';
import { readFormats } from './traceFormats';
import { TracePace } from './tracePace';
import { nothingTraced, traceRefused } from './tracingTrouble';

export interface TraceOptions {
  /** KiB of each processor's buffer; absent: 64 MiB of all together, 32 MiB of one at the most. */
  readonly kilobytes?: number;
  /** Bytes of each submit's stack; 0 = none. Default 4096. */
  readonly stackBytes?: number;
  readonly walk?: WalkOptions;
  /** Milliseconds between two drains; tests. */
  readonly interval?: number;
}

/** Names stacks that were copied while a process ran: SampleLinker.nameDumps. */
export type NameDumps = (
  target: Target,
  of: Pick<Sample, 'process'>,
  dumps: readonly StackDump[],
) => Promise<CallStack[]>;

export interface TraceResult {
  readonly summary: TraceSummary;
  /** Of requests that are pending, for withRecordedOrigins. */
  readonly submits: readonly RecordedSubmit[];
  readonly details: TraceDetails;
}

/** Pending requests beside those shown whose stacks are named. */
const MOST_NAMED = 256;
const ALL_KILOBYTES = 64 << 10;
const MOST_KILOBYTES = 32 << 10;
const STACK_BYTES = 4096;
/** KiB of all buffers for stacks, and of one: a thousand stacks of one processor between two drains. */
const ALL_STACK_KILOBYTES = 16 << 10;
const MOST_STACK_KILOBYTES = 4096;
/** Stacks that are taken in a second; of more submits a share. */
const MOST_STACKS = 2000;
const INTERVAL = 50;
/** Milliseconds at least between two looks at the counters of the rings, for which the kernel takes their locks. */
const LOOKS_APART = 50;
/** Bytes that one drain has brought after which the next one follows at once: the rate is high. */
const MUCH = 1 << 20;
const MOST_FILTERED = 64;
/** Milliseconds between two looks for new threads. */
const LOOK = 1000;
const RING = 'anon_inode:[io_uring]';
const LOW_48 = (1n << 48n) - 1n;
/** The upper bits of every address of the kernel. */
const KERNEL_HALF = 0xffffn << 48n;

/** Kinds that are followed; others would cost and tell nothing yet. */
const FOLLOWED: ReadonlySet<EventKind | undefined> = new Set<EventKind>([
  'create',
  'submit',
  'complete',
  'file_get',
  'queue_async_work',
  'defer',
  'poll_arm',
  'task_add',
  'cqe_overflow',
]);

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
    const lost = await this.lostEvents();
    await this.tracing.stop();
    this.reader.end(this.broken ? undefined : end);
    const ended = this.broken ? [`anything after it broke off (${this.broken.errno})`] : [];
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
      ...this.reader.summary(end, lost, [...this.notTraced, ...sampled, ...polled, ...ended]),
      reaping: this.looks.told,
    };
    return names
      ? this.withStacks(summary, names)
      : { summary, submits: [], details: this.details(this.record.stacks.map((life) => this.told(life))) };
  }

  private told(life: Life): TracedRequest {
    return this.reader.told(life, Number(this.drained - this.origin));
  }

  private details(stacks: readonly TracedRequest[]): TraceDetails {
    const { requests, completed, counted, overTime, latencies } = this.record;
    return {
      began: this.began,
      origin: Number(this.origin) / 1e9,
      requests: requests.map((life) => this.told(life)),
      completed,
      counted,
      stacks: stacks.filter(({ stack }) => stack !== undefined),
      overTime,
      latencies,
    };
  }

  private async withStacks(summary: TraceSummary, names: NameDumps): Promise<TraceResult> {
    const { slowest, oldest } = this.reader.shown;
    const told = [...new Set([...slowest, ...oldest, ...this.record.stacks])];
    const further = this.reader.pending.filter((life) => !told.includes(life)).slice(0, MOST_NAMED);
    const lives = [...told, ...further].filter(({ stack }) => stack !== undefined);
    const dumps = lives.flatMap(({ stack }) => (stack ? [stack] : []));
    const named = dumps.length === 0 ? [] : await names(this.target, { process: this.process }, dumps);
    const stacks = new Map(lives.map((life, index) => [life, named[index]]));
    const withStack = (request: TracedRequest, life: Life | undefined): TracedRequest => {
      const { frames, note } = (life && stacks.get(life)) ?? {};
      return {
        ...request,
        ...(frames ? { stack: frames } : {}),
        ...(note === undefined ? {} : { stackNote: note }),
      };
    };
    return {
      summary: {
        ...summary,
        slowest: summary.slowest.map((request, index) => withStack(request, slowest[index])),
        oldest: summary.oldest.map((request, index) => withStack(request, oldest[index])),
      },
      submits: [...oldest, ...further].flatMap((life) => {
        const { frames } = stacks.get(life) ?? {};
        return frames ? [{ ...this.reader.named(life), stack: frames }] : [];
      }),
      details: this.details(this.record.stacks.map((life) => withStack(this.told(life), life))),
    };
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
    const rings = created.filter(({ tid }) => threads.has(tid)).map(({ ring }) => KERNEL_HALF | BigInt(ring));
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

  /** Undefined where the kernel does not tell. */
  private async lostEvents(): Promise<number | undefined> {
    const [listed] = await this.target.list([`${this.place}/per_cpu`]);
    if (!listed?.ok) return undefined;
    const files = listed.entries.map(({ name }) => `${this.place}/per_cpu/${name}/stats`);
    let lost = 0;
    for (const answer of await this.target.read(files)) {
      const counts = answer.ok ? parseBufferStats(answer.data.toString('latin1')) : undefined;
      if (!counts) return undefined;
      lost += counts.lost;
    }
    return lost;
  }
}

/**
 * Begins to trace the rings that a process has now. Rejects with a UserError where it cannot be: `not-permitted` (not root),
 * `not-traceable` (why stands in it).
 */
export async function startTrace(
  target: Target,
  pid: number,
  options: TraceOptions = {},
): Promise<RunningTrace> {
  const { tracing } = target;
  if (!tracing) throw nothingTraced('A capture has nothing that happens.');
  const { place, formats, page, processors } = await readFormats(target);
  const { rings, ringFds, submitters } = await ringsOf(target, pid, options.walk ?? {});
  const events = formats.filter(({ name }) => FOLLOWED.has(EVENT_KINDS.get(name)));
  const stackBytes = options.stackBytes ?? STACK_BYTES;
  const { newHistogram, newFastHistogram } = await import('../trace/histograms');
  const stackKilobytes = Math.max(
    64,
    Math.min(MOST_STACK_KILOBYTES, Math.floor(ALL_STACK_KILOBYTES / processors)),
  );
  const started = await tracing.start({
    kilobytes:
      options.kilobytes ?? Math.max(64, Math.min(MOST_KILOBYTES, Math.floor(ALL_KILOBYTES / processors))),
    // Of more rings than the kernel is asked to choose, all of the machine are told, and chosen here.
    rings: rings.size > MOST_FILTERED ? [] : [...rings.keys()],
    events: events.map((format) => ({
      name: format.name,
      // Whose a new ring is can be told by who creates it alone.
      filtered: isOfRing(format) && EVENT_KINDS.get(format.name) !== 'create',
      ...(EVENT_KINDS.get(format.name) === 'submit' ? { stacks: true } : {}),
    })),
    ...(stackBytes === 0 ? {} : { stacks: { bytes: stackBytes, kilobytes: stackKilobytes, every: 1 } }),
  });
  if (!isTraced(started)) throw traceRefused(started.errno, target);
  const first = await tracing.drain();
  if (!isTraced(first)) {
    await tracing.stop();
    throw traceRefused(first.errno, target);
  }
  const threads =
    submitters || rings.size > MOST_FILTERED ? undefined : new Set(await threadsOf(target, pid));
  if (threads) await tracing.follow?.([...rings.keys()], [...threads]);
  const known = new Map([...rings].map(([address, fd]) => [Number(address & LOW_48), fd]));
  const record = new TraceRecord(newFastHistogram);
  const reader = new TraceReader({
    newHistogram,
    onCompleted: (life) => record.add(life),
    onFolded: (row) => record.addFolded(row),
    formats,
    page,
    arch: target.arch,
    origin: first.began,
    rings: known,
    ...(submitters ? { submitters } : {}),
    ...(threads ? { threads } : {}),
  });
  reader.take(first);
  const { refused, stacksRefused, instance } = started;
  const notTraced = [
    ...missingEvents(formats, refused),
    ...(stacksRefused === undefined ? [] : [`where requests are submitted (${stacksRefused})`]),
    ...(submitters ? ['requests that a kernel thread (SQPOLL) submits'] : []),
  ];
  return new RunningTrace(
    target,
    tracing,
    reader,
    record,
    `${place}/instances/${instance}`,
    options.interval ?? INTERVAL,
    notTraced,
    first.began,
    { pid, name: '', command: [] },
    threads,
    new ReapLooks(target, pid, rings.size > 0 ? rings.values() : ringFds),
  );
}

function missingEvents(formats: readonly EventFormat[], refused: ReadonlyMap<string, string>): string[] {
  const kinds = new Set(
    formats.filter(({ name }) => !refused.has(name)).map(({ name }) => EVENT_KINDS.get(name)),
  );
  const missing = [...FOLLOWED].filter((kind) => !kinds.has(kind));
  return missing.map((kind) => `events of the kind ${kind}, which this kernel does not have`);
}

async function threadsOf(target: Target, pid: number): Promise<number[]> {
  const [tasks] = await target.list([`/proc/${pid}/task`]);
  return tasks?.ok ? tasks.entries.map(({ name }) => Number(name)) : [];
}

/** The addresses of its rings, with their descriptors; where they cannot be found out, who submits to them. */
async function ringsOf(
  target: Target,
  pid: number,
  walk: WalkOptions,
): Promise<{
  readonly rings: ReadonlyMap<bigint, number>;
  readonly ringFds: readonly number[];
  readonly submitters?: ReadonlySet<number>;
}> {
  const [[fds], [tasks]] = await Promise.all([
    target.list([`/proc/${pid}/fd`], { only: [RING] }),
    target.list([`/proc/${pid}/task`]),
  ]);
  if (!tasks?.ok)
    throw new UserError('no-such-process', `Process ${pid} is not there.`, 'It may have ended.');
  const ringFds = fds?.ok ? fds.entries.map(({ name }) => Number(name)) : [];
  const opened = target.kernel ? await layoutOf(target, walk) : undefined;
  if (opened?.ok) {
    const walked = await walkKernel(target, { pid, ringFds, layout: opened.layout });
    const rings = new Map(walked.rings.map(({ key, fds: [fd] }) => [BigInt(`0x${key}`), fd ?? -1]));
    if (rings.size > 0) return { rings, ringFds };
  }
  return { rings: new Map(), ringFds, submitters: new Set(tasks.entries.map(({ name }) => Number(name))) };
}
