import type { TracedRequest, TraceSummary } from '../model/trace';
import { errnoName } from '../probe/errno';
import { opcodeName } from '../ring/opcodes';
import type { FoldAsked, Folded, FoldedRow, FoldFormat, TraceDrained } from '../target/tracing';
import { EventDecoder, type RingEvent, userDataOf } from './events';
import { foldFormats } from './folding';
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
  /** Called for each request that has completed, in the order of their completions. */
  readonly onCompleted?: (life: Life) => void;
  /** Called for those that the probe has counted, in turn with onCompleted: seconds never go back. */
  readonly onFolded?: (row: FoldedRow) => void;
  /** Tids of the process, as far as they are known: a ring that one of them creates is traced, too. */
  readonly threads?: ReadonlySet<number>;
}

/** Pending requests that are told. */
const MOST_PENDING = 32;

const SUBMIT = 'submit';
const CREATE = 'create';
/** The upper bits of every address of the kernel. */
const KERNEL_HALF = 0xffffn << 48n;

/** Nanoseconds: an event that a processor had begun to write when it was drained comes with the next drain. A host may stop that processor then. */
const HELD_BACK = 100_000_000;

/** Follows the requests of one trace, drained piece by piece. */
export class TraceReader {
  private readonly decoder: EventDecoder;
  private readonly statistics: Statistics;
  private readonly lifetimes: Lifetimes;
  private readonly known: Set<number>;
  private readonly fds: Map<number, number>;
  private readonly created: RingEvent[] = [];
  /** Where a ring was created that is not followed yet. */
  private readonly reused = new Set<number>();
  private readonly folding: readonly FoldFormat[] | undefined;
  /** Not yet in order: another processor may have older ones. */
  private early: RingEvent[] = [];
  /** Rows of seconds of which not all is known. */
  private folded: FoldedRow[] = [];
  /** When the first of the drains that belong together began. */
  private series: number | undefined;
  private upTo = 0;
  lostStacks = 0;
  /** Pages that could not be read to their end. */
  damaged = 0;
  /** Events lost as the pages tell. */
  lostSeen = 0;
  /** Events of requests, bytes of them, and stacks so far. */
  events = 0;
  bytes = 0;
  /** Of rings, by whomever. */
  creations = 0;
  stacks = 0;
  /** Submits by SQPOLL threads, which have no stack of the program's. */
  polledSubmits = 0;
  /** Calls of io_uring_enter by the process's threads; undefined where they were not counted. */
  enters: number | undefined;
  /** Requests that the probe has counted itself, whose events were not seen here. */
  foldedRequests = 0;

  constructor(private readonly of: TraceOf) {
    this.decoder = new EventDecoder(of.formats);
    this.statistics = new Statistics(of.newHistogram);
    this.known = new Set(of.rings.keys());
    this.fds = new Map(of.rings);
    this.folding = foldFormats(of.formats);
    const byRequest = this.decoder.namesRequest('submit') && this.decoder.namesRequest('complete');
    this.lifetimes = new Lifetimes(
      {
        onCompleted: (life) => {
          this.statistics.add(life);
          of.onCompleted?.(life);
        },
        onFurther: (event, life) => {
          if (!life) this.statistics.addUnseen(event);
        },
      },
      byRequest,
    );
  }

  /** Pieces in the order they were drained. */
  take(drained: TraceDrained): void {
    this.receive(drained);
    if (!drained.more) this.settleDrained();
  }

  /** Takes a piece in; settleDrained follows the requests, once there is no more. */
  receive({ began, pages, records = [], folded = [], stacks, enters }: TraceDrained): void {
    this.series ??= Number(began - this.of.origin);
    for (const { data } of stacks) this.takeStacks(data);
    for (const { data } of pages) this.takePage(data);
    for (const { time, data } of records) {
      const event = this.decoder.decode(data, Number(time - this.of.origin), 0, data.length);
      if (event) this.note(event);
    }
    if (enters !== undefined) this.enters = (this.enters ?? 0) + enters;
    for (const one of folded) this.takeFolded(one);
  }

  /** All that is older than the first of the pieces that belong together has come with them. */
  settleDrained(): void {
    const { series } = this;
    this.series = undefined;
    if (series !== undefined) this.settle(series - HELD_BACK);
  }

  /** Rings whose creation was seen since the last time, in which threads, and their descriptors (`value`). */
  takeCreated(): readonly Pick<RingEvent, 'ring' | 'tid' | 'value'>[] {
    return this.created.splice(0);
  }

  /** Addresses of the traced rings, lower 48 bits made whole. */
  get traced(): readonly bigint[] {
    return [...this.known].map(wholeAddress);
  }

