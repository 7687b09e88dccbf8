import type { Failure } from '../probe/protocol';
import type { Chain, Chase, ChaseResult, KernelMemory, KernelRecord, SlabScan } from '../target/kernelMemory';
import type { ReadOptions } from '../target/target';
import { inTurns, type Steps } from '../target/turns';
import type { KernelLayout } from './layout';
import type { Numbering } from './numbering';
import { Structure } from './structure';

export interface Stretch {
  readonly address: bigint;
  readonly length: number;
  /** Bytes from the start of the structure; default 0. */
  readonly start?: number;
}

export type Way = Chase & { readonly from: bigint };

/** A list to be followed, and its name should it break off. */
export type List = Chain & { readonly name: string };

/** Of one answer: the probe's largest. */
const LIMIT = 16 << 20;
/** Milliseconds for one question; the longest list takes a few. */
const DEADLINE = 2000;
/** Records of one list. No ring has room for more submissions, and few programs leave more behind. */
export const MOST = 65_536;

/**
 * Reads for one attempt of a walk and notes what did not hold together on the way. Answers come in the order asked
 * for; undefined stands for what led nowhere. A list that is not whole gives what was read of it.
 */
export class Reader {
  /** Lists and pointers that led nowhere: something moved meanwhile, or the kernel differs from its description. */
  readonly broken = new Set<string>();
  /** Why kernel memory cannot be read at all, once that is so. */
  refused: string | undefined;

  constructor(
    private readonly memory: KernelMemory,
    readonly layout: KernelLayout,
    private readonly signal?: AbortSignal,
    /** Absent: tasks are called as the kernel's outermost namespace has them. */
    readonly numbering?: Numbering,
  ) {}

  /** As of target/turns. */
  inTurns<T>(work: Steps<T>): Promise<T> {
    return inTurns(work, this.signal);
  }

  /** `what` names them in trouble; without it one that leads nowhere is no trouble. */
  async structures(asked: readonly Stretch[], what?: string): Promise<(Structure | undefined)[]> {
    if (asked.length === 0) return [];
    this.signal?.throwIfAborted();
    const ranges = asked.map(({ address, length, start = 0 }) => ({
      address: address + BigInt(start),
      length,
    }));
    const answers = await this.memory.read(ranges, { limit: LIMIT, deadline: DEADLINE });
    return asked.map(({ address, length, start = 0 }, index) => {
      const answer = answers[index];
      if (answer?.ok && answer.data.length >= length) return new Structure(address, answer.data, start);
      this.note(answer, what);
      return undefined;
    });
  }

  async records(ways: readonly Way[], what?: string): Promise<(KernelRecord | undefined)[]> {
    if (ways.length === 0) return [];
    this.signal?.throwIfAborted();
    const answers = await this.memory.chase(ways, { limit: LIMIT, deadline: DEADLINE });
    return ways.map(({ length }, index) => {
      const answer = answers[index];
      if (answer?.ok && answer.data.length >= length) return answer;
      this.note(answer, what);
      return undefined;
    });
  }

  async lists(lists: readonly List[]): Promise<(readonly KernelRecord[])[]> {
    if (lists.length === 0) return [];
    this.signal?.throwIfAborted();
    const answers = await this.memory.chains(lists, { limit: LIMIT, deadline: DEADLINE });
    return lists.map(({ name, length }, index) => {
      const answer = answers[index];
      if (!answer?.ok) {
        this.note(answer, name);
        return [];
      }
      if (answer.end !== 'complete') this.broken.add(name);
      return answer.records.filter((record) => record.data.length >= length);
    });
  }

  /** Objects of all stretches together. */
  async scan(stretches: readonly SlabScan[], options: ReadOptions): Promise<KernelRecord[]> {
    this.signal?.throwIfAborted();
    const answers = await this.memory.scan(stretches, options);
    return answers.flatMap((answer) => {
      if (answer.ok && answer.end === 'complete') return answer.records;
      if (answer.ok) this.broken.add('slabs of requests');
      else this.note(answer, 'slabs of requests');
      return answer.ok ? answer.records : [];
    });
  }

  private note(answer: { readonly ok: true } | Failure | undefined, what: string | undefined): void {
    if (answer && !answer.ok && REFUSALS.has(answer.errno)) this.refused ??= answer.errno;
    else if (what !== undefined) this.broken.add(what);
  }
}

/** What says that no question will be answered; others are about one address. */
const REFUSALS = new Set(['EPERM', 'EACCES', 'ENOSYS', 'EINVAL', 'EOPNOTSUPP', 'EBUSY', 'ENOMEM']);

export function refusal(answer: ChaseResult): string | undefined {
  return !answer.ok && REFUSALS.has(answer.errno) ? answer.errno : undefined;
}
