import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { elfWith, unitWith } from './elfWriter';
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
      { numRuns: 100 },
    );
  });

  it('cut anywhere, with its size told or not', async () => {
    const whole = fixture(name);
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length), fc.boolean(), async (end, told) => {
        await expectAnswer(name, whole.subarray(0, end), told ? end : whole.length);
      }),
      { numRuns: 40 },
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

describe('a file made to take for ever', () => {
  const ADDRESS = 0x400123n;

  async function locate(data: Buffer) {
    const start = performance.now();
    const before = process.memoryUsage.rss();
    const result = await openBytes(new MemoryBytes(data));
    if (!result.ok) throw new Error(result.why);
    const [location] = await result.lines.locate([ADDRESS]);
    expect(performance.now() - start).toBeLessThan(15_000);
    expect(process.memoryUsage.rss() - before).toBeLessThan(700 << 20);
    return { frames: location?.frames, troubles: result.lines.troubles };
  }

  /** Code, tag, children, then attributes and forms. */
  const abbreviations = (...declarations: readonly (readonly number[])[]) =>
    Buffer.from([...declarations.flatMap((declaration) => [...declaration, 0, 0]), 0]);
  /** A unit's entry with all the addresses there are. */
  const UNIT = [1, 0x11, 1, 0x11, 0x01, 0x12, 0x06];
  const unitEntry = () => {
    const entry = Buffer.alloc(13);
    entry[0] = 1;
    entry.writeUInt32LE(0x400000, 1);
    entry.writeUInt32LE(0x100000, 9);
    return entry;
  };

  it('by names that lead to each other', async () => {
    // Two functions, the first with the address, each the other’s origin.
    const one = Buffer.alloc(17);
    one[0] = 2;
    one.writeUInt32LE(0x400100, 1);
    one.writeUInt32LE(0x100, 9);
    one.writeUInt32LE(12 + 13 + 17, 13);
    const other = Buffer.from([3, 12 + 13, 0, 0, 0, 0]);
    const { frames } = await locate(
      elfWith({
        '.debug_abbrev': abbreviations(
          UNIT,
          [2, 0x2e, 0, 0x11, 0x01, 0x12, 0x06, 0x31, 0x13],
          [3, 0x2e, 0, 0x31, 0x13],
        ),
        '.debug_info': unitWith(Buffer.concat([unitEntry(), one, other])),
      }),
    );
    expect(frames).toEqual([{ inlined: false }]);
  });

  it('by functions that share one long list of ranges', async () => {
    const list = Buffer.alloc(1 << 20, 0);
    for (let at = 0; at + 10 <= list.length; at += 10) list[at] = 7;
    const functions = Buffer.alloc(1 << 20);
    for (let at = 0; at + 5 <= functions.length; at += 5) functions[at] = 2;
    for (let at = 0; at + 10 <= list.length; at += 10) {
      list.writeUInt32LE(0x400000 + at, at + 1);
      list[at + 9] = 5;
    }
    const { troubles } = await locate(
      elfWith({
        '.debug_abbrev': abbreviations(UNIT, [2, 0x2e, 0, 0x55, 0x17]),
        '.debug_info': unitWith(Buffer.concat([unitEntry(), functions])),
        '.debug_rnglists': list,
      }),
    );
    expect(troubles.join()).toMatch(/gave up/);
  });

  it('by entries in entries, a million deep', async () => {
    const { frames } = await locate(
      elfWith({
        '.debug_abbrev': abbreviations(UNIT, [2, 0x39, 1]),
        '.debug_info': unitWith(Buffer.concat([unitEntry(), Buffer.alloc(1 << 20, 2)])),
      }),
    );
    expect(frames).toEqual([]);
  });

  it('by units whose tables of abbreviations overlap', async () => {
    const unit = unitWith(Buffer.from([0x7f]));
    const units = Buffer.concat(Array.from({ length: 50_000 }, () => unit));
    for (let at = 0; at < 50_000; at++) units.writeUInt32LE(at * 4, at * unit.length + 8);
    // Code 1, a tag, no children, no attributes: as often as there is room.
    const table = Buffer.alloc(1 << 20);
    for (let at = 0; at + 5 <= table.length; at += 5) table.set([1, 0x2e, 0, 0, 0], at);
    const { troubles } = await locate(elfWith({ '.debug_abbrev': table, '.debug_info': units }));
    expect(troubles.join()).toMatch(/gave up|makes no sense/);
  });

  it('by a section that unpacks to a thousand times its size', async () => {
    const bomb = deflateSync(Buffer.alloc(64 << 20));
    const header = Buffer.alloc(12);
    header.write('ZLIB');
    header.writeBigUInt64BE(1n << 40n, 4);
    const { troubles } = await locate(
      elfWith({ '.zdebug_info': Buffer.concat([header, bomb]), '.debug_abbrev': abbreviations(UNIT) }),
    );
    expect(troubles).toEqual(['section .zdebug_info is too big unpacked']);
    header.writeBigUInt64BE(100n, 4);
    const small = await locate(
      elfWith({ '.zdebug_info': Buffer.concat([header, bomb]), '.debug_abbrev': abbreviations(UNIT) }),
    );
    expect(small.troubles.join()).toMatch(/^section .zdebug_info cannot be unpacked/);
  });
});
