import { describe, expect, it } from 'vitest';
import { tracedOwner } from '../../../src/inspect/threadOwner';
import { fakeTarget } from '../sample/fakeTarget';

const status = (tgid: number, tracer: number) => `Name:\tserver\nTgid:\t${tgid}\nTracerPid:\t${tracer}\n`;
const target = fakeTarget({
  '/proc/42/status': status(42, 9),
  '/proc/43/status': status(42, 9),
  '/proc/50/status': status(50, 9),
  '/proc/1/status': status(1, 0),
});

describe('the process that a debugger’s threads are of', () => {
  it('is told where all are of one that is being traced', async () => {
    expect(await tracedOwner(target, [43])).toBe(42);
    expect(await tracedOwner(target, [42, 43])).toBe(42);
  });

  it.each([[[]], [[1]], [[43, 50]], [[43, 1]], [[99]]])('is not told by %j', async (tids) => {
    expect(await tracedOwner(target, tids)).toBeUndefined();
  });
});
