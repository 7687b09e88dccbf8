import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { SlabScan } from '../../src/target/kernelMemory';
import { kernelMemoryUnderTest } from './support/kernelMemory';
import { type LentMemory, told, words } from './support/lender';
import { childrenOf, outcomes } from './support/probe';
import type { Running } from './support/victim';

const under = kernelMemoryUnderTest();
const { memory } = under;

describe('slabs of our own making', () => {
  const page = 4096;
  const cache = 0xdead_0000_0000_1000n;
  const match = 0xdead_0000_0000_2000n;

  /** 64 KiB of struct pages of 64 bytes, and what they describe from 1 MiB on; the first frame is odd to every power of two. */
  async function slabs(context: Running): Promise<{ lent: LentMemory; scan: SlabScan }> {
    const lent = await memory(context);
    if (under.target.hello.pageSize !== page) context.skip('needs pages of 4 KiB');
    const first = 512 * 101;
    const scan = {
      pages: lent.address - BigInt(64 * first),
      pageSize: 64,
      direct: lent.address + BigInt((1 << 20) - page * first),
      first,
      count: 700,
      cache,
      cacheOffset: 8,
      slabSize: 2 * page,
      objectSize: 224,
      matchOffset: 96,
      match,
      length: 16,
      most: 100,
    };
    return { lent, scan };
  }

  const slabPage = (lent: LentMemory, frame: number) => lent.put(64 * frame + 8, words(cache));
  async function object(lent: LentMemory, frame: number, index: number, number: number): Promise<void> {
    const at = (1 << 20) + page * frame + 224 * index;
    await lent.put(at, words(frame, number));
    await lent.put(at + 96, words(match));
  }

  it('give the objects that match', async (context) => {
    const { lent, scan } = await slabs(context);
    for (const frame of [0, 4, 699]) await slabPage(lent, frame);
    await object(lent, 0, 0, 1);
    await object(lent, 0, 35, 2);
    await object(lent, 2, 0, 99); // No slab of this cache.
    await object(lent, 699, 1, 3);
    const [all, two, short] = await under.target.kernel.scan([
      scan,
      { ...scan, most: 2 },
      { ...scan, count: 699 },
    ]);
    expect(told(all)).toEqual({ numbers: [1n, 2n, 3n], end: 'complete' });
    const base = lent.address + (1n << 20n);
    expect(all?.ok && all.records.map((record) => Number(record.address - base))).toEqual([
      0,
      35 * 224,
      699 * page + 224,
    ]);
    expect(told(two)).toEqual({ numbers: [1n, 2n], end: 'most' });
    expect(told(short)).toEqual({ numbers: [1n, 2n], end: 'complete' });
    const [cut] = await under.target.kernel.scan([scan], { limit: 8 + 24 });
    expect(told(cut)).toEqual({ numbers: [1n], end: 'most' });
  });

  it('are found behind memory that is not there', async (context) => {
    const { lent, scan } = await slabs(context);
    await slabPage(lent, 1);
    await object(lent, 1, 3, 7);
    // Before the lent memory there is a page that is never mapped.
    const wide = { ...scan, first: scan.first - 512, count: 1100 };
    expect((await under.target.kernel.scan([wide])).map(told)).toEqual([{ numbers: [7n], end: 'complete' }]);
    const nowhere = { ...scan, pages: 0x1000n };
    expect((await under.target.kernel.scan([nowhere])).map(told)).toEqual([{ numbers: [], end: 'complete' }]);
  });

  it('may not be asked for with nonsense', async (context) => {
    const { scan } = await slabs(context);
    const nonsense: Partial<SlabScan>[] = [
      { pageSize: 0 },
      { pageSize: 1 << 20 },
      { cacheOffset: 60 },
      { objectSize: 0 },
      { matchOffset: 220 },
      { slabSize: 0x7fffffff },
      { length: 225 },
      { first: -1 },
    ];
    const results = await under.target.kernel.scan(nonsense.map((part) => ({ ...scan, ...part })));
    expect(outcomes(results)).toEqual(nonsense.map(() => 'EINVAL'));
  });

  it('are looked for no longer than the deadline allows', async (context) => {
    const { scan } = await slabs(context);
    const endless = { ...scan, pages: 0x1000n, count: Number.MAX_SAFE_INTEGER };
    const started = Date.now();
    const results = await under.target.kernel.scan([scan, endless, scan], { deadline: 100 });
    expect(outcomes(results)).toEqual(['ok', 'ETIMEDOUT', 'ok']);
    expect(Date.now() - started).toBeLessThan(5000);
    await sleep(50);
    expect(childrenOf(under.target.hello.pid).length, 'the reader that looked is gone').toBe(1);
  });
});
