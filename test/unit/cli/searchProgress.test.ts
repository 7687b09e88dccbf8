import { expect, it } from 'vitest';
import { searchProgress } from '../../../src/cli/searchProgress';

/** A stream that keeps what is written, and the clock that goes with it. */
function terminal(isTTY: boolean) {
  const written: string[] = [];
  const clock = { now: 0 };
  const out = { isTTY, write: (text: string) => written.push(text) > 0 } as unknown as NodeJS.WriteStream;
  return { written, clock, progress: searchProgress(out, () => clock.now) };
}

it('says how far a long search is, and clears the line at its end', () => {
  const { written, clock, progress } = terminal(true);
  progress(0.1);
  clock.now = 600;
  progress(0.5);
  progress(1);
  expect(written).toEqual([expect.stringMatching(/^\r.*50 %$/), '\r\u001b[K']);
});

it('says nothing of a quick search, nor where no terminal is', () => {
  const quick = terminal(true);
  quick.progress(0.5);
  quick.progress(1);
  const piped = terminal(false);
  piped.clock.now = 5000;
  piped.progress(0.5);
  expect([...quick.written, ...piped.written]).toEqual([]);
});
