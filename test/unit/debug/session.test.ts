import { describe, expect, it } from 'vitest';
import { stuck } from '../views/samples';
import { attached } from './scripted';

describe('a session', () => {
  it('shows the answer at once: threads, the stuck worker’s stack, nothing of the process stopped', async () => {
    const { client, stop, services } = await attached(stuck(), false);
    expect(stop.body).toMatchObject({
      reason: 'entry',
      allThreadsStopped: true,
      description: expect.stringMatching(/^Picture frozen, the process goes on: /),
    });
    const { threads } = await client.ask('threads');
    expect(threads).toHaveLength(10);
    expect(threads[0].name).toBe('ring 1 (fd 5) · STUCK: 100 in flight');
    const { stackFrames, totalFrames } = await client.ask('stackTrace', { threadId: stop.body.threadId });
    expect(totalFrames).toBe(stackFrames.length);
    expect(stackFrames[0].name).toBe('request_wait_answer+0x115/0x2f0');
    await client.ask('disconnect');
    expect(services.disposed).toBe(1);
    expect(services.inspection.calls).toEqual(['pause', 'dispose']);
  });
});
