import { chmodSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { AioContext, AioRequest, Sample } from '../../src/model/sample';
import { ACTORS, type Actor, actor, actorMissing } from './support/actor';
import { answerOf, inspect, run } from './support/inspect';
import { mountHangfs, silentDisk } from './support/mounts';
import { toRelease } from './support/releases';
import { needs, skipUnless } from './support/rights';
import { type Running, startVictim, type TrueContext, type Victim } from './support/victim';

/** What the victim says of its contexts, by address. */
function truthOf({ truth }: Victim): readonly TrueContext[] {
  const contexts = truth.contexts ?? [];
  return [...contexts].sort((a, b) => Number(BigInt(a.address) - BigInt(b.address)));
}

/** What a row says, in the words of the victim. */
function said({ operation, fd, offset = 0, length = 0, userData, iocb }: AioRequest): object {
  return { operation, fd, offset, length, userData, iocb };
}

const byData = (a: { userData: string }, b: { userData: string }): number =>
  Number(BigInt(a.userData) - BigInt(b.userData));

/** Every number and every request is what the victim left; of an ordinary user only what the ring tells. */
function expectContexts(sample: Sample, victim: Victim, who: Actor): void {
  const truth = truthOf(victim);
  expect(sample.aio?.map(({ address }) => address)).toEqual(truth.map(({ address }) => address));
  for (const [index, context] of (sample.aio ?? []).entries()) {
    const { requests, asked, pending, ...told } = truth[index] as TrueContext;
    expect(context).toMatchObject({ id: index + 1, ...told });
    if (who.name === 'root' && needs.kernelMemory() === undefined) {
      expect(context).toMatchObject({ asked, pending });
      expect([...context.requests].sort(byData).map(said)).toEqual([...requests].sort(byData));
      expect(context.requests.every(({ certainty }) => certainty === 'certain')).toBe(true);
    } else expect(context).not.toHaveProperty('pending');
  }
}

/** A device that answers nothing, and which anybody may read. */
async function openDisk(running: Running): Promise<string> {
  const { device } = await silentDisk(running);
  chmodSync(device, 0o666);
  running.onTestFinished(toRelease(() => chmodSync(device, 0o660)));
  return device;
}

const pause = (seconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, seconds * 1000));

