import type { EventKind, RingEvent } from './events';
import { bornWith, type Life, noteStep } from './life';
import type { StackSample } from './stackSamples';

/** IORING_CQE_F_MORE: the request goes on; F_NOTIF: of a zero-copy send that has completed before. */
const MORE = 2;
const NOTIFICATION = 8;
/** Requests followed at a time; of more, the youngest are not. */
const MOST_OPEN = 1 << 18;
/** Stacks held for requests that are open: each some KiB. */
const MOST_STACKS = 2048;
/** Nanoseconds between a submit and the stack that was taken at it. */
const SAME_SUBMIT = 1_000_000;

const STEPS: ReadonlySet<EventKind> = new Set([
  'file_get',
  'queue_async_work',
  'poll_arm',
  'defer',
  'task_add',
]);

export interface Ended {
  /** A request has completed. */
  onCompleted(life: Life): void;
  /** A completion whose submit was not seen, or another one of a multishot request. */
  onFurther(event: RingEvent, life: Life | undefined): void;
}

/** Pairs what happens to each request. Events come in the order of their times. */
export class Lifetimes {
  /** By the address of the request; where the kernel does not name it (complete before 6.0), by ring and user_data. */
  private readonly open = new Map<number | string, Life>();
  /** Before 6.0 others than completions name it by its address alone. */
  private readonly byAddress = new Map<number, Life>();
  private readonly stacks = new Map<number, StackSample[]>();
  private held = 0;
  submitted = 0;
  completed = 0;
  overflowed = 0;
  unseenSubmits = 0;
  unseenCompletions = 0;
  /** Submits that were not followed, for there were too many. */
  notFollowed = 0;
  /** Stacks that were not kept. */
  stacksNotKept = 0;

  constructor(
    private readonly ended: Ended,
    /** Both the submit and the completion say which request they are about. */
    private readonly byRequest: boolean,
  ) {}

  get pending(): Iterable<Life> {
    return this.open.values();
  }

  get pendingCount(): number {
    return this.open.size;
  }

  /** A stack whose submit is about to come, of the request at this address. */
  giveStack(request: number, sample: StackSample): void {
    const waiting = this.stacks.get(request);
    if (waiting) waiting.push(sample);
    else this.stacks.set(request, [sample]);
  }

  /** No submit before this time is to come any more. */
  forgetStacks(before: number): void {
    for (const [request, samples] of this.stacks)
      if (samples.every(({ time }) => time < before - SAME_SUBMIT)) this.stacks.delete(request);
  }

  /** So many were counted where they happened, from their submits to their completions. */
  addFolded(requests: number): void {
    this.submitted += requests;
    this.completed += requests;
  }

  take(event: RingEvent): void {
    if (event.kind === 'submit') this.submit(event);
    else if (event.kind === 'complete') this.complete(event);
    else if (event.kind === 'cqe_overflow') this.overflow(event);
    else if (STEPS.has(event.kind)) {
      const life = this.lifeOf(event);
      if (life) noteStep(life, event);
    }
  }

  private keyOf(event: RingEvent): number | string {
    if (this.byRequest && event.request !== 0) return event.request;
    return `${event.ring} ${event.userDataHigh} ${event.userDataLow}`;
  }

  private submit(event: RingEvent): void {
    this.submitted++;
    const key = this.keyOf(event);
    const before = this.open.get(key);
    if (before) {
      this.unseenCompletions++;
      this.close(before);
    }
    if (this.open.size >= MOST_OPEN) {
      this.notFollowed++;
      return;
    }
    let stack = this.stackOf(event);
    if (stack && this.held >= MOST_STACKS) {
      this.stacksNotKept++;
      stack = undefined;
    }
    if (stack) this.held++;
    const life = bornWith(key, event, stack);
    this.open.set(key, life);
    if (!this.byRequest && event.request !== 0) this.byAddress.set(event.request, life);
  }

  private stackOf({ request, time }: RingEvent): StackSample | undefined {
    const waiting = this.stacks.get(request);
    const at = waiting?.findIndex((sample) => Math.abs(sample.time - time) < SAME_SUBMIT) ?? -1;
    if (!waiting || at < 0) return undefined;
    const [sample] = waiting.splice(at, 1);
    if (waiting.length === 0) this.stacks.delete(request);
    return sample;
  }

  private complete(event: RingEvent): void {
    this.completed++;
    const life = this.lifeOf(event);
    if ((event.flags & (MORE | NOTIFICATION)) !== 0) {
      if (life) life.further++;
      this.ended.onFurther(event, life);
      return;
    }
    if (!life) {
      this.unseenSubmits++;
      this.ended.onFurther(event, undefined);
      return;
    }
    this.end(event, life);
  }

  /** The completion of a request that overflows is told as such alone; that of none, or told before, is not followed. */
  private overflow(event: RingEvent): void {
    this.overflowed++;
    const { ring, userDataLow, userDataHigh } = event;
    for (const life of this.open.values())
      if (life.ring === ring && life.userDataLow === userDataLow && life.userDataHigh === userDataHigh) {
        this.completed++;
        this.end(event, life);
        return;
      }
  }

  private end(event: RingEvent, life: Life): void {
    life.completed = event.time;
    life.result = event.value;
    this.close(life);
    this.ended.onCompleted(life);
  }

  private close(life: Life): void {
    if (life.stack) this.held--;
    this.open.delete(life.key);
    if (this.byAddress.get(life.request) === life) this.byAddress.delete(life.request);
  }

  /** The same address may be another request's by now, where its submit was lost. */
  private lifeOf(event: RingEvent): Life | undefined {
    const saysWhose = event.userDataLow !== 0 || event.userDataHigh !== 0;
    const life =
      saysWhose || this.byRequest ? this.open.get(this.keyOf(event)) : this.byAddress.get(event.request);
    if (!life || life.ring !== event.ring) return undefined;
    const isSame = life.userDataLow === event.userDataLow && life.userDataHigh === event.userDataHigh;
    return isSame || !saysWhose ? life : undefined;
  }
}
