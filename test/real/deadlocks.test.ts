import { describe, expect, it } from 'vitest';
import type { Finding, Sample } from '../../src/model/sample';
import { ACTORS, type Actor, actor, actorMissing } from './support/actor';
import { answerOf, inspect } from './support/inspect';
import { frozenFileSystem } from './support/mounts';
import { tasksOf, until } from './support/proc';
import { skipUnless } from './support/rights';
import { type Running, startVictim } from './support/victim';

const tagged = (sample: Sample, tag: string): Finding | undefined =>
  sample.findings.find((finding) => finding.tag === tag);

function whoever(context: Running, name: Actor['name']): Actor {
  const missing = actorMissing(name);
  if (missing !== undefined) context.skip(missing);
  return actor(name);
}

/** Waits until so many tasks of a process, chosen by name, are in state D, by the kernel's own word. */
async function inD(pid: number, count: number, name: string): Promise<void> {
  const stuck = () => tasksOf(pid).filter(({ comm, state }) => comm.startsWith(name) && state === 'D').length;
  await until(() => stuck() >= count, `${count} of ${name} in ${pid} in state D`);
}

describe.each(ACTORS)('as %s', (name) => {
  it('a wait for more completions than can come', async (context) => {
    skipUnless(context, 'ioUring');
    const who = whoever(context, name);
    const victim = await startVictim(context, who, 'ring_victim', ['wait-more']);

    const answer = answerOf(await inspect(who, victim.pid));

    expect(answer).toMatchObject({ tag: 'waits-for-more', severity: 'warning' });
    expect(answer.summary).toMatch(/waits for 5 completions .* no more than 3 can come/);
  });

  it('a ring that a child holds, too', async (context) => {
    skipUnless(context, 'ioUring');
    const who = whoever(context, name);
    const victim = await startVictim(context, who, 'ring_victim', ['ring-forked']);

    const sample = await inspect(who, victim.pid);

    expect(answerOf(sample)).toMatchObject({ tag: 'waits-for-peer', severity: 'info' });
    expect(tagged(sample, 'ring-shared')?.summary).toMatch(
      /^Ring 1 \(fd \d+\) is also held by sleeper \(\d+\):/,
    );
  });

  it('a socket with data that no request waits for', async (context) => {
    skipUnless(context, 'ioUring');
    const who = whoever(context, name);
    const victim = await startVictim(context, who, 'ring_victim', ['tcp-unserved']);

    const told = tagged(await inspect(who, victim.pid), 'unserved-socket');

    expect(told).toMatchObject({ severity: 'warning', evidence: [{ fd: victim.truth.fd }] });
    expect(told?.summary).toMatch(/has 512 bytes unread, and no request of any ring waits for them/);
  });

  it('a socket with data for which something is armed', async (context) => {
    skipUnless(context, 'ioUring');
    const who = whoever(context, name);
    const victim = await startVictim(context, who, 'ring_victim', ['tcp-unserved', 'armed']);

    expect(tagged(await inspect(who, victim.pid), 'unserved-socket')).toBeUndefined();
  });

  it('a crowd of workers', async (context) => {
    skipUnless(context, 'ioUring');
    const who = whoever(context, name);
    const victim = await startVictim(context, who, 'ring_victim', ['worker-crowd']);

    expect(answerOf(await inspect(who, victim.pid))).toMatchObject({
      tag: 'worker-crowd',
      severity: 'warning',
      summary: expect.stringMatching(/^140 io-wq workers for 140 requests in flight/),
    });
  });

  it('a ring that nobody else holds', async (context) => {
    skipUnless(context, 'ioUring');
    const who = whoever(context, name);
    await startVictim(context, who, 'ring_victim', ['pipe-read']);
    const victim = await startVictim(context, who, 'ring_victim', ['pipe-read']);

    expect(tagged(await inspect(who, victim.pid), 'ring-shared')).toBeUndefined();
  });

  it('a thread that waits for the ring’s lock: who holds it, and in what', async (context) => {
    skipUnless(context, 'ioUring');
    const who = whoever(context, name);
    const victim = await startVictim(context, who, 'ring_victim', ['ring-lock']);
    await inD(victim.pid, 1, 'ring_victim');
    const [waiter] = tasksOf(victim.pid).filter(({ tid }) => tid !== victim.pid);

    const sample = await inspect(who, victim.pid);

    expect(answerOf(sample).summary).toMatch(/userfaultfd/);
    const lock = tagged(sample, 'ring-lock');
    expect(lock?.summary).toContain(`(${waiter?.tid}) waits for the lock of an io_uring ring`);
    // Without its stack nothing proves that the other thread is inside of the ring.
    if (name === 'root') {
      expect(lock?.summary).toContain(`which thread ring_victim (${victim.pid}) holds while its read waits`);
    }
  });
});

describe('with a frozen file system', () => {
  it('writes queue behind the one that holds their file', async (context) => {
    skipUnless(context, 'root', 'ioUring', 'loop', 'freeze', 'kernelMemory');
    const directory = frozenFileSystem(context);
    const path = `${directory}/data`;
    const victim = await startVictim(context, actor('root'), 'ring_victim', ['file', path, 'write', '4']);
    await inD(victim.pid, 1, 'iou-wrk-');

    const sample = await inspect(actor('root'), victim.pid);

    const worker = sample.tasks.find(({ kind, state }) => kind === 'worker' && state === 'D');
    const hashed = tagged(sample, 'hashed-writes');
    expect(hashed?.summary).toContain(
      `3 requests for ${path} queue behind the write in worker ${worker?.tid}, which waits`,
    );
    expect(hashed?.severity).toBe('info');
  });

  it('a killed process cannot end, and the answer says which worker holds it', async (context) => {
    skipUnless(context, 'root', 'ioUring', 'loop', 'freeze');
    const directory = frozenFileSystem(context);
    const path = `${directory}/data`;
    const victim = await startVictim(context, actor('root'), 'ring_victim', ['file', path, 'write', '4']);
    await inD(victim.pid, 1, 'iou-wrk-');
    process.kill(victim.pid, 'SIGKILL');
    await inD(victim.pid, 1, 'ring_victim');

    const sample = await inspect(actor('root'), victim.pid);

    expect(answerOf(sample)).toMatchObject({ severity: 'critical' });
    expect(answerOf(sample).summary).toMatch(/frozen/);
    const worker = sample.tasks.find(({ kind }) => kind === 'worker');
    expect(tagged(sample, 'exit-blocked')?.summary).toMatch(
      new RegExp(`is ending and waits .*1 write in worker ${worker?.tid} waits`),
    );
  });
});

describe('in order', () => {
  it.for([
    ['drain', 'A drain holds back 4 requests', 'a read of the pipe'],
    ['linked', '2 linked requests', 'behind a read of the pipe'],
  ] as const)('%s: the request that the others wait behind', async ([scene, held, head], context) => {
    skipUnless(context, 'root', 'ioUring', 'kernelMemory');
    const victim = await startVictim(context, actor('root'), 'ring_victim', [scene]);

    const sample = await inspect(actor('root'), victim.pid);

    const told = tagged(sample, 'held-back');
    expect(told?.severity).toBe('info');
    expect(told?.summary).toContain(held);
    expect(told?.summary).toContain(head);
  });
});
