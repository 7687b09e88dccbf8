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
import { type Ask, Joiner } from './joiner';
import type { KernelMemory } from './kernelMemory';
import type { ReadOptions } from './target';

/** The kernel's memory as a running probe reads it. */
export class ProbeKernel implements KernelMemory {
  private readonly joiner: Joiner;

  /** `ask` asks items of the verb kernel. */
  constructor(private readonly ask: Ask) {
    this.joiner = new Joiner(ask);
  }

  async find(pid: number, way: FindWay, options?: ReadOptions): Promise<ChaseResult> {
    const [answer] = await this.joiner.join([encodeFind(pid, way)], options);
    return wayEndOf(answer, way);
  }

  read(
    ranges: readonly Pick<MemoryRange, 'address' | 'length'>[],
    options?: ReadOptions,
  ): Promise<MemoryResult[]> {
    return this.joiner.join(ranges.map(encodeRange), options);
  }

  async chase(
    ways: readonly (Chase & { readonly from: bigint })[],
    options?: ReadOptions,
  ): Promise<ChaseResult[]> {
    const answers = await this.joiner.join(ways.map(encodeChase), options);
    return ways.map((way, index) => wayEndOf(answers[index], way));
  }

  async chains(chains: readonly Chain[], options?: ReadOptions): Promise<ChainResult[]> {
    const answers = await this.joiner.join(chains.map(encodeChain), options);
    return chains.map((chain, index) => gatheredOf(answers[index], chain));
  }

  /** Asked for itself: nothing else has to wait for its end. */
  async scan(stretches: readonly SlabScan[], options: ReadOptions = {}): Promise<ChainResult[]> {
    const answers = await this.ask(stretches.map(encodeScan), options);
    return stretches.map((stretch, index) => gatheredOf(answers[index], stretch));
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
