import { describe, expect, it } from 'vitest';
import type { Sample } from '../../src/model/sample';
import { ACTORS, type Actor, actor, actorMissing } from './support/actor';
import { countRequests, EXPECTED, type Expected } from './support/expected';
import { answerOf, inspect } from './support/inspect';
import { tasksOf } from './support/proc';
import { skipUnless } from './support/rights';
import { startVictim, type Truth, type Victim } from './support/victim';

describe.each(ACTORS)('as %s, the inspector tells the truth about', (name) => {
  it.for(EXPECTED)('$scene', async (expected, context) => {
    const missing = actorMissing(name);
    if (missing !== undefined) context.skip(missing);
    skipUnless(context, 'ioUring');
    const who = actor(name);
    const started = performance.now();
    const options = expected.busy === true ? { busy: true } : {};
    const victim = await startVictim(context, who, 'ring_victim', [expected.scene], options);

    const sample = await inspect(who, victim.pid);

    expectRights(sample, who);
    expectTasks(sample, expected, victim);
    expectNoWaitBefore(sample, (performance.now() - started) / 1000);
    if (expected.busy !== true) {
      expectRing(sample, expected, victim.truth);
      const requests = expected.requests?.(victim.truth) ?? {};
      expect(countRequests(sample.requests)).toEqual(requests);
    }
    expectAnswer(sample, expected);
  });
});

function expectRights(sample: Sample, who: Actor): void {
  const root = process.getuid?.() === 0 && who.name === 'root';
  expect(sample.rights.uid).toBe(who.uid ?? process.getuid?.());
  expect(sample.notVisible.map(({ what }) => what).includes('kernel stacks')).toBe(!root);
  if (root) return;
  expect(sample.rights.kernelStacks).toBe(false);
  const blindness = sample.notVisible.find(({ what }) => what === 'kernel stacks');
  expect(blindness?.why).toMatch(/CAP_SYS_ADMIN|root/);
  expect(blindness?.remedy).toMatch(/sudo|root/);
  expect(sample.tasks.some((task) => task.kernelStack !== undefined)).toBe(false);
}

function expectTasks(sample: Sample, expected: Expected, { pid }: Victim): void {
  const truth = tasksOf(pid);
  expect(sample.process).toMatchObject({ pid, name: 'ring_victim' });
  expect(sample.tasks.map(({ tid }) => tid).sort()).toEqual(truth.map(({ tid }) => tid).sort());
  const [first, ...others] = sample.tasks;
  expect(first).toMatchObject({ tid: pid, kind: 'thread', name: 'ring_victim' });
  if (expected.busy === true) return;
  expect(sample.tasks.map(({ state }) => state)).toEqual(truth.map(({ state }) => state));
  expect(others.map(({ kind, state }) => ({ kind, state }))).toEqual(expected.others ?? []);
  for (const { blockedOn } of others.filter(({ kind }) => kind === 'worker')) {
    expect(blockedOn).toMatchObject({ ...(expected.workersWaitIn ?? { idle: true }), wake: 'interruptible' });
  }
  if (expected.waitsIn === undefined) return;
  expect(first?.wchan).toMatch(expected.waitsIn);
  expect(first?.blockedOn?.function).toMatch(expected.waitsIn);
  expect(first?.blockedOn?.wake).toBe(expected.wake);
}

/**
 * Nothing of a process that has just been started can have been blocked for longer than it lives; the clocks of two
 * processors may differ by a few hundredths of a second.
 */
function expectNoWaitBefore(sample: Sample, seconds: number): void {
  for (const { blocked } of sample.tasks) expect(blocked ?? 0).toBeLessThanOrEqual(seconds + 0.25);
}

function expectRing(sample: Sample, expected: Expected, truth: Truth): void {
  expect(sample.rings).toHaveLength(1);
  const [ring] = sample.rings;
  expect(ring?.fd === null).toBe(expected.closed === true);
  const inFlight = truth.inFlight ?? 0;
  const submitted = inFlight + (truth.completed ?? 0) + (truth.overflowed ?? 0);
  expect(ring).toMatchObject({
    readable: true,
    owner: sample.process.pid,
    inFlight,
    explained: inFlight,
    sqHead: submitted,
    sqTail: submitted + (truth.prepared ?? 0),
    cqHead: 0,
    cqTail: truth.completed ?? 0,
    overflowed: truth.overflowed ?? 0,
  });
  const finished = sample.requests.filter(({ state }) => state === 'completed' || state === 'overflowed');
  expect(finished).toHaveLength((truth.completed ?? 0) + (truth.overflowed ?? 0));
}

function expectAnswer(sample: Sample, expected: Expected): void {
  const first = answerOf(sample);
  expect(first.severity).toBe(expected.severity);
  for (const words of expected.says) expect(`${first.summary} ${first.explanation}`).toMatch(words);
  if (expected.severity === 'info')
    expect(sample.findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
}
