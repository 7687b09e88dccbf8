import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Sample } from '../../src/model/sample';
import { ACTORS, type Actor, actor, actorMissing } from './support/actor';
import { type Answer, expectSentence, inspect, run } from './support/inspect';
import { statusOf } from './support/proc';
import { skipUnless } from './support/rights';
import { type Running, startVictim } from './support/victim';

const us = () => actor(process.getuid?.() === 0 ? 'root' : 'an ordinary user');

/** Refused with a sentence on stderr, nothing on stdout, no stack trace of ours. */
function expectRefusal(answer: Answer, code: number, ...words: RegExp[]): void {
  expect(answer.code).toBe(code);
  expect(answer.stdout).toBe('');
  expectSentence(answer.stderr);
  for (const word of words) expect(answer.stderr).toMatch(word);
}

/** A pid that no process has. */
function freePid(): number {
  const used = new Set(readdirSync('/proc'));
  for (let pid = 4_000_000; ; pid--) if (!used.has(String(pid))) return pid;
}

describe('what is not a process that can be inspected', () => {
  it.for(['abc', '12abc', '-5', '0', '1e3', '99999999999999999999', '', ' ', '$(id)', '1.5', '../1'])(
    'PID %j: wrong use, in a sentence',
    async (pid) => {
      expectRefusal(await run(us(), '--', pid), 1, /PID|process|number/i);
    },
  );

  it('a PID that nobody has', async () => {
    const pid = freePid();
    expectRefusal(
      await run(us(), String(pid), '--json'),
      4,
      new RegExp(String(pid)),
      /no process|not exist/i,
    );
  });

  it('a kernel thread', async (context) => {
    const pid = 2;
    if (statusOf(pid, 'PPid') !== '0') context.skip('pid 2 is no kernel thread here (a container)');
    expectRefusal(await run(us(), String(pid)), 4, /kernel/);
  });

  it('a zombie: its parent is named', async (context) => {
    const { pid, child } = await startVictim(context, us(), 'odd', ['zombie']);
    expect(statusOf(pid, 'State')).toMatch(/^Z/);
    expectRefusal(await run(us(), String(pid)), 4, /zombie|ended/, new RegExp(String(child.pid)));
  });
});

describe('processes that end while they are looked at', () => {
  it('fifty short-lived processes: a Sample or a sentence, never a stack trace', async (context) => {
    skipUnless(context, 'ioUring');
    const who = us();
    const codes = new Map<number, number>();
    const once = async (milliseconds: number) => {
      const victim = await startVictim(context, who, 'odd', ['brief', String(milliseconds)], { busy: true });
      const answer = await run(who, String(victim.pid), '--json');
      codes.set(answer.code, (codes.get(answer.code) ?? 0) + 1);
      if (answer.code === 0) expect((JSON.parse(answer.stdout) as Sample).process.pid).toBe(victim.pid);
      else expectRefusal(answer, 4, new RegExp(String(victim.pid)));
      victim.release();
    };
    // From "gone before the first read" to "outlives the look", the moments between them closely spaced.
    for (let i = 0; i < 25; i++) await Promise.all([once(i * 8), once(i * 8 + 4)]);
    await once(10_000);
    expect([...codes.keys()].every((code) => code === 0 || code === 4)).toBe(true);
    expect(codes.get(4)).toBeGreaterThan(0);
    expect(codes.get(0)).toBeGreaterThan(0);
  });
});

describe('processes that do not keep to the rules', () => {
  const looks = async (
    context: Running,
    name: Actor['name'],
    scene: string,
    count: number,
  ): Promise<Sample[]> => {
    const missing = actorMissing(name);
    if (missing !== undefined) context.skip(missing);
    skipUnless(context, 'ioUring');
    const who = actor(name);
    const victim = await startVictim(context, who, 'odd', [scene], { busy: true });
    const samples: Sample[] = [];
    for (let look = 0; look < count; look++) {
      const answer = await run(who, String(victim.pid), '--json');
      expect(answer.code, answer.stderr).toBe(0);
      samples.push(JSON.parse(answer.stdout) as Sample);
    }
    return samples;
  };

  it.for(ACTORS)(
    'one that writes nonsense over its own ring: what is said of it stays bounded, as %s',
    async (name, context) => {
      for (const { rings, requests } of await looks(context, name, 'scribble', 12)) {
        expect(rings).toHaveLength(1);
        // 64 entries of its queue, 128 completions, and what the kernel itself has.
        expect(requests.length).toBeLessThanOrEqual(64 + 128 + 64);
        expect(requests.filter(({ sources }) => sources.includes('kernel walk')).length).toBeLessThanOrEqual(
          1,
        );
      }
    },
  );

  it.for(ACTORS)('one that becomes another program again and again, as %s', async (name, context) => {
    for (const { process: seen, requests } of await looks(context, name, 'exec', 6)) {
      expect(seen.name).toMatch(/^odd$|^exe$/);
      expect(requests.length).toBeLessThanOrEqual(2);
    }
  });
});

