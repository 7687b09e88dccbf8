import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { atOnce, each, inTurns, mapped } from '../../../src/target/turns';

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);

/** Milliseconds; only work moves it, so that a loaded machine changes nothing. */
let clock = 0;
beforeEach(() => void vi.spyOn(performance, 'now').mockImplementation(() => clock));
afterEach(() => void vi.restoreAllMocks());

function work(milliseconds: number): void {
  clock += milliseconds;
}

/** Calls back at each turn of the event loop until it is told to stop. */
function everyTurn(act: () => void): () => void {
  let going = true;
  const turn = () => {
    if (!going) return;
    act();
    setImmediate(turn);
  };
  setImmediate(turn);
  return () => {
    going = false;
  };
}

describe('long work', () => {
  it('gives what it gives in one go, in order', async () => {
    const doubled = () => mapped(numbers(1000), (value, index) => value + index);
    expect(atOnce(doubled())).toEqual(numbers(1000).map((value) => 2 * value));
    expect(await inTurns(doubled())).toEqual(atOnce(doubled()));
    const seen: number[] = [];
    await inTurns(each(numbers(1000), (value) => void seen.push(value)));
    expect(seen).toEqual(numbers(1000));
  });

  it('lets others have the thread while it goes on, and several works together as well', async () => {
    let [longest, last] = [0, performance.now()];
    const stop = everyTurn(() => {
      const now = performance.now();
      longest = Math.max(longest, now - last);
      last = now;
    });
    const one = () => inTurns(mapped(numbers(2000), () => work(0.1)));
    await Promise.all([one(), one()]);
    stop();
    expect(longest).toBeGreaterThan(5);
    // 400 ms in all.
    expect(longest).toBeLessThan(40);
  });

  it('does not wait for others while it is short', async () => {
    let turns = 0;
    const stop = everyTurn(() => turns++);
    await inTurns(mapped(numbers(1000), (value) => value));
    stop();
    expect(turns).toBe(0);
  });

  it('is given up when it is cancelled', async () => {
    const abort = new AbortController();
    let done = 0;
    const working = inTurns(
      mapped(numbers(2000), () => {
        work(0.1);
        done++;
      }),
      abort.signal,
    );
    setImmediate(() => abort.abort(new Error('enough')));
    await expect(working).rejects.toThrow('enough');
    expect(done).toBeLessThan(2000);
  });
});
