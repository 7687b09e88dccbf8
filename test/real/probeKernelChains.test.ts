import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Chain, ChainResult } from '../../src/target/kernelMemory';
import { kernelMemoryUnderTest } from './support/kernelMemory';
import { type LentMemory, list, told, words } from './support/lender';
import { childrenOf, outcomes } from './support/probe';
import { skipUnless } from './support/rights';

const under = kernelMemoryUnderTest();
const { memory, offset } = under;

/** Text up to its NUL. */
const text = (data: Buffer): string => data.toString('latin1', 0, data.indexOf(0));

describe('the list of all tasks', () => {
  /** From the task that reads to all others. */
  async function tasks(more: Partial<Chain>): Promise<ChainResult | undefined> {
    const node = offset('task_struct', 'tasks');
    const head = await under.target.kernel.find(process.pid, { steps: [], last: node, length: 0 });
    if (!head.ok) throw new Error(head.errno);
    const length = Math.max(offset('task_struct', 'pid'), offset('task_struct', 'comm')) + 16;
    const chain = { ...list, head: head.address, node, length, circular: true, most: 100_000, ...more };
    return (await under.target.kernel.chains([chain], { limit: 16 << 20 }))[0];
  }

  const pidsOf = (result: ChainResult | undefined): number[] =>
    result?.ok ? result.records.map(({ data }) => data.readInt32LE(offset('task_struct', 'pid'))) : [];

  it('comes whole', async (context) => {
    skipUnless(context, 'kernelMemory');
    const before = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    const all = await tasks({});
    const after = new Set(readdirSync('/proc'));
    expect(all?.ok && all.end).toBe('complete');
    const pids = new Set(pidsOf(all));
    const reader = childrenOf(under.target.hello.pid);
    const lasting = before.map(Number).filter((pid) => after.has(String(pid)) && !reader.includes(pid));
    expect(lasting.filter((pid) => !pids.has(pid))).toEqual([]);
    expect(pids.has(0), 'the idle task').toBe(true);
    const own = all?.ok && all.records[pidsOf(all).indexOf(process.pid)]?.data;
    const comm = readFileSync('/proc/self/comm', 'utf8').trim();
    expect(own && text(own.subarray(offset('task_struct', 'comm')))).toBe(comm);
  });

  it('is cut after as many as are wanted', async (context) => {
    skipUnless(context, 'kernelMemory');
    const cut = await tasks({ most: 3 });
    expect(cut?.ok && cut.end).toBe('most');
    expect(pidsOf(cut).length).toBe(3);
  });

  it('goes round and round for those who look for a null pointer, and each task comes once', async (context) => {
    skipUnless(context, 'kernelMemory');
    const round = await tasks({ circular: false });
    expect(round?.ok && round.end).toBe('cycle');
    const pids = pidsOf(round);
    expect(new Set(pids).size).toBe(pids.length);
    expect(pids).toContain(process.pid);
    expect(pids).toContain(childrenOf(under.target.hello.pid)[0]);
  });

  it('leads nowhere by a wrong offset', async (context) => {
    skipUnless(context, 'kernelMemory');
    const next = offset('task_struct', 'pid') - offset('task_struct', 'tasks');
    const lost = await tasks({ next });
    expect(lost?.ok && lost.end).toBe('fault');
    expect(pidsOf(lost).length).toBe(1);
  });
});

