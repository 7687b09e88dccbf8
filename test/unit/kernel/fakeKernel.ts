import type { MemoryRange, MemoryResult } from '../../../src/probe/protocol';
import {
  type Chain,
  type ChainResult,
  type Chase,
  type ChaseResult,
  DESCRIPTOR_SLOT,
  type FindWay,
  type KernelMemory,
  type KernelRecord,
  type SlabScan,
} from '../../../src/target/kernelMemory';

const BASE = 0xffff888000100000n;
const FAULT = { ok: false, errno: 'EFAULT' } as const;
/** Descriptor of the pidfd while `find` looks. */
export const PIDFD = 9;

/** A stretch of kernel memory in which tests lay out structures; everything else faults. */
export class FakeKernel implements KernelMemory {
  private readonly data = Buffer.alloc(8 << 20);
  private used = 0;
  /** The reading task. */
  task = 0n;
  /** In place of answers. */
  refuses: string | undefined;
  /** Called with the number of each question, before it is answered. */
  before: (question: number) => void = () => undefined;
  questions = 0;
  objects: KernelRecord[] = [];
  scanned: SlabScan[] = [];

  allocate(bytes: number): bigint {
    const address = BASE + BigInt(this.used);
    this.used += Math.ceil((bytes + 64) / 64) * 64;
    if (this.used > this.data.length) throw new Error('the fake kernel is full');
    return address;
  }

  write(address: bigint, value: bigint | number, size: number): void {
    const at = Number(address - BASE);
    if (size === 8) this.data.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)), at);
    else this.data.writeUIntLE(Number(value), at, size);
  }

  text(address: bigint, text: string): void {
    this.data.write(`${text}\0`, Number(address - BASE));
  }

  pointer(address: bigint): bigint {
    return this.data.readBigUInt64LE(Number(address - BASE));
  }

  bytes(address: bigint, length: number): Buffer | undefined {
    const at = Number(address - BASE);
    return at >= 0 && at + length <= this.used ? Buffer.from(this.data.subarray(at, at + length)) : undefined;
  }

  async find(pid: number, way: FindWay): Promise<ChaseResult> {
    this.question();
    if (pid !== this.pid) return { ok: false, errno: 'ESRCH' };
    const steps = way.steps.map((step) => (step === DESCRIPTOR_SLOT ? 8 * PIDFD : step));
    return this.follow({ ...way, steps, from: this.task });
  }

  pid = 0;

  async read(ranges: readonly Pick<MemoryRange, 'address' | 'length'>[]): Promise<MemoryResult[]> {
    this.question();
    return ranges.map(({ address, length }) => {
      const data = this.bytes(address, length);
      if (this.refuses) return { ok: false, errno: this.refuses };
      return data ? { ok: true, data, truncated: false } : FAULT;
    });
  }

  async chase(ways: readonly (Chase & { readonly from: bigint })[]): Promise<ChaseResult[]> {
    this.question();
    return ways.map((way) => this.follow(way));
  }

  async chains(chains: readonly Chain[]): Promise<ChainResult[]> {
    this.question();
    return chains.map((chain) => (this.refuses ? { ok: false, errno: this.refuses } : this.gather(chain)));
  }

  async scan(stretches: readonly SlabScan[]): Promise<ChainResult[]> {
    this.question();
    this.scanned.push(...stretches);
    return stretches.map(({ first }) => ({
      ok: true,
      records: first === 0 ? this.objects : [],
      end: 'complete',
    }));
  }

  private question(): void {
    this.before(this.questions++);
  }

  private follow({ from, steps, last, length }: Chase & { readonly from: bigint }): ChaseResult {
    if (this.refuses) return { ok: false, errno: this.refuses };
    let address = from;
    for (const step of steps) {
      const bytes = this.bytes(address + BigInt(step), 8);
      if (bytes === undefined) return FAULT;
      address = bytes.readBigUInt64LE();
    }
    address += BigInt(last);
    const data = this.bytes(address, length);
    return data ? { ok: true, address, data } : FAULT;
  }

  private gather(chain: Chain): ChainResult {
    const records: KernelRecord[] = [];
    let end: 'complete' | 'fault' | 'cycle' | 'most' = 'complete';
    for (let bucket = 0; bucket < chain.buckets; bucket++) {
      const head = chain.head + BigInt(bucket * chain.stride);
      const first = this.bytes(head, 8);
      if (first === undefined) return bucket === 0 ? FAULT : { ok: true, records, end: 'fault' };
      const seen = new Set<bigint>();
      let node = first.readBigUInt64LE();
      while (node !== (chain.circular ? head : 0n)) {
        const address = node - BigInt(chain.node);
        const data = this.bytes(address, chain.length);
        const next = this.bytes(node + BigInt(chain.next), 8);
        if (seen.has(node)) end = 'cycle';
        else if (records.length >= chain.most) end = 'most';
        else if (data === undefined || next === undefined) end = 'fault';
        if (end !== 'complete' || data === undefined || next === undefined) break;
        seen.add(node);
        records.push({ address, data });
        node = next.readBigUInt64LE();
      }
    }
    return { ok: true, records, end };
  }
}
