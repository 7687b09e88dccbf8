import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inferGeometry } from '../../../src/ring/geometry';
import { HEADER_BYTES, MAX_CQ_ENTRIES, MAX_SQ_ENTRIES, readHeader } from '../../../src/ring/header';
import { reconstruct } from '../../../src/ring/reconstruct';
import { type Habits, randomFrom, SimulatedRing, USUAL } from './simulator';

const words = (...pairs: readonly (readonly [at: number, value: number])[]): Buffer => {
  const bytes = Buffer.alloc(4096);
  for (const [at, value] of pairs) bytes.writeUInt32LE(value >>> 0, at);
  return bytes;
};

describe('the header of a ring', () => {
  it('is read as 6.6 and later lay it out', () => {
    const bytes = words([0, 7], [4, 9], [8, 3], [12, 5], [16, 63], [20, 127], [24, 64], [28, 128]);
    bytes.writeUInt32LE(1, 32);
    bytes.writeUInt32LE(2, 36);
    bytes.writeUInt32LE(3, 40);
    bytes.writeUInt32LE(4, 44);
    expect(readHeader(bytes)).toMatchObject({
      layout: { name: 'compact', cqes: 64 },
      ...{ sqHead: 7, sqTail: 9, cqHead: 3, cqTail: 5, sqEntries: 64, cqEntries: 128 },
      ...{ dropped: 1, sqFlags: 2, cqFlags: 3, overflow: 4 },
    });
  });

  it('is read as kernels before 6.6 laid it out', () => {
    const bytes = words([0, 7], [64, 9], [128, 3], [192, 5], [256, 63], [260, 127], [264, 64], [268, 128]);
    expect(readHeader(bytes)).toMatchObject({
      layout: { name: 'spread', cqes: 320 },
      ...{ sqHead: 7, sqTail: 9, cqHead: 3, cqTail: 5, sqEntries: 64, cqEntries: 128 },
    });
  });

  it.each<[string, (readonly [number, number])[]]>([
    [
      'sizes that are no powers of two',
      [
        [16, 62],
        [24, 63],
      ],
    ],
    [
      'a mask of another size',
      [
        [16, 31],
        [24, 64],
      ],
    ],
    [
      'no entries',
      [
        [16, 0xffffffff],
        [24, 0],
      ],
    ],
    [
      'more entries than there can be',
      [
        [16, 65535],
        [24, 65536],
      ],
    ],
  ])('is refused with %s', (_, changes) => {
    expect(readHeader(words([16, 63], [20, 127], [24, 64], [28, 128]))).toBeDefined();
    expect(readHeader(words([16, 63], [20, 127], [24, 64], [28, 128], ...changes))).toBeUndefined();
  });

  it('is none in random bytes, or has sizes a ring can have', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: HEADER_BYTES + 8 }), (bytes) => {
        const header = readHeader(Buffer.from(bytes));
        if (!header) return;
        expect(header.sqEntries).toBeLessThanOrEqual(MAX_SQ_ENTRIES);
        expect(header.cqEntries).toBeLessThanOrEqual(MAX_CQ_ENTRIES);
      }),
    );
  });
});

const shapes: fc.Arbitrary<Habits> = fc
  .record({
    size: fc.constantFrom([4, 8], [8, 16], [16, 32], [64, 128], [32, 512], [64, 64], [512, 1024]),
    sqeSize: fc.constantFrom(64, 128),
    cqeSize: fc.constantFrom(16, 32),
    layout: fc.constantFrom('compact', 'spread'),
    array: fc.constantFrom('identity', 'none'),
  })
  .map(({ size: [sqEntries = 8, cqEntries = 16], ...rest }) => ({ ...USUAL, sqEntries, cqEntries, ...rest }));

describe('the sizes of a ring', () => {
  it('are inferred from its mappings and their contents once a few requests went through', () => {
    fc.assert(
      fc.property(shapes, fc.integer(), fc.integer({ min: 60, max: 400 }), (habits, seed, steps) => {
        const ring = new SimulatedRing(habits, randomFrom(seed));
        for (let step = 0; step < steps; step++) ring.step();
        const header = ring.header();
        fc.pre(header.sqTail > 2 && header.cqTail > 2);
        const found = ring.image().geometry;
        expect(found).toMatchObject({ sqeSize: habits.sqeSize, cqeSize: habits.cqeSize });
        if (habits.array === 'identity') expect(found.arrayAt).toBe(ring.geometry.arrayAt);
        // Before 6.6 there always was an array.
        else if (habits.layout === 'compact') expect(found.arrayAt).toBeUndefined();
      }),
      { numRuns: 1000 },
    );
  });

  it('are as the setup flags say, where those are known', () => {
    const ring = new SimulatedRing({ ...USUAL, sqeSize: 128, cqeSize: 32, array: 'none' }, randomFrom(1));
    const bytes = { ring: ring.ring, sqes: ring.sqes, exact: true };
    expect(inferGeometry(ring.header(), bytes, ['SQE128', 'CQE32', 'NO_SQARRAY'])).toMatchObject({
      sqeSize: 128,
      cqeSize: 32,
    });
    expect(inferGeometry(ring.header(), bytes, [])).toMatchObject({ sqeSize: 64, cqeSize: 16 });
  });

  it('are refused, with the reason, where the mappings are too short for them', () => {
    const ring = new SimulatedRing({ ...USUAL, sqEntries: 64, cqEntries: 128 }, randomFrom(1));
    const short = ring.ring.subarray(0, 1000);
    expect(inferGeometry(ring.header(), { ring: short, sqes: ring.sqes, exact: true })).toMatch(/128 CQEs/);
    const few = ring.sqes.subarray(0, 63 * 64);
    expect(inferGeometry(ring.header(), { ring: ring.ring, sqes: few, exact: true })).toMatch(/64 SQEs/);
  });
});

describe('a program that scribbles over its ring', () => {
  it('cannot make the reconstruction throw, or grow beyond the ring', () => {
    fc.assert(
      fc.property(
        shapes,
        fc.integer(),
        fc.array(fc.integer({ min: 0, max: 0xffffffff }), { minLength: 12, maxLength: 12 }),
        fc.boolean(),
        (habits, seed, noise, exact) => {
          const next = randomFrom(seed);
          const ring = new SimulatedRing(habits, next);
          for (let at = 512; at < ring.ring.length; at++) ring.ring[at] = next(256);
          for (let at = 0; at < ring.sqes.length; at++) ring.sqes[at] = next(256);
          const base = ring.header();
          const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0, cached = 0] = noise;
          const before = { ...base, sqHead: a, sqTail: b, cqHead: c, cqTail: d };
          const after = { ...base, sqHead: e, sqTail: f, cqHead: g, cqTail: h };
          const bytes = { ring: ring.ring, sqes: ring.sqes, exact };
          const geometry = inferGeometry(before, bytes);
          if (typeof geometry === 'string') return;
          const found = reconstruct({ geometry, before, after, ...bytes }, { cachedSqHead: cached });
          expect(found.rows.length + found.prepared.length).toBeLessThanOrEqual(habits.sqEntries);
          expect(found.completed.length).toBeLessThanOrEqual(habits.cqEntries);
          expect(found.completedCount).toBeLessThanOrEqual(habits.cqEntries);
        },
      ),
      { numRuns: 500 },
    );
  });
});