describe.each(ACTORS)('as %s, Linux AIO', (name) => {
  function whoever(context: Running): Actor {
    const missing = actorMissing(name);
    if (missing !== undefined) context.skip(missing);
    return actor(name);
  }
  const root = name === 'root';

  it('some of everything in one context, an idle one beside it', async (context) => {
    skipUnless(context, 'fuse', 'loop');
    const who = whoever(context);
    const device = await openDisk(context);
    const victim = await startVictim(context, who, 'aio', ['mixed', device]);

    const sample = await inspect(who, victim.pid);

    expectContexts(sample, victim, who);
    const answer = answerOf(sample);
    if (!root) return;
    expect(answer).toMatchObject({ tag: 'linux-aio', severity: 'critical', stuck: 6 });
    expect(answer.summary).toContain(`6 reads of ${device} (Linux AIO context`);
    expect(answer.summary).toMatch(/disk loop\d+, which has 6 requests in flight and has finished none/);
  });

  it('a full context and a thread that waits', async (context) => {
    skipUnless(context, 'fuse', 'loop');
    const who = whoever(context);
    const device = await openDisk(context);
    const victim = await startVictim(context, who, 'aio', ['reads', device]);

    const sample = await inspect(who, victim.pid);

    expectContexts(sample, victim, who);
    const answer = answerOf(sample);
    expect(answer.severity).toBe('critical');
    expect(answer.summary).toMatch(/^No io_uring here/);
    expect(answer.summary).toContain(`aio (${victim.pid}) waits in io_getevents`);
    expect(answer.summary).toMatch(/disk loop\d+, which has 32 requests in flight and has finished none/);
    expect(answer.summary).toContain('hangfs');
    if (root) expect(answer.summary).toContain('32 reads');
    const { stdout } = await run(who, String(victim.pid));
    expect(stdout).toMatch(/Linux AIO contexts \(1\)/);
    if (root) expect(stdout).toMatch(/read \/dev\/loop\d+ · offset 131072 · 4,096 bytes/);
  });

  it('io_submit itself does not come back', async (context) => {
    skipUnless(context, 'fuse');
    const who = whoever(context);
    const { directory, server } = await mountHangfs(context);
    const victim = await startVictim(context, who, 'aio', ['submitting', `${directory}/hang-data`]);
    await pause(1.2);

    const sample = await inspect(who, victim.pid);

    const answer = answerOf(sample);
    expect(answer.severity).toBe('critical');
    expect(answer.summary).toContain(`thread aio (${victim.pid}) in io_submit`);
    if (root) expect(answer.summary).toContain(`hangfs (${server.pid})`);
    const request = { operation: 'PREAD', offset: 131072, length: 4096, path: `${directory}/hang-data` };
    expect(sample.aio).toMatchObject([{ submitting: [{ task: victim.pid, count: 1, requests: [request] }] }]);
    const { stdout } = await run(who, String(victim.pid));
    expect(stdout.replace(/\s+/g, ' ')).toContain(
      `is inside io_submit with 1 read of ${directory}/hang-data`,
    );
  });

  it.for(['polls', 'rest', 'forked'] as const)('no alarm: %s', async (scene, context) => {
    const who = whoever(context);
    const victim = await startVictim(context, who, 'aio', [scene]);
    const sample = await inspect(who, victim.truth.child ?? victim.pid);
    if (scene === 'forked') {
      if (root) expect(sample.aio).toBeUndefined();
    } else expectContexts(sample, victim, who);
    expect(sample.findings.map(({ severity }) => severity)).toEqual(sample.findings.map(() => 'info'));
    if (scene === 'polls' && root)
      expect(answerOf(sample).summary).toContain('2 polls of Linux AIO context 1');
    if (scene === 'rest' && root) expect(answerOf(sample).summary).toContain('nothing is pending');
  });

  it('completions that nobody collects', async (context) => {
    const who = whoever(context);
    const victim = await startVictim(context, who, 'aio', ['unreaped']);
    const sample = await inspect(who, victim.pid);
    expectContexts(sample, victim, who);
    expect(answerOf(sample)).toMatchObject({ tag: 'linux-aio', severity: root ? 'warning' : 'info' });
    expect(answerOf(sample).summary).toContain('5 operations of Linux AIO context 1 have finished');
  });

  it('a wait while nothing is pending', async (context) => {
    const who = whoever(context);
    const victim = await startVictim(context, who, 'aio', ['nothing']);
    await pause(0.5);
    const sample = await inspect(who, victim.pid);
    expectContexts(sample, victim, who);
    if (root) expect(answerOf(sample)).toMatchObject({ tag: 'linux-aio', severity: 'warning' });
    else expect(answerOf(sample).severity).toBe('info');
  });

  it('a ring that the program has written over: the kernel’s own counts stand', async (context) => {
    const who = whoever(context);
    const victim = await startVictim(context, who, 'aio', ['scribbled']);
    const sample = await inspect(who, victim.pid);
    const [only] = sample.aio as [AioContext];
    expect(only).not.toHaveProperty('unreaped');
    if (root) expect(only).toMatchObject({ capacity: 126, pending: 1, requests: [{ operation: 'POLL' }] });
    else expect(only).toEqual({ id: 1, address: only.address, requests: [], sources: [] });
    expect(sample.notVisible.map(({ why }) => why).join()).toContain('has written over the ring');
  });

  it('beside a ring of io_uring: both are told', async (context) => {
    skipUnless(context, 'ioUring', 'fuse', 'loop');
    const who = whoever(context);
    const device = await openDisk(context);
    const victim = await startVictim(context, who, 'aio', ['with-ring', device]);

    const sample = await inspect(who, victim.pid);

    expectContexts(sample, victim, who);
    expect(sample.requests).toMatchObject([{ operation: 'READ' }]);
    expect(answerOf(sample).summary).toMatch(/io_getevents/);
    expect(answerOf(sample).summary).toMatch(/loop\d+/);
    expect(answerOf(sample).summary).not.toMatch(/no io_uring/i);
    expect(sample.rings[0]).toMatchObject({ inFlight: 1 });
  });
});