describe('processes of unusual size', () => {
  it('5,000 threads: every one of them', async (context) => {
    const who = us();
    const { pid, truth } = await startVictim(context, who, 'crowd', ['5000', '1']);
    const sample = await inspect(who, pid);
    expect(sample.tasks).toHaveLength(truth.threads ?? 0);
    expect(new Set(sample.tasks.map(({ tid }) => tid)).size).toBe(5000);
    expect(sample.tasks.every(({ state }) => state === 'S')).toBe(true);
    expect(sample.rings[0]).toMatchObject({ inFlight: 1 });
  });

  it('10,000 descriptors and 3 rings among them', async (context) => {
    const who = us();
    const { pid } = await startVictim(context, who, 'crowd', ['1', '3', '10000']);
    const sample = await inspect(who, pid);
    expect(sample.resources.filter(({ path }) => path === '/dev/null')).toHaveLength(10_000);
    expect(sample.rings.map(({ inFlight }) => inFlight)).toEqual([1, 1, 1]);
  });

  it('1,000 threads and 100 rings', async (context) => {
    const who = us();
    const { pid } = await startVictim(context, who, 'crowd', ['1000', '100']);
    const sample = await inspect(who, pid);
    expect(sample.tasks).toHaveLength(1000);
    expect(sample.rings).toHaveLength(100);
    expect(sample.rings.every(({ inFlight, explained }) => inFlight === 1 && explained === 1)).toBe(true);
    expect(sample.requests.filter(({ state }) => state === 'polling')).toHaveLength(100);
  });
});

describe('processes somewhere else', () => {
  it('another user’s process: says what is hidden, why, and how to see it', async (context) => {
    skipUnless(context, 'root', 'ordinaryUser', 'ioUring');
    const victim = await startVictim(context, actor('root'), 'ring_victim', ['pipe-read']);
    const answer = await run(actor('an ordinary user'), String(victim.pid), '--json');
    expect(answer.code).toBe(4);
    expectSentence(answer.stderr);
    expect(answer.stderr).toMatch(/another user|not permitted/i);
    expect(answer.stderr).toMatch(/sudo/);
    // What is public is still told.
    const sample = JSON.parse(answer.stdout) as Sample;
    expect(sample.process).toMatchObject({ pid: victim.pid, name: 'ring_victim' });
    expect(sample.tasks.map(({ state }) => state)).toEqual(['S']);
    expect(sample.rings).toEqual([]);
    expect(sample.notVisible.length).toBeGreaterThan(0);
    for (const { why } of sample.notVisible) expect(why).not.toBe('');
  });

  it('root sees an ordinary user’s process in full', async (context) => {
    skipUnless(context, 'root', 'ordinaryUser', 'ioUring');
    const victim = await startVictim(context, actor('an ordinary user'), 'ring_victim', ['fifo-open']);
    const sample = await inspect(actor('root'), victim.pid);
    expect(sample.notVisible).toEqual([]);
    expect(sample.rings[0]).toMatchObject({ inFlight: 4, explained: 4 });
    expect(sample.process.uid).toBe(actor('an ordinary user').uid);
  });

  it.for(ACTORS)('a process in another pid namespace, as %s', async (name, context: Running) => {
    skipUnless(context, 'ioUring');
    const missing = actorMissing(name);
    if (missing !== undefined) context.skip(missing);
    const who = actor(name);
    const { pid } = await startVictim(context, who, 'odd', ['pidns']);
    const sample = await inspect(who, pid);
    expect(sample.process.pid).toBe(pid);
    expect(sample.process.namespacePids).toEqual([pid, 1]);
    expect(sample.tasks).toMatchObject([{ tid: pid, state: 'S' }]);
    expect(sample.rings[0]).toMatchObject({ inFlight: 1, owner: pid });
  });
});
