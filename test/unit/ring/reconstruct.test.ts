import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RingImage } from '../../../src/ring/image';
import { reconstruct } from '../../../src/ring/reconstruct';
import { type Habits, randomFrom, SimulatedRing, USUAL } from './simulator';

const sizes = fc.oneof(
  fc.constantFrom([1, 2], [1, 4], [2, 4], [4, 4], [4, 8], [8, 16], [8, 8], [8, 64]),
  fc.constantFrom([16, 16], [16, 32], [32, 64], [64, 128]),
);

const anyHabits: fc.Arbitrary<Habits> = fc
  .record({
    size: sizes,
    sqeSize: fc.constantFrom(64, 128),
    cqeSize: fc.constantFrom(16, 32),
    layout: fc.constantFrom('compact', 'spread'),
    array: fc.constantFrom('identity', 'none', 'shuffled', 'few'),
    start: fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 0xffffffff, 0xfffffff0, 0xffffff00, 0x80000000),
    userData: fc.constantFrom('unique', 'reuse', 'zero', 'few'),
    mostInFlight: fc.constantFrom(1, 2, 8, 50),
    blankResults: fc.boolean(),
    multishot: fc.boolean(),
    skipSuccess: fc.boolean(),
  })
  .map(({ size: [sqEntries = 1, cqEntries = 2], ...rest }) => ({ sqEntries, cqEntries, ...rest }) as Habits);

/** Programs that keep to what `inferred` asks of them. */
const wellBehaved: fc.Arbitrary<Habits> = anyHabits.map((habits) => ({
  ...habits,
  start: 0,
  array: habits.array === 'shuffled' ? ('identity' as const) : habits.array,
  userData: habits.userData === 'zero' || habits.userData === 'few' ? ('reuse' as const) : habits.userData,
  mostInFlight: Math.min(habits.mostInFlight, habits.sqEntries),
  skipSuccess: false,
}));

/** Short ones stay in the first lap of the rings, long ones go round many times. */
const runs = (steps: number) => ({
  seed: fc.integer(),
  steps: fc.oneof(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: steps })),
});

function play(habits: Habits, seed: number, steps: number): SimulatedRing {
  const ring = new SimulatedRing(habits, randomFrom(seed));
  for (let step = 0; step < steps; step++) ring.step();
  return ring;
}

const exactly = (image: RingImage, ring: SimulatedRing): RingImage => ({ ...image, geometry: ring.geometry });

describe('a row that is certain', () => {
  it('is pending, whatever the program does', () => {
    let certain = 0;
    fc.assert(
      fc.property(fc.record({ habits: anyHabits, ...runs(400) }), ({ habits, seed, steps }) => {
        const ring = play(habits, seed, steps);
        const { rows } = reconstruct(exactly(ring.image(), ring), { overflowed: ring.overflowed });
        const truth = new Map(ring.inFlight.map((request) => [request.position, request.id]));
        for (const row of rows.filter(({ certainty }) => certainty === 'certain')) {
          certain++;
          expect(truth.get(row.sequence)).toBe(row.length);
        }
      }),
      { numRuns: 3000 },
    );
    expect(certain).toBeGreaterThan(30);
  });

  it('was pending when the first header was read, however busy the ring is meanwhile', () => {
    let certain = 0;
    fc.assert(
      fc.property(
        fc.record({
          habits: anyHabits,
          ...runs(300),
          meanwhile: fc.array(fc.nat(60), { minLength: 2, maxLength: 2 }),
        }),
        ({ habits, seed, steps, meanwhile: [first = 0, second = 0] }) => {
          const ring = play(habits, seed, steps);
          if (habits.array === 'few') ring.submit();
          const before = ring.header();
          const truth = new Map(ring.inFlight.map((request) => [request.position, request.id]));
          for (let i = 0; i < first; i++) ring.step();
          if (habits.array === 'few') ring.submit();
          const sqes = Buffer.from(ring.sqes);
          for (let i = 0; i < second; i++) ring.step();
          const bytes = Buffer.from(ring.ring);
          const image = {
            geometry: ring.geometry,
            before,
            after: ring.header(),
            ring: bytes,
            sqes,
            exact: true,
          };
          for (const row of reconstruct(image).rows) {
            if (row.certainty !== 'certain') continue;
            certain++;
            expect(truth.get(row.sequence)).toBe(row.length);
          }
        },
      ),
      { numRuns: 3000 },
    );
    expect(certain).toBeGreaterThan(30);
  });

  it('is every pending request of a ring in its first lap', () => {
    const habits: Habits = { ...USUAL, sqEntries: 64, cqEntries: 128, mostInFlight: 64 };
    fc.assert(
      fc.property(fc.record(runs(120)), ({ seed, steps }) => {
        const ring = play(habits, seed, steps);
        const { rows, lost, ambiguous, inFlight } = reconstruct(ring.image());
        const expected = ring.inFlight.map(({ position }) => position).sort((a, b) => a - b);
        expect(rows.map(({ sequence }) => sequence)).toEqual(expected);
        if (ring.header().sqTail + ring.unpublished() < 64) {
          expect(rows.every(({ certainty }) => certainty === 'certain')).toBe(true);
        }
        expect({ lost, ambiguous, inFlight }).toEqual({ lost: 0, ambiguous: 0, inFlight: expected.length });
      }),
    );
  });
});

