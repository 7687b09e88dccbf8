import type { MemoryRange, MemoryResult } from '../../probe/protocol';

/** Reads ranges of one process; in order. */
export type ReadMemory = (ranges: readonly MemoryRange[]) => Promise<MemoryResult[]>;

/** Bytes of a block: what is fetched and kept together. */
const BLOCK = 4096;
/** Blocks of one question, and of one range in it. */
const MOST_BLOCKS = 1024;
const RANGE_BLOCKS = 64;
/** Blocks kept for the next time: 128 MiB. */
const MOST_KEPT = 32_768;
/** Addresses above cannot be told apart by a double; user space of x86-64 and arm64 ends below. */
const END = 2 ** 53;
const HUNG = new Set(['ETIMEDOUT', 'EBUSY']);

/**
 * Memory of a process as far as it has been fetched. What is asked for and not here is noted, and comes with the next
 * `fetch`: a computation over it is run anew until it no longer misses anything. So the questions of many computations
 * travel together.
 */
export class AddressSpace {
  /** By number of the block; null = it cannot be read. */
  private readonly blocks = new Map<number, Buffer | null>();
  private readonly wanted = new Set<number>();

  private missed = 0;
  /** A read was not answered in time: no further one will be. */
  hangs = false;

  /** How often something was asked for that has not been fetched yet: a computation that has raised it is to be run anew. */
  get misses(): number {
    return this.missed;
  }

  /** Something other than memory is missing. */
  miss(): void {
    this.missed++;
  }

  /** Undefined where it is not here: missing, or unreadable. Up to 1 MiB. */
  bytes(address: number, length: number): Buffer | undefined {
    if (!(address >= 0 && length > 0 && address + length <= END && length <= 2 ** 20)) return undefined;
    const first = Math.floor(address / BLOCK);
    const last = Math.floor((address + length - 1) / BLOCK);
    if (first === last) {
      const block = this.block(first);
      const at = address - first * BLOCK;
      return block && at + length <= block.length ? block.subarray(at, at + length) : undefined;
    }
    const parts: Buffer[] = [];
    let whole = true;
    for (let number = first; number <= last; number++) {
      const block = this.block(number);
      if (block) parts.push(block);
      else whole = false;
    }
    if (!whole) return undefined;
    const joined = Buffer.concat(parts);
    const at = address - first * BLOCK;
    return at + length <= joined.length ? joined.subarray(at, at + length) : undefined;
  }

  /** Eight bytes as an address; undefined also for what is none. */
  word(address: number): number | undefined {
    const first = Math.floor(address / BLOCK);
    const at = address - first * BLOCK;
    const data = at + 8 <= BLOCK ? this.block(first) : this.bytes(address, 8);
    const from = at + 8 <= BLOCK ? at : 0;
    if (!data || from + 8 > data.length) return undefined;
    const high = data.readUInt32LE(from + 4);
    return high < 0x20_0000 ? high * 2 ** 32 + data.readUInt32LE(from) : undefined;
  }

  /** Eight bytes without the highest two, where arm64 keeps signatures of return addresses. */
  signedWord(address: number): number | undefined {
    return this.bytes(address, 8)?.readUIntLE(0, 6);
  }

  /** Notes it for the next fetch, where it is not here. */
  want(address: number, length: number): void {
    if (!(address >= 0 && length > 0 && address + length <= END)) return;
    const last = Math.floor((address + length - 1) / BLOCK);
    for (let number = Math.floor(address / BLOCK); number <= last; number++)
      if (!this.blocks.has(number)) this.wanted.add(number);
  }

  /** Fetches what was missed; false where there is nothing. Unreadable memory is not asked for again. */
  async fetch(read: ReadMemory): Promise<boolean> {
    if (this.wanted.size === 0) return false;
    const numbers = [...this.wanted].sort((a, b) => a - b).slice(0, MOST_BLOCKS);
    const torn = await this.take(neighbours(numbers), read);
    // One block that cannot be read hides its neighbours.
    if (torn.length > 0 && !this.hangs)
      await this.take(
        torn.map((first) => ({ first, count: 1 })),
        read,
      );
    return true;
  }

  /** Answers the blocks that a range of several has not brought. */
  private async take(ranges: readonly Blocks[], read: ReadMemory): Promise<number[]> {
    const answers = await read(
      ranges.map(({ first, count }) => ({ address: BigInt(first) * BigInt(BLOCK), length: count * BLOCK })),
    );
    const torn: number[] = [];
    this.hangs ||= answers.some((answer) => !answer.ok && HUNG.has(answer.errno));
    ranges.forEach(({ first, count }, index) => {
      const answer = answers[index];
      for (let i = 0; i < count; i++) {
        const block = answer?.ok ? answer.data.subarray(i * BLOCK, (i + 1) * BLOCK) : undefined;
        const isHere = block !== undefined && block.length > 0;
        this.blocks.set(first + i, isHere ? block : null);
        if (count > 1 && !isHere) torn.push(first + i);
        this.wanted.delete(first + i);
      }
    });
    return torn;
  }

  /** Forgets the blocks that are not to be kept: they may have changed. All of them, where they are too many. */
  retain(isKept: (address: number) => boolean): void {
    if (this.blocks.size > MOST_KEPT) this.blocks.clear();
    for (const number of this.blocks.keys()) if (!isKept(number * BLOCK)) this.blocks.delete(number);
  }

  /** What could not be read is asked for again next time. */
  forgetUnreadable(): void {
    for (const [number, block] of this.blocks) if (block === null) this.blocks.delete(number);
  }

  private block(number: number): Buffer | undefined {
    const block = this.blocks.get(number);
    if (block === undefined) {
      this.wanted.add(number);
      this.missed++;
    }
    return block ?? undefined;
  }
}

interface Blocks {
  readonly first: number;
  count: number;
}

function neighbours(numbers: readonly number[]): Blocks[] {
  const ranges: Blocks[] = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last && last.first + last.count === number && last.count < RANGE_BLOCKS) last.count++;
    else ranges.push({ first: number, count: 1 });
  }
  return ranges;
}
