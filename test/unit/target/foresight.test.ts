import { describe, expect, it } from 'vitest';
import type { MemoryResult } from '../../../src/probe/protocol';
import { type Asked, foreseeing, withoutSearch } from '../../../src/target/foresight';
import type { Target } from '../../../src/target/target';
import { fakeTarget } from '../sample/fakeTarget';

const FILE = '/proc/7/stat';
const INFO = '/proc/7/fdinfo/3';
const WAY = { from: 1n, steps: [8], last: 0, length: 8 };
const RANGE = { address: 4096n, length: 16 };

/** Answers with how often it was asked, and notes what. */
function counting() {
  const asked: string[] = [];
  let fails = false;
  const data = (what: string) => {
    if (fails) throw new Error('gone');
    asked.push(what);
    return { ok: true as const, data: Buffer.from(String(asked.length)), truncated: false };
  };
  const target: Target = {
    ...fakeTarget({}),
    read: async (paths) => paths.map(data),
    memory: async (_pid, ranges) => ranges.map(({ address }) => data(`memory ${address}`)),
    kernel: {
      find: async () => ({ address: 1n, ...data('find') }),
      read: async (ranges) => ranges.map(({ address }) => data(`kernel ${address}`)),
      chase: async (ways) => ways.map(({ from }) => ({ address: from, ...data(`chase ${from}`) })),
      chains: async () => [],
      scan: async () => [],
    },
  };
  const gone = () => {
    fails = true;
  };
  return { target, asked, gone };
}

/** One look; what it was told. `before` is the look before. */
async function look<T>(target: Target, work: (view: Target) => Promise<T>, before?: Asked) {
  const { target: view, asked } = foreseeing(target, 7, before);
  // A round trip.
  await new Promise((resolve) => setImmediate(resolve));
  const told = await work(view);
  return { told, asked: asked() };
}

const texts = (results: readonly MemoryResult[]) => results.map((one) => (one.ok ? String(one.data) : ''));

describe('a look that asks first what the look before asked', () => {
  it('gives out what it has read itself, each answer once, and asks for the rest', async () => {
    const { target, asked } = counting();
    const first = await look(target, (view) => view.read([FILE]));
    asked.length = 0;
    const second = await look(
      target,
      async (view) => {
        expect(asked).toEqual([FILE]);
        return [await view.read(['/proc/new', FILE]), await view.read([FILE])].map(texts);
      },
      first.asked,
    );
    expect(second.told).toEqual([['2', '1'], ['3']]);
    expect(asked).toEqual([FILE, '/proc/new', FILE]);
  });

  it('takes no answer for that to another question: other limits, another listing', async () => {
    const { target, asked } = counting();
    const first = await look(target, (view) => view.read([FILE], { limit: 5 }));
    asked.length = 0;
    await look(target, (view) => view.read([FILE]), first.asked);
    expect(asked).toEqual([FILE, FILE]);
  });

  it('asks in the same order, the memory of a process behind that of the kernel', async () => {
    const { target, asked } = counting();
    const work = async (view: Target) => {
      await view.read([FILE]);
      await view.kernel?.chase([WAY]);
      await view.memory(7, [RANGE]);
      await view.kernel?.chase([WAY]);
    };
    const first = await look(target, work);
    const order = [...asked];
    asked.length = 0;
    await look(target, work, first.asked);
    expect(asked).toEqual(order);
  });

  it.for([
    ['a question about the kernel', (view: Target) => view.kernel?.chase([{ ...WAY, from: 99n }])],
    ['a descriptor', (view: Target) => view.read([INFO])],
  ] as const)('reads memory anew after %s that was not foreseen', async ([, surprise]) => {
    const { target, asked } = counting();
    const first = await look(target, (view) => view.memory(7, [RANGE]));
    asked.length = 0;
    const second = await look(
      target,
      async (view) => {
        await surprise(view);
        return view.memory(7, [RANGE]);
      },
      first.asked,
    );
    expect(texts(second.told)).toEqual(['3']);
    expect(second.asked.missed).toBe(true);
    // It moves: the next look foresees no memory.
    asked.length = 0;
    await look(
      target,
      async () => expect(asked.filter((what) => /memory|chase/.test(what))).toEqual([]),
      second.asked,
    );
  });

  it('reads a ring again as a whole where one of its parts has moved', async () => {
    const { target, asked } = counting();
    const first = await look(target, (view) =>
      view.memory(7, [RANGE, { address: 8192n, length: 16 }, RANGE]),
    );
    asked.length = 0;
    const parts = [RANGE, { address: 8192n, length: 32 }, RANGE];
    const second = await look(target, (view) => view.memory(7, parts), first.asked);
    expect(texts(second.told)).toEqual(['4', '5', '6']);
  });

  it('does not ask on the chance for what is long, nor searches without being asked to', async () => {
    const { target, asked } = counting();
    const long = { ok: true as const, data: Buffer.alloc(2 << 20), truncated: false };
    const first = await look({ ...target, read: async (paths) => paths.map(() => long) }, async (view) => {
      await view.read([FILE]);
      await view.list(['/proc/8/fd'], { only: ['pipe:[1]'] });
    });
    await look(target, async () => expect(asked).toEqual([]), withoutSearch(first.asked));
    expect(withoutSearch(first.asked).calls).toHaveLength(1);
  });

  it('asks nothing of the target of the look before, once that is another one: the way to it was lost', async () => {
    const lost = counting();
    const work = async (view: Target) => [
      await view.read([FILE]),
      await view.memory(7, [RANGE]),
      await view.kernel?.chase([WAY]),
      await view.kernel?.read([RANGE]),
    ];
    const first = await look(lost.target, work);
    lost.gone();
    const { target, asked } = counting();
    await look(target, work, first.asked);
    expect(asked).toEqual([FILE, 'memory 4096', 'chase 1', 'kernel 4096']);
  });

  it('says of the host what the target says', async () => {
    const { target } = counting();
    const host = { foreignPids: true, processMemory: false };
    await look({ ...target, ...host }, async (view) => expect(view).toMatchObject(host));
  });

  it('fails as the target does when that is gone', async () => {
    const { target, gone } = counting();
    const work = (view: Target) => Promise.all([view.read([FILE]), view.memory(7, [RANGE])]);
    const first = await look(target, work);
    gone();
    await expect(look(target, work, first.asked)).rejects.toThrow('gone');
  });
});