describe('for a program that keeps its user_data apart', () => {
  it('a row that is inferred was pending when the first header was read', () => {
    const meanwhile = fc.array(fc.nat(30), { minLength: 2, maxLength: 2 });
    fc.assert(
      fc.property(
        fc.record({ habits: wellBehaved, ...runs(300), meanwhile }),
        ({ habits, seed, steps, meanwhile: [first = 0, second = 0] }) => {
          const ring = play(habits, seed, steps);
          ring.submit();
          const before = ring.header();
          const truth = new Map(ring.inFlight.map((request) => [request.position, request.id]));
          for (let i = 0; i < first; i++) ring.step();
          ring.submit();
          const sqes = Buffer.from(ring.sqes);
          for (let i = 0; i < second; i++) ring.step();
          const bytes = Buffer.from(ring.ring);
          const image = {
            geometry: ring.geometry,
            before,
            after: ring.header(),
            ring: bytes,
            sqes,
            exact: true,
          };
          for (const row of reconstruct(image).rows) {
            if (row.certainty !== 'ambiguous') expect(truth.get(row.sequence)).toBe(row.length);
          }
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('a row that is inferred is pending, and none that could be seen is missing', () => {
    let inferred = 0;
    let ambiguous = 0;
    let unseen = 0;
    let complete = 0;
    fc.assert(
      fc.property(fc.record({ habits: wellBehaved, ...runs(500) }), ({ habits, seed, steps }) => {
        const ring = play(habits, seed, steps);
        if (ring.unpublished() > 0) ring.submit();
        const {
          rows,
          inFlight,
          lost = 0,
          ambiguous: doubtful,
        } = reconstruct(exactly(ring.image(), ring), {
          overflowed: ring.overflowed,
        });
        const truth = new Map(ring.inFlight.map((request) => [request.position, request.id]));
        for (const row of rows) {
          const told = row.certainty !== 'ambiguous';
          if (!habits.multishot && told) inferred++;
          if (!habits.multishot && !told) ambiguous++;
          if (told) {
            expect(truth.get(row.sequence)).toBe(row.length);
          }
        }
        const oldest = Math.max(0, ring.header().sqTail - habits.sqEntries);
        const seen = new Set(rows.map(({ sequence }) => sequence));
        if (habits.multishot) return;
        expect(inFlight).toBe(ring.inFlight.length);
        // Where a row is missing, the count says so, or a row in doubt stands in its place.
        const missing = ring.inFlight.filter(({ position }) => position >= oldest && !seen.has(position));
        if (missing.length > 0) expect(lost + doubtful).toBeGreaterThan(0);
        if (habits.array === 'few') return;
        if (missing.length > 0) unseen++;
        else complete++;
      }),
      { numRuns: 3000 },
    );
    expect(inferred).toBeGreaterThan(2 * ambiguous);
    expect(complete).toBeGreaterThan(20 * unseen);
  });
});
