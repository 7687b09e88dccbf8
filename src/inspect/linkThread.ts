import type { KernelFrame, Sample } from '../model/sample';
import type { CallStack } from '../source/callStacks';
import type { KernelLocation } from '../source/kernelSymbols';
import type { LinkAnswer, LinkQuestion } from '../source/linkMessages';
import { patched } from '../source/samplePatch';
import { withStanding } from '../source/standing';
import { type LentTarget, lendTarget } from '../target/portTarget';
import { packed, restored } from '../target/portValues';
import type { Target } from '../target/target';
import type { Thread } from '../target/workerThread';
import type { Clock } from './inspection';
import { type Link, unlinked } from './linking';
import type { NameDumps } from './traceResult';

/** Milliseconds without work after which the thread is ended, with all it has learned. */
const IDLE = 60_000;
/** Milliseconds after which a Sample that is not done counts as a crash. */
const OVERDUE = 120_000;
/** Crashes after which no other thread is started. */
const MOST_CRASHES = 3;

/** Requests, and places a finding rests on, that the thread is told of: this one stands still while they are copied. */
const MOST_HANDED = 2000;

interface Pending {
  readonly key: string;
  readonly sample: Sample;
  readonly timer: unknown;
  readonly resolve: (sample: Sample) => void;
  readonly reject: (error: Error) => void;
}

interface Late {
  readonly id: number;
  readonly sample: Sample;
  readonly late: (linked: Sample) => void;
}

/** A question about a kernel frame, or about stacks that were copied. */
interface Asked {
  readonly timer: unknown;
  readonly answered: (answer: LinkAnswer) => void;
  /** Nobody can answer it, and why. */
  readonly left: (why: string) => void;
  readonly reject: (error: Error) => void;
}

interface Running {
  readonly thread: Thread;
  readonly lent: Map<Target, LentTarget>;
}

/**
 * Links the Samples of all hosts, and tells lines of their kernels, in one thread, which is started at the first and ended when idle or disposed of. Of one process
 * one Sample at a time: what comes meanwhile gets what stands still. After a crash the processes that were at it are left alone.
 */
export class LinkThread {
  private readonly pending = new Map<number, Pending>();
  /** Of each process the latest Sample that was asked for, and who wants it once more when more is known. */
  private readonly lates = new Map<string, Late>();
  private readonly asked = new Map<number, Asked>();
  private readonly blamed = new Map<string, string>();
  private readonly numbers = new WeakMap<Target, number>();
  private running: Running | undefined;
  private idle: unknown;
  private next = 1;
  private crashes = 0;
  /** How often what the user has set has changed, and for each process of how many changes what was told last knows. */
  private changes = 0;
  private readonly told = new Map<string, number>();

  constructor(
    private readonly start: () => Thread,
    private readonly clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>,
  ) {}

  readonly link: Link = (target, sample, { previous, layout, signal, late }) => {
    if (!target.binaries) return Promise.resolve(withStanding(sample, previous));
    const number = this.numberOf(target);
    const key = `${number} ${sample.process.pid} ${sample.process.startTime}`;
    const isOutdated = (this.told.get(key) ?? this.changes) !== this.changes;
    const standing = isOutdated ? sample : withStanding(sample, previous);
    const why = this.blamed.get(key);
    if (why !== undefined || this.crashes >= MOST_CRASHES)
      return Promise.resolve(unlinked(standing, why ?? 'too often'));
    if ([...this.pending.values()].some((one) => one.key === key)) return Promise.resolve(standing);
    const id = this.next++;
    const giveUp = () => {
      if (this.pending.has(id)) this.running?.thread.post({ kind: 'give up', id } satisfies LinkQuestion);
    };
    const linked = new Promise<Sample>((resolve, reject) => {
      const thread = this.threadFor(target, number);
      const timer = this.clock.setTimeout(() => this.overdue(), OVERDUE);
      if (late) this.lates.set(key, { id, sample: standing, late });
      this.pending.set(id, { key, sample: standing, timer, resolve, reject });
      thread.post({
        kind: 'link',
        id,
        target: number,
        sample: handed(standing),
        ...(layout ? { layout } : {}),
      } satisfies LinkQuestion);
    });
    signal?.addEventListener('abort', giveUp, { once: true });
    if (signal?.aborted) giveUp();
    return linked.finally(() => signal?.removeEventListener('abort', giveUp));
  };

  /** Starts the thread before it is needed: it takes as long as a look. */
  begun(): this {
    this.running ??= this.begin();
    return this;
  }

  /** Where a frame of the target's kernel is in its source. Rejects only when the target is gone. */
  kernelLine(target: Target, frame: KernelFrame, release: string): Promise<KernelLocation> {
    if (this.crashes >= MOST_CRASHES) return Promise.resolve(unread('too often'));
    return new Promise((resolve, reject) => {
      const answered = (answer: LinkAnswer) => 'location' in answer && resolve(answer.location);
      const left = (why: string) => resolve(unread(why));
      this.ask(target, { answered, left, reject }, (id, number) => ({
        kind: 'kernel line',
        id,
        target: number,
        frame,
        release,
      }));
    });
  }

