import type { Chain, ChainResult, Chase, ChaseResult, FindWay, SlabScan } from '../probe/kernelProtocol';
import {
  decodeGathered,
  decodeWayEnd,
  encodeChain,
  encodeChase,
  encodeFind,
  encodeRange,
  encodeScan,
} from '../probe/kernelWire';
import type { MemoryRange, MemoryResult, ReadResult } from '../probe/protocol';
import { WireError } from '../probe/wire';
import type { KernelMemory } from './kernelMemory';
import type { ReadOptions } from './target';

/** Asks items of the verb kernel; one answer for each, in their order. */
type Ask = (bodies: readonly Buffer[], options: ReadOptions) => Promise<ReadResult[]>;

interface Joined {
  readonly bodies: Buffer[];
  readonly answers: Promise<ReadResult[]>;
}

/** The kernel's memory as a running probe reads it. */
export class ProbeKernel implements KernelMemory {
  /** What this turn has asked so far, by its limits. */
  private readonly turn = new Map<string, Joined>();

  constructor(private readonly ask: Ask) {}

  async find(pid: number, way: FindWay, options?: ReadOptions): Promise<ChaseResult> {
    const [answer] = await this.join([encodeFind(pid, way)], options);
    return wayEndOf(answer, way);
  }

  read(
    ranges: readonly Pick<MemoryRange, 'address' | 'length'>[],
    options?: ReadOptions,
  ): Promise<MemoryResult[]> {
    return this.join(ranges.map(encodeRange), options);
  }

  async chase(
    ways: readonly (Chase & { readonly from: bigint })[],
    options?: ReadOptions,
  ): Promise<ChaseResult[]> {
    const answers = await this.join(ways.map(encodeChase), options);
    return ways.map((way, index) => wayEndOf(answers[index], way));
  }

  async chains(chains: readonly Chain[], options?: ReadOptions): Promise<ChainResult[]> {
    const answers = await this.join(chains.map(encodeChain), options);
    return chains.map((chain, index) => gatheredOf(answers[index], chain));
  }

  /** Asked for itself: nothing else has to wait for its end. */
  async scan(stretches: readonly SlabScan[], options: ReadOptions = {}): Promise<ChainResult[]> {
    const answers = await this.ask(stretches.map(encodeScan), options);
    return stretches.map((stretch, index) => gatheredOf(answers[index], stretch));
  }

  /** One question for all that is asked in this turn with the same limits: each wakes the probe's reader. */
  private async join(bodies: readonly Buffer[], options: ReadOptions = {}): Promise<ReadResult[]> {
    const limits = `${options.limit}/${options.deadline}`;
    const joined = this.turn.get(limits) ?? this.begin(limits, options);
    const from = joined.bodies.length;
    for (const body of bodies) joined.bodies.push(body);
    return (await joined.answers).slice(from, from + bodies.length);
  }

  private begin(limits: string, options: ReadOptions): Joined {
    const bodies: Buffer[] = [];
    const answers = Promise.resolve().then(() => {
      this.turn.delete(limits);
      return this.ask(bodies, options);
    });
    const joined = { bodies, answers };
    this.turn.set(limits, joined);
    return joined;
  }
}

function wayEndOf(answer: ReadResult | undefined, { length }: FindWay): ChaseResult {
  if (!answer) throw unanswered();
  return answer.ok ? { ok: true, ...decodeWayEnd(answer.data, length) } : answer;
}

function gatheredOf(answer: ReadResult | undefined, { length }: Chain | SlabScan): ChainResult {
  if (!answer) throw unanswered();
  return answer.ok ? { ok: true, ...decodeGathered(answer.data, length) } : answer;
}

function unanswered(): WireError {
  return new WireError('The probe left a question unanswered.');
}
