import { walkKernel } from '../kernel/walk';
import { UserError } from '../model/errors';
import type { Process, Sample } from '../model/sample';
import type { TracedRequest, TraceSummary } from '../model/trace';
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
import { ReapLooks } from './reapLooks';
import { readFormats } from './traceFormats';
import { nothingTraced, traceRefused } from './tracingTrouble';

export interface TraceOptions {
  /** KiB of each processor's buffer; absent: 64 MiB of all together, 16 MiB of one at the most. */
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
}

/** Pending requests beside those shown whose stacks are named. */
const MOST_NAMED = 256;
const ALL_KILOBYTES = 64 << 10;
const MOST_KILOBYTES = 16 << 10;
const STACK_BYTES = 4096;
/** KiB of all buffers for stacks, and of one: a thousand stacks of one processor between two drains. */
const ALL_STACK_KILOBYTES = 16 << 10;
const MOST_STACK_KILOBYTES = 4096;
/** Stacks that are taken in a second; of more submits a share. */
const MOST_STACKS = 2000;
const INTERVAL = 100;
/** Milliseconds at least between two looks at the counters of the rings, for which the kernel takes their locks. */
const LOOKS_APART = 50;
/** Bytes that one drain has brought after which the next one follows at once: the rate is high. */
const MUCH = 1 << 20;
const MOST_FILTERED = 64;
const RING = 'anon_inode:[io_uring]';
const LOW_48 = (1n << 48n) - 1n;

/** Kinds that are followed; others would cost and tell nothing yet. */
const FOLLOWED: ReadonlySet<EventKind | undefined> = new Set<EventKind>([
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
  private stopping = false;
  private wake = () => {};
  /** Why it has ended by itself, if it has. */
  private broken: Failure | undefined;
  /** Stacks taken up to the moment from which they are counted. */
  private counted = { since: performance.now(), stacks: 0 };

  constructor(
    private readonly target: Target,
    private readonly tracing: Tracing,
    readonly reader: TraceReader,
    private readonly place: string,
    private readonly interval: number,
    private readonly notTraced: readonly string[],
    private readonly origin: bigint,
    private readonly process: Process,
    private readonly looks: ReapLooks,
  ) {
    this.loop = this.drainOnSchedule();
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
    this.reader.end();
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
    return names ? this.withStacks(summary, names) : { summary, submits: [] };
  }

  private async withStacks(summary: TraceSummary, names: NameDumps): Promise<TraceResult> {
    const { slowest, oldest } = this.reader.shown;
    const told = [...slowest, ...oldest];
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
    };
  }

  private async drainOnSchedule(): Promise<void> {
    while (!this.stopping && !this.broken) {
      const begun = performance.now();
      const before = this.reader.bytes;
      await this.drainAll();
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
      const drained = await this.tracing.drain(this.every);
      if (!isTraced(drained)) {
        this.broken = drained;
        return this.origin;
      }
      this.reader.take(drained);
      if (!drained.more) return drained.began;
    }
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
  const { newHistogram } = await import('../trace/histograms');
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
      filtered: isOfRing(format),
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
  const known = new Map([...rings].map(([address, fd]) => [Number(address & LOW_48), fd]));
  const reader = new TraceReader({
    newHistogram,
    formats,
    page,
    arch: target.arch,
    origin: first.began,
    rings: known,
    ...(submitters ? { submitters } : {}),
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
    `${place}/instances/${instance}`,
    options.interval ?? INTERVAL,
    notTraced,
    first.began,
    { pid, name: '', command: [] },
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
