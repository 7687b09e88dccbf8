import { describe, expect, it } from 'vitest';
import { ACTORS, actor, actorMissing } from './support/actor';
import { inspect, run } from './support/inspect';
import { skipUnless } from './support/rights';
import { startVictim } from './support/victim';

/** Control characters that move the cursor, colour, or end a line in the middle of a name; a plain newline is ours. */
const ESCAPES = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/;

describe.each(ACTORS)('as %s, a process whose names lie', (name) => {
  it('forges no row: its tasks, ring and files are counted as they are', async (context) => {
    skipUnless(context, 'ioUring');
    const missing = actorMissing(name);
    if (missing !== undefined) context.skip(missing);
    const who = actor(name);
    const { pid, truth } = await startVictim(context, who, 'names');

    const sample = await inspect(who, pid);

    expect(sample.process.pid).toBe(pid);
    expect(sample.process.name).toBe('a) S 1\n\u001b[2J:');
    expect(sample.tasks).toHaveLength(3);
    expect(sample.tasks.map(({ state }) => state)).toEqual(['S', 'S', 'S']);
    expect(sample.tasks.every(({ kind }) => kind === 'thread')).toBe(true);
    expect(sample.rings).toHaveLength(1);
    expect(sample.rings[0]).toMatchObject({ inFlight: 2, sqHead: 2, sqTail: 2, overflowed: 0 });
    expect(sample.requests.map(({ operation, state }) => `${operation} ${state}`)).toEqual([
      'READ polling',
      'READ polling',
    ]);
    const forged = sample.resources.find(({ fd }) => fd === truth.forgedFd);
    expect(forged?.path).toMatch(/\/evil\nSqMask:\t0x3f\n/);
    const broken = sample.resources.find(({ fd }) => fd === truth.brokenFd);
    expect(broken?.path).toMatch(/broken-.+-utf8$/);
    expect(sample.findings.every(({ severity }) => severity === 'info')).toBe(true);
  });

  it('reaches no terminal: the text holds no control character and no line of the process’s making', async (context) => {
    skipUnless(context, 'ioUring');
    const missing = actorMissing(name);
    if (missing !== undefined) context.skip(missing);
    const who = actor(name);
    const { pid } = await startVictim(context, who, 'names');

    const { code, stdout, stderr } = await run(who, String(pid), '--verbose');

    expect(code).toBe(0);
    expect(stderr).toBe('');
    expect(stdout).not.toMatch(ESCAPES);
    expect(stdout).not.toMatch(/^\s*(SqMask|SqHead|PollList|State|Tgid):/m);
    expect(stdout).toContain('evil');
    const list = await run(who, '--all');
    expect(list.stdout).not.toMatch(ESCAPES);
    expect(list.stdout).toContain(String(pid));
  });
});
