import { describe, expect, it } from 'vitest';
import type { Binaries } from '../../../src/target/binaries';
import { openBinary } from '../../../src/target/targetBytes';
import { FakeProcess, PID } from './fakeProcess';

const WAY = { kind: 'executable', pid: PID } as const;
const DATA = Buffer.from(Array.from({ length: 1000 }, (_, index) => index % 251));

async function opened(target: FakeProcess, data = DATA) {
  target.files.set('executable', { data, inode: 5 });
  const result = await openBinary(target.binaries, WAY);
  if (typeof result === 'string') throw new Error(result);
  return result;
}

describe('bytes of a binary on a target', () => {
  it('come as they are asked for, cut at the end', async () => {
    const { bytes, identity } = await opened(new FakeProcess());
    expect(identity).toMatchObject({ size: 1000, inode: 5n });
    expect(await bytes.read(10, 20)).toEqual(DATA.subarray(10, 30));
    expect(await bytes.read(990, 100)).toEqual(DATA.subarray(990));
    for (const [offset, length] of [
      [1000, 1],
      [-1, 5],
      [0, 0],
      [Number.NaN, 5],
      [5, -1],
    ] as const)
      expect(await bytes.read(offset, length)).toHaveLength(0);
    expect(bytes.failed).toBeUndefined();
  });

  it('are asked for in pieces that the probe can answer', async () => {
    const target = new FakeProcess();
    const big = Buffer.alloc(20 << 20, 7);
    const { read } = target.binaries;
    const questions: number[] = [];
    const binaries: Binaries = {
      ...target.binaries,
      read: (ranges, options) => {
        questions.push(ranges.reduce((sum, { length }) => sum + length, 0));
        return read(ranges, options);
      },
    };
    target.files.set('executable', { data: big, inode: 5 });
    const result = await openBinary(binaries, WAY);
    if (typeof result === 'string') throw new Error(result);
    const { bytes } = result;
    expect((await bytes.read(1, big.length)).equals(big.subarray(1))).toBe(true);
    expect(target.asked.filter((asked) => asked.startsWith('read '))).toHaveLength(5);
    expect(Math.max(...questions)).toBeLessThanOrEqual(4 << 20);
  });

  it('are not asked for again once they have failed', async () => {
    const target = new FakeProcess();
    const { bytes } = await opened(target);
    target.files.set('executable', 'ETIMEDOUT');
    expect(await bytes.read(0, 10)).toHaveLength(0);
    expect(bytes.failed).toBe('ETIMEDOUT');
    const { length } = target.asked;
    expect(await bytes.read(0, 10)).toHaveLength(0);
    expect(target.asked).toHaveLength(length);
  });

  it('fail when another file has taken its place', async () => {
    const target = new FakeProcess();
    const { bytes } = await opened(target);
    target.files.set('executable', { data: Buffer.alloc(1000, 1), inode: 6 });
    expect(await bytes.read(0, 10)).toHaveLength(0);
    expect(bytes.failed).toBe('ESTALE');
  });

  it('are empty when the target is gone, and after they were given back', async () => {
    const target = new FakeProcess();
    const { bytes } = await opened(target);
    target.binaries.read = () => Promise.reject(new Error('the probe ended'));
    expect(await bytes.read(0, 10)).toHaveLength(0);
    expect(bytes.failed).toBe('the probe ended');
    const other = await opened(new FakeProcess());
    other.bytes.close();
    expect(await other.bytes.read(0, 10)).toHaveLength(0);
  });

  it('say why they cannot be had at all', async () => {
    expect(await openBinary(new FakeProcess().binaries, WAY)).toBe('ENOENT');
  });
});
