import type { TracedRequest, TraceSummary } from '../model/trace';
import { errnoName } from '../probe/errno';
import { opcodeName } from '../ring/opcodes';
import type { TraceDrained } from '../target/tracing';
import { EventDecoder, type RingEvent, userDataOf } from './events';
import type { EventFormat, PageLayout } from './format';
import type { Histogram } from './histograms';
import type { Life } from './life';
import { Lifetimes } from './lifetimes';
import { readPage } from './page';
import { readStackSamples, type StackSample } from './stackSamples';
import { Statistics } from './statistics';

export interface TraceOf {
  readonly formats: readonly EventFormat[];
  readonly page: PageLayout;
  /** As `uname -m` prints it. */
  readonly arch: string;
  /** trace/histograms.ts has it. */
  readonly newHistogram: () => Histogram;
  /** Nanoseconds of CLOCK_MONOTONIC when it began. */
  readonly origin: bigint;
  /** Descriptors of the traced rings, by the lower 48 bits of their addresses. */
  readonly rings: ReadonlyMap<number, number>;
  /** Where the rings are not known: those that one of these threads submits to are the ones. */
  readonly submitters?: ReadonlySet<number>;
}

/** Pending requests that are told. */
const MOST_PENDING = 32;

const SUBMIT = 'submit';

/** Nanoseconds: an event that a processor had begun to write when it was drained comes with the next drain. A host may stop that processor then. */
const HELD_BACK = 100_000_000;

/** Follows the requests of one trace, drained piece by piece. */
export class TraceReader {
  private readonly decoder: EventDecoder;
  private readonly statistics: Statistics;
  private readonly lifetimes: Lifetimes;
  private readonly known: Set<number>;
  /** Not yet in order: another processor may have older ones. */
  private early: RingEvent[] = [];
  /** When the first of the drains that belong together began. */
  private series: number | undefined;
  private upTo = 0;
  lostStacks = 0;
  /** Pages that could not be read to their end. */
  damaged = 0;
  /** Events lost as the pages tell. */
  lostSeen = 0;
  /** Events, bytes of them, and stacks so far. */
  events = 0;
  bytes = 0;
  stacks = 0;
  /** Submits by SQPOLL threads, which have no stack of the program's. */
  polledSubmits = 0;

  constructor(private readonly of: TraceOf) {
    this.decoder = new EventDecoder(of.formats);
    this.statistics = new Statistics(of.newHistogram);
    this.known = new Set(of.rings.keys());
    const byRequest = this.decoder.namesRequest('submit') && this.decoder.namesRequest('complete');
    this.lifetimes = new Lifetimes(
      {
        onCompleted: (life) => this.statistics.add(life),
        onFurther: (event, life) => {
          if (!life) this.statistics.addUnseen(event);
        },
      },
      byRequest,
    );
  }

  /** Pieces in the order they were drained. */
  take({ began, pages, stacks, more }: TraceDrained): void {
    this.series ??= Number(began - this.of.origin);
    for (const { data } of stacks) this.takeStacks(data);
    for (const { data } of pages) this.takePage(data);
    if (more) return;
    const { series } = this;
    this.series = undefined;
    this.settle(series - HELD_BACK);
  }

  /** No more comes: what is there is all. */
  end(): void {
    this.settle(Number.POSITIVE_INFINITY);
  }

  /** The slowest and the oldest pending ones, whose stacks are worth to be told. */
  get shown(): { readonly slowest: readonly Life[]; readonly oldest: readonly Life[] } {
    const oldest = [...this.lifetimes.pending].sort((a, b) => a.submitted - b.submitted);
    return { slowest: this.statistics.slowest, oldest: oldest.slice(0, MOST_PENDING) };
  }

  /** All that are pending, in the order of their submits. */
  get pending(): readonly Life[] {
    return [...this.lifetimes.pending];
  }

