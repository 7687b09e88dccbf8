import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserDataTable } from '../../../src/ring/userDataTable';

const word = fc.oneof(fc.integer({ min: 0, max: 0xffffffff }), fc.constantFrom(0, 1, 0x80000000, 0xffffffff));

describe('the table of user_data', () => {
  it('numbers distinct values in the order they came, and knows no others', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(word, word)), fc.array(fc.tuple(word, word)), (added, asked) => {
        const table = new UserDataTable(added.length);
        const numbers = new Map<string, number>();
        for (const [low, high] of added) {
          const key = `${low} ${high}`;
          if (!numbers.has(key)) numbers.set(key, numbers.size);
          expect(table.add(low, high)).toBe(numbers.get(key));
        }
        expect(table.size).toBe(numbers.size);
        for (const [low, high] of [...added, ...asked]) {
          expect(table.find(low, high)).toBe(numbers.get(`${low} ${high}`) ?? -1);
        }
      }),
    );
  });

  it.each([
    ['pointers', (n: number) => [n * 256, 0x7f12] as const],
    ['counters', (n: number) => [n, 0] as const],
    ['tags in the upper half', (n: number) => [5, n << 8] as const],
    ['both halves alike', (n: number) => [n * 0x10001, n * 0x10001] as const],
  ])('stays quick for %s', (_, value) => {
    const most = 32768;
    const table = new UserDataTable(most);
    const started = performance.now();
    for (let n = 0; n < most; n++) table.add(value(n)[0] >>> 0, value(n)[1] >>> 0);
    expect(table.size).toBe(most);
    // Chains of thousands would take seconds.
    expect(performance.now() - started).toBeLessThan(1000);
  });

  it('holds nothing when it is made for nothing', () => {
    expect(new UserDataTable(0).find(0, 0)).toBe(-1);
  });
});
