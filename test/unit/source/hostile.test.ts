import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FIXTURES, type Fixture, fixture, MemoryBytes, openBytes, RUN, STEP } from './fixture';

/** Milliseconds that a few addresses of a small file may take, on a busy machine. */
const LONGEST = 5_000;

const addressesOf = (name: Fixture): bigint[] => {
  const { from, length } = name === 'rust5' ? RUN : STEP;
  return Array.from({ length: 12 }, (_, at) => BigInt(from + Math.floor((at * length) / 12)));
};

/** Whatever a file says, it is answered, in order and in time. */
async function expectAnswer(name: Fixture, data: Buffer, size?: number): Promise<void> {
  const start = performance.now();
  const result = await openBytes(new MemoryBytes(data, size));
  if (result.ok) {
    const addresses = addressesOf(name);
    const located = await result.lines.locate(addresses);
    expect(located.map(({ address }) => address)).toEqual(addresses);
    const info = await result.lines.info();
    const unit = await info?.unitAt(Number(addresses[0]));
    const root = info === undefined || unit === undefined ? undefined : await info.root(unit);
    if (root !== undefined) {
      let count = 0;
      for (const entry of root.descendants()) {
        if (count++ < 200) for (const child of entry.children()) await info?.nameOf(child);
      }
    }
    for (const trouble of result.lines.troubles) expect(trouble).toMatch(/^\S/);
    await result.lines.symbols();
    result.lines.close();
  } else expect(result.why).not.toBe('');
  expect(performance.now() - start).toBeLessThan(LONGEST);
}

describe.each(FIXTURES)('a hostile file: %s', (name) => {
  it('with bytes changed anywhere', async () => {
    const whole = fixture(name);
    const change = fc.tuple(
      fc.nat(whole.length - 1),
      fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.nat(255)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 12 }), async (changes) => {
        const data = Buffer.from(whole);
        for (const [at, value] of changes) data[at] = value;
        await expectAnswer(name, data);
      }),
      { numRuns: 150 },
    );
  });

  it('cut anywhere, with its size told or not', async () => {
    const whole = fixture(name);
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length), fc.boolean(), async (end, told) => {
        await expectAnswer(name, whole.subarray(0, end), told ? end : whole.length);
      }),
      { numRuns: 60 },
    );
  });

  it('with a stretch of it put elsewhere', async () => {
    const whole = fixture(name);
    const place = fc.nat(whole.length - 1);
    await fc.assert(
      fc.asyncProperty(place, place, fc.integer({ min: 4, max: 300 }), async (from, to, length) => {
        const data = Buffer.from(whole);
        whole.copy(data, to, from, Math.min(from + length, whole.length));
        await expectAnswer(name, data);
      }),
      { numRuns: 100 },
    );
  });
});