  /** Names stacks that were copied while the process ran. Rejects only when the target is gone. */
  readonly nameDumps: NameDumps = (target, { process }, dumps) => {
    const unnamed = (why: string): CallStack[] =>
      dumps.map(({ tid }) => ({
        tid,
        note: `is not told: reading the program’s binaries has failed: ${why}`,
      }));
    if (this.crashes >= MOST_CRASHES) return Promise.resolve(unnamed('too often'));
    return new Promise((resolve, reject) => {
      const answered = (answer: LinkAnswer) => 'named' in answer && resolve([...answer.named]);
      const left = (why: string) => resolve(unnamed(why));
      const { content, bytes } = packed(dumps);
      const question = (id: number, number: number): LinkQuestion => ({
        kind: 'name dumps',
        id,
        target: number,
        process,
        dumps: content,
      });
      this.ask(target, { answered, left, reject }, question, bytes);
    });
  };

  private ask(
    target: Target,
    asked: Omit<Asked, 'timer'>,
    question: (id: number, target: number) => LinkQuestion,
    bytes?: ArrayBuffer,
  ): void {
    const number = this.numberOf(target);
    const thread = this.threadFor(target, number);
    const id = this.next++;
    const timer = this.clock.setTimeout(() => this.overdue(), OVERDUE);
    this.asked.set(id, { ...asked, timer });
    thread.post(question(id, number), bytes ? [bytes] : []);
  }

  /** What the user has set has changed: the next Samples are linked by a thread that knows, and nothing that was told before stands. */
  renew(): void {
    this.changes++;
    this.dispose();
  }

  dispose(): void {
    this.end();
    for (const { sample, timer, resolve } of this.pending.values()) {
      this.clock.clearTimeout(timer);
      resolve(sample);
    }
    this.pending.clear();
    this.leave('it was ended');
  }

  private numberOf(target: Target): number {
    const number = this.numbers.get(target) ?? this.next++;
    this.numbers.set(target, number);
    return number;
  }

  private threadFor(target: Target, number: number): Thread {
    this.clock.clearTimeout(this.idle);
    this.running ??= this.begin();
    const { thread, lent } = this.running;
    if (!lent.has(target)) {
      const loan = lendTarget(target);
      lent.set(target, loan);
      const { facts, port } = loan;
      thread.post({ kind: 'target', target: number, facts, port } satisfies LinkQuestion, [port]);
      void target.lost?.then(() => lent.delete(target));
    }
    return thread;
  }

  private begin(): Running {
    const thread = this.start();
    const running = { thread, lent: new Map<Target, LentTarget>() };
    thread.onMessage((message) => this.receive(message as LinkAnswer));
    void thread.ended.then((why) => {
      for (const { close } of running.lent.values()) close();
      if (this.running !== running) return;
      this.running = undefined;
      this.crashed(why ?? 'it was ended');
    });
    return running;
  }

  private receive(answer: LinkAnswer): void {
    if ('late' in answer) {
      const wanted = [...this.lates.values()].find(({ id }) => id === answer.id);
      wanted?.late(patched(wanted.sample, answer.late));
      return;
    }
    const pending = this.pending.get(answer.id);
    const asked = this.asked.get(answer.id);
    this.pending.delete(answer.id);
    this.asked.delete(answer.id);
    this.clock.clearTimeout((pending ?? asked)?.timer);
    if ('failure' in answer) (pending ?? asked)?.reject(restored(answer.failure));
    else if ('location' in answer || 'named' in answer) asked?.answered(answer);
    else if (pending) {
      this.told.set(pending.key, this.changes);
      pending.resolve(patched(pending.sample, answer.patch));
    }
    if (this.pending.size + this.asked.size > 0) return;
    this.clock.clearTimeout(this.idle);
    this.idle = this.clock.setTimeout(() => this.end(), IDLE);
  }

  private overdue(): void {
    this.end();
    this.crashed(`it took more than ${OVERDUE / 1000} s`);
  }

  private crashed(why: string): void {
    this.crashes += 1;
    for (const { key, sample, timer, resolve } of this.pending.values()) {
      this.clock.clearTimeout(timer);
      this.blamed.set(key, why);
      resolve(unlinked(sample, why));
    }
    this.pending.clear();
    this.leave(why);
  }

  /** Answers what was asked beside links. */
  private leave(why: string): void {
    for (const { timer, left } of this.asked.values()) {
      this.clock.clearTimeout(timer);
      left(why);
    }
    this.asked.clear();
  }

  private end(): void {
    this.clock.clearTimeout(this.idle);
    this.lates.clear();
    const { running } = this;
    this.running = undefined;
    for (const { close } of running?.lent.values() ?? []) close();
    running?.thread.end();
  }
}

const unread = (why: string): KernelLocation => ({ why: `reading the debug symbols has failed: ${why}` });

/** What the thread works on: lists are cut at their ends only, so that what it changes still has its index. */
function handed(sample: Sample): Sample {
  return {
    ...sample,
    requests: sample.requests.slice(0, MOST_HANDED),
    findings: sample.findings.map((finding) => ({
      ...finding,
      evidence: finding.evidence.slice(0, MOST_HANDED),
    })),
    resources: [],
  };
}
