import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Patience } from '../../../../src/target/ssh/patience';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('Patience', () => {
  it('ends once, after its time', async () => {
    const expired = vi.fn();
    const patience = new Patience(1000, expired);
    await vi.advanceTimersByTimeAsync(999);
    expect(expired).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(5000);
    expect(expired).toHaveBeenCalledOnce();
    await patience.hold(async () => undefined);
    await vi.advanceTimersByTimeAsync(5000);
    expect(expired).toHaveBeenCalledOnce();
  });

  it('stands still while somebody is asked, also where two are', async () => {
    const expired = vi.fn();
    const patience = new Patience(1000, expired);
    const wait = (milliseconds: number) => () => new Promise<void>((done) => setTimeout(done, milliseconds));
    await vi.advanceTimersByTimeAsync(600);
    const held = [patience.hold(wait(10_000)), patience.hold(wait(20_000))];
    await vi.advanceTimersByTimeAsync(20_000);
    await Promise.all(held);
    await vi.advanceTimersByTimeAsync(399);
    expect(expired).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(expired).toHaveBeenCalledOnce();
  });

  it('does nothing once it is at its end', async () => {
    const expired = vi.fn();
    const patience = new Patience(1000, expired);
    const held = patience.hold(() => new Promise<void>((done) => setTimeout(done, 500)));
    patience.end();
    await vi.advanceTimersByTimeAsync(10_000);
    await held;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(expired).not.toHaveBeenCalled();
  });
});