  /** No more comes. Of what happened after `until`, nanoseconds of CLOCK_MONOTONIC, not every processor has told: it is left out. */
  end(until?: bigint): void {
    this.settle(until === undefined ? Number.POSITIVE_INFINITY : Number(until - this.of.origin));
  }

  /** What the probe may count itself; undefined where the rings or the requests cannot be told apart. */
  get fold(): FoldAsked | undefined {
    const rings = [...this.known].filter((ring) => !this.reused.has(ring));
    if (!this.folding || rings.length === 0) return undefined;
    return {
      slower: this.statistics.slower,
      origin: this.of.origin,
      data: this.of.page.data,
      formats: this.folding,
      rings: rings.map(wholeAddress),
    };
  }

  /** The slowest and the oldest pending ones, whose stacks are worth to be told. */
  get shown(): { readonly slowest: readonly Life[]; readonly oldest: readonly Life[] } {
    const oldest = [...this.lifetimes.pending].sort((a, b) => a.submitted - b.submitted);
    return { slowest: this.statistics.slowest, oldest: oldest.slice(0, MOST_PENDING) };
  }

  /** Requests submitted and CQEs posted so far. */
  get counts(): { readonly submitted: number; readonly completed: number } {
    const { submitted, completed } = this.lifetimes;
    return { submitted, completed };
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
      ...(this.enters === undefined ? {} : { systemCalls: this.enters }),
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
      ...(this.foldedRequests > 0 ? { counted: this.foldedRequests } : {}),
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
      ringFd: this.fds.get(life.ring),
      operation: opcodeName(life.opcode),
      userData: userDataOf(life),
    };
  }

  /** A request as it is told; `end`: nanoseconds after the origin up to which a pending one has taken. */
  told(life: Life, end: number): TracedRequest {
    const { completed, result, submitted, fd, polls } = life;
    const isPending = Number.isNaN(completed);
    const ringFd = this.fds.get(life.ring);
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

  private note(event: RingEvent): void {
    this.early.push(event);
    if (event.kind !== CREATE) return;
    this.created.push(event);
    this.reused.add(event.ring);
  }

  /** A ring may stand where another one was, that of another process too. */
  private create({ ring, tid, value }: RingEvent): void {
    this.reused.delete(ring);
    const { threads } = this.of;
    if (!threads) return;
    if (threads.has(tid)) {
      this.known.add(ring);
      this.fds.set(ring, value);
    } else this.known.delete(ring);
  }

  private takeFolded({ bytes, events, requests, polled, lost, damaged, rows }: Folded): void {
    this.bytes += bytes;
    this.events += events;
    this.foldedRequests += requests;
    this.polledSubmits += polled;
    this.lostSeen += lost;
    this.damaged += damaged;
    this.lifetimes.addFolded(requests);
    for (const row of rows) {
      this.statistics.addFolded(row);
      if (this.of.onFolded) this.folded.push(row);
    }
  }

  /** Rows of seconds that have begun at this time, nanoseconds after the origin. */
  private tellFolded(time: number): void {
    if (this.folded.length === 0) return;
    const isDue = ({ second }: FoldedRow) => second * 1e9 <= time;
    const due = this.folded.filter(isDue).sort((a, b) => a.second - b.second);
    if (due.length === 0) return;
    this.folded = this.folded.filter((row) => !isDue(row));
    for (const row of due) this.of.onFolded?.(row);
  }

  private takePage(data: Buffer): void {
    this.bytes += data.length;
    const onRecord = (time: number, at: number, end: number): void => {
      const event = this.decoder.decode(data, time, at, end);
      if (event) this.note(event);
    };
    const { lost, damaged } = readPage(data, this.of.origin, onRecord, this.of.page);
    if (damaged) this.damaged++;
    this.lostSeen += lost === 'unknown' ? 1 : lost;
  }

  /** Follows all that is older than a drain which has brought everything up to its beginning. */
  private settle(until: number): void {
    const sorted = this.early.sort((a, b) => a.time - b.time);
    let count = 0;
    let creations = 0;
    for (const event of sorted) {
      if (event.time >= until) break;
      count++;
      this.tellFolded(event.time);
      if (event.kind === CREATE) {
        creations++;
        this.create(event);
        continue;
      }
      if (!this.isOurs(event)) continue;
      if (event.kind === SUBMIT && event.value !== 0) this.polledSubmits++;
      this.lifetimes.take(event);
    }
    this.tellFolded(until);
    this.early = sorted.slice(count);
    this.events += count - creations;
    this.creations += creations;
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

const wholeAddress = (ring: number): bigint => KERNEL_HALF | BigInt(ring);

/** It is kept beyond what it was drained with. */
function owned(sample: StackSample): StackSample {
  return { ...sample, record: Buffer.alloc(0), stack: Buffer.from(sample.stack) };
}
