import { describe, expect, it } from 'vitest';
import { Reaping, reapLag } from '../../../src/trace/reaping';

const MASK = 63;

/** A program that posts 10 completions every 100 ms and takes them 40 ms later, seen every so many milliseconds. */
function seen(every: number, from = 0): Reaping {
  const reaping = new Reaping();
  for (let time = from; time < from + 10_000; time += every) {
    const rounds = Math.floor(time / 100);
    const tail = (rounds + 1) * 10;
    const head = time % 100 < 40 ? tail - 10 : tail;
    // Counters that run over.
    const at = (count: number) => (count + 0xffff_fff0) >>> 0;
    reaping.note({ time: time * 1e6, head: at(head), tail: at(tail), mask: MASK });
  }
  return reaping;
}

describe('completions in a ring', () => {
  it('lie there as long as the program leaves them', () => {
    const told = seen(7).told(5);
    expect(told).toMatchObject({ ringFd: 5, most: 10, collected: 1000 });
    expect(told && reapLag(told)).toBeCloseTo(0.04, 2);
  });

  it('are no more than the ring holds, whatever the program has written there', () => {
    const reaping = new Reaping();
    reaping.note({ time: 0, head: 0, tail: 0, mask: MASK });
    reaping.note({ time: 1e9, head: 5, tail: 4, mask: MASK });
    expect(reaping.told(5)).toMatchObject({ most: MASK + 1, held: 32 });
  });

  it('of another ring at the same descriptor are not those between its counters', () => {
    const reaping = new Reaping();
    reaping.note({ time: 0, head: 1000, tail: 1000, mask: MASK });
    reaping.note({ time: 1e9, head: 2, tail: 3, mask: MASK });
    reaping.note({ time: 2e9, head: 8, tail: 8, mask: MASK });
    expect(reaping.told(5)).toMatchObject({ collected: 6, most: 1 });
  });

  it('are not told of one look, and have no time where none is taken', () => {
    const reaping = new Reaping();
    reaping.note({ time: 5, head: 1, tail: 4, mask: MASK });
    expect(reaping.told(5)).toBeUndefined();
    reaping.note({ time: 6, head: 1, tail: 4, mask: MASK });
    const told = reaping.told(5);
    expect(told && reapLag(told)).toBeUndefined();
  });
});