  /** `until`: nanoseconds of CLOCK_MONOTONIC; `lost`: events that the kernel has counted as lost. */
  summary(until: bigint, lost: number | undefined, notTraced: readonly string[] = []): TraceSummary {
    const { lifetimes, shown } = this;
    const end = Number(until - this.of.origin);
    return {
      seconds: end / 1e9,
      submitted: lifetimes.submitted,
      completed: lifetimes.completed,
      pending: lifetimes.pendingCount,
      unseenSubmits: lifetimes.unseenSubmits,
      unseenCompletions: lifetimes.unseenCompletions,
      lost: {
        ...(lost === undefined ? {} : { events: lost }),
        stacks: this.lostStacks + lifetimes.stacksNotKept,
      },
      overflowed: lifetimes.overflowed,
      ...(this.polledSubmits > 0 ? { polledSubmits: this.polledSubmits } : {}),
      operations: this.statistics.operationsWith(lifetimes.pending),
      slowest: shown.slowest.map((life) => this.told(life, end)),
      oldest: shown.oldest.map((life) => this.told(life, end)),
      notTraced,
    };
  }

  /** What a pending request is told by. */
  named(life: Life): {
    readonly ringFd: number | undefined;
    readonly operation: string;
    readonly userData: string;
  } {
    return {
      ringFd: this.of.rings.get(life.ring),
      operation: opcodeName(life.opcode),
      userData: userDataOf(life),
    };
  }

  private told(life: Life, end: number): TracedRequest {
    const { completed, result, submitted, fd, polls } = life;
    const isPending = Number.isNaN(completed);
    const ringFd = this.of.rings.get(life.ring);
    const after = (time: number, name: string) =>
      Number.isNaN(time) ? {} : { [name]: (time - submitted) / 1e9 };
    return {
      operation: opcodeName(life.opcode),
      userData: userDataOf(life),
      ...(fd < 0 ? {} : { fd }),
      ...(ringFd === undefined ? {} : { ringFd }),
      submitter: life.submitter,
      submittedAt: Number(this.of.origin) / 1e9 + submitted / 1e9,
      took: ((isPending ? end : completed) - submitted) / 1e9,
      ...(isPending ? {} : { result: result < 0 ? errnoName(-result) : String(result) }),
      ...after(life.punted, 'punted'),
      ...after(life.pollArmed, 'pollArmed'),
      ...after(life.deferred, 'deferred'),
      ...after(life.taskWork, 'taskWork'),
      ...(polls > 1 ? { polls } : {}),
    };
  }

  private takeStacks(data: Buffer): void {
    const { samples, lost } = readStackSamples(data, this.of.arch, this.of.origin);
    this.lostStacks += lost;
    this.stacks += samples.length;
    for (const sample of samples) {
      const { record } = sample;
      const event = this.decoder.decode(record, sample.time, 0, record.length);
      if (event?.kind === SUBMIT && this.isOurs(event))
        this.lifetimes.giveStack(event.request, owned(sample));
    }
  }

  private takePage(data: Buffer): void {
    this.bytes += data.length;
    const onRecord = (time: number, at: number, end: number): void => {
      const event = this.decoder.decode(data, time, at, end);
      if (event) this.early.push(event);
    };
    const { lost, damaged } = readPage(data, this.of.origin, onRecord, this.of.page);
    if (damaged) this.damaged++;
    this.lostSeen += lost === 'unknown' ? 1 : lost;
  }

  /** Follows all that is older than a drain which has brought everything up to its beginning. */
  private settle(until: number): void {
    const sorted = this.early.sort((a, b) => a.time - b.time);
    let count = 0;
    for (const event of sorted) {
      if (event.time >= until) break;
      count++;
      if (!this.isOurs(event)) continue;
      if (event.kind === SUBMIT && event.value !== 0) this.polledSubmits++;
      this.lifetimes.take(event);
    }
    this.early = sorted.slice(count);
    this.events += count;
    this.lifetimes.forgetStacks(this.upTo);
    this.upTo = until;
  }

  private isOurs({ kind, ring, tid }: RingEvent): boolean {
    const { submitters } = this.of;
    if (!submitters) return this.known.size === 0 || this.known.has(ring) || ring === 0;
    if (kind === SUBMIT && submitters.has(tid)) this.known.add(ring);
    return this.known.has(ring);
  }
}

/** It is kept beyond what it was drained with. */
function owned(sample: StackSample): StackSample {
  return { ...sample, record: Buffer.alloc(0), stack: Buffer.from(sample.stack) };
}