describe('chains of our own making', () => {
  /** Sixteen bytes for each number from 1 on, each record leading to the given one (0 = to none). */
  async function records(lent: LentMemory, next: readonly number[]): Promise<(index: number) => bigint> {
    const at = (index: number) => (index === 0 ? 0n : lent.address + BigInt(16 * index));
    await lent.put(16, words(...next.flatMap((to, index) => [at(to), index + 1])));
    return at;
  }

  it('are those that were made', async (context) => {
    const lent = await memory(context);
    const at = await records(lent, [2, 3, 0]);
    const [plain, circular] = await under.target.kernel.chains([
      { ...list, head: at(1) },
      { ...list, head: at(3), circular: true },
    ]);
    expect(told(plain)).toEqual({ numbers: [2n, 3n], end: 'complete' });
    expect(plain?.ok && plain.records.map((record) => record.address)).toEqual([at(2), at(3)]);
    expect(told(circular), 'a null pointer is no end of it').toEqual({ numbers: [], end: 'fault' });
  });

  it.for([
    ['of one', [2, 2], [2n]],
    ['of two behind two', [2, 3, 4, 5, 4], [2n, 3n, 4n, 5n]],
    ['of five', [2, 3, 4, 5, 6, 2], [2n, 3n, 4n, 5n, 6n]],
    ['of three behind five', [2, 3, 4, 5, 6, 7, 8, 9, 7], [2n, 3n, 4n, 5n, 6n, 7n, 8n, 9n]],
  ] as const)('with a cycle %s end, and each record comes once', async ([, next, numbers], context) => {
    const lent = await memory(context);
    const at = await records(lent, next);
    const [found] = await under.target.kernel.chains([{ ...list, head: at(1) }]);
    expect(told(found)).toEqual({ numbers, end: 'cycle' });
  });

  it('may have the pointer before, behind or far from the bytes that are wanted', async (context) => {
    const lent = await memory(context);
    const { address } = lent;
    // Three records of 128 KiB; the node is in their middle, and its pointer 8 bytes into the node.
    const [size, node] = [128 << 10, 64 << 10];
    for (const index of [0, 1, 2]) {
      const record = index * size;
      const next = index < 2 ? address + BigInt(record + size + node) : 0n;
      await lent.put(record, words(index, 0x1111));
      await lent.put(record + node - 8, words(index + 10, 0, next, index + 20));
    }
    await lent.put(3 * size, words(address + BigInt(node)));
    const base = { ...list, head: address + BigInt(3 * size), next: 8 };
    const [far, before, behind, bare, long] = await under.target.kernel.chains([
      { ...base, node, length: 8 },
      { ...base, node: 8, length: 8 },
      { ...base, node: -16, length: 8 },
      { ...base, node: 0, length: 0 },
      { ...base, node, length: 100_000 },
    ]);
    const numbers = (result: ChainResult | undefined) =>
      result?.ok && result.end === 'complete' && result.records.map(({ data }) => data.readInt32LE(0));
    expect(numbers(far)).toEqual([0, 1, 2]);
    expect(numbers(before)).toEqual([10, 11, 12]);
    expect(numbers(behind)).toEqual([20, 21, 22]);
    expect(bare?.ok && bare.records.map((record) => Number(record.address - address) - node)).toEqual([
      0,
      size,
      2 * size,
    ]);
    expect(numbers(long)).toEqual([0, 1, 2]);
    expect(long?.ok && long.records[1]?.data.readInt32LE(node + 16)).toBe(21);
  });

  it('are cut at the limit, and whole when they just fit', async (context) => {
    const lent = await memory(context);
    const at = await records(lent, [2, 3, 4, 0]);
    const chain = { ...list, head: at(1) };
    const fits = await under.target.kernel.chains([chain, { ...chain, most: 3 }], { limit: 8 + 3 * 24 });
    expect(fits.map(told)).toEqual([
      { numbers: [2n, 3n, 4n], end: 'complete' },
      { numbers: [2n, 3n, 4n], end: 'complete' },
    ]);
    const [cut] = await under.target.kernel.chains([chain], { limit: 8 + 3 * 24 - 1 });
    expect(told(cut)).toEqual({ numbers: [2n, 3n], end: 'most' });
    expect(outcomes(await under.target.kernel.chains([chain], { limit: 7 }))).toEqual(['EOVERFLOW']);
  });

  it('hang in the buckets of a table', async (context) => {
    const lent = await memory(context);
    // More buckets than are read at once; the records stand behind them.
    const [buckets, stride, behind] = [20_000, 24, 1 << 20];
    const at = (index: number) => lent.address + BigInt(behind + 16 * index);
    await lent.put(behind, words(at(1), 0, 0n, 1, 0n, 2, at(4), 3, at(5), 4, 0n, 5));
    const bucket = (number: number) => lent.address + BigInt(stride * number);
    await lent.put(0, words(at(0)));
    await lent.put(stride * 7000, words(at(2)));
    await lent.put(stride * (buckets - 1), words(at(3)));
    const table = { ...list, head: bucket(0), buckets, stride };
    const numbers = [0n, 1n, 2n, 3n, 4n, 5n];
    const [whole, some, none] = await under.target.kernel.chains([
      table,
      { ...table, most: 4 },
      { ...table, buckets: 0 },
    ]);
    expect(told(whole)).toEqual({ numbers, end: 'complete' });
    expect(told(some)).toEqual({ numbers: numbers.slice(0, 4), end: 'most' });
    expect(told(none)).toEqual({ numbers: [], end: 'complete' });

    // One that leads nowhere, one that goes in a circle: the others are told all the same.
    await lent.put(stride * 10, words(0x1000n));
    await lent.put(behind + 16 * 2, words(at(2)));
    const [torn] = await under.target.kernel.chains([table]);
    expect(told(torn)).toEqual({ numbers, end: 'fault' });
  });

  it('of circular lists are heads that lead to themselves when empty', async (context) => {
    const lent = await memory(context);
    const at = (index: number) => lent.address + BigInt(16 * index);
    await lent.put(0, words(at(0), 0, at(5), 0, at(2), 0, at(3), 0, 0, 0, at(6), 5, at(1), 6));
    const table = { ...list, head: at(0), buckets: 4, stride: 16, circular: true };
    expect((await under.target.kernel.chains([table])).map(told)).toEqual([
      { numbers: [5n, 6n], end: 'complete' },
    ]);
  });

  it('keep within their deadline, whatever is asked', async (context) => {
    const lent = await memory(context);
    const endless = { ...list, head: lent.address, buckets: 0xffffffff, stride: 4 };
    const zeros = { ...endless, buckets: 2, stride: 0 };
    expect(outcomes(await under.target.kernel.chains([endless, zeros]))).toEqual(['EINVAL', 'EINVAL']);
    const beyond = { ...endless, stride: 1024 };
    expect((await under.target.kernel.chains([beyond])).map(told)).toEqual([{ numbers: [], end: 'fault' }]);
  });
});
