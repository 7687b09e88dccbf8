import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Body, Question, ReadResult } from '../../../src/probe/protocol';
import { keepAlive } from '../../../src/target/keepAlive';

const GOOD: ReadResult = { ok: true, data: Buffer.alloc(0), truncated: false };

/** A channel on which each word is answered in the same way, and what is said on it. */
function fakeChannel(answer: ReadResult | Error) {
  const said: string[] = [];
  const ask = async ({ verb }: Question, bodies: readonly Body[]) => {
    said.push(...bodies.map((body) => `${verb} ${Buffer.from(body).readUInt32LE()}`));
    if (answer instanceof Error) throw answer;
    return [answer];
  };
  return { said, ask };
}

const never = new Promise<string>(() => undefined);

describe('keepAlive', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('says at once how long the probe stays, and that again three times as often', async () => {
    const channel = fakeChannel(GOOD);
    keepAlive(channel, 60, never);
    expect(channel.said).toEqual(['idle 60']);
    await vi.advanceTimersByTimeAsync(59_000);
    expect(channel.said).toEqual(['idle 60', 'idle 60', 'idle 60']);
  });

  it('goes on where a word was not answered in time, for the next may be', async () => {
    for (const errno of ['ETIMEDOUT', 'EBUSY']) {
      const channel = fakeChannel({ ok: false, errno });
      keepAlive(channel, 3, never);
      await vi.advanceTimersByTimeAsync(2500);
      expect(channel.said.length).toBe(3);
    }
  });

  it.each([
    ['a probe that knows no such limit', { ok: false, errno: 'ENOSYS' } as const],
    ['a lost connection', new Error('gone')],
  ])('leaves %s in peace', async (_, answer) => {
    const channel = fakeChannel(answer);
    keepAlive(channel, 3, never);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(channel.said.length).toBe(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('ends with the connection', async () => {
    const channel = fakeChannel(GOOD);
    keepAlive(channel, 3, Promise.resolve('it was closed'));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(channel.said.length).toBe(1);
    expect(vi.getTimerCount()).toBe(0);
  });
});
