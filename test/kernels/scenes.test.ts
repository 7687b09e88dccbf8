import { expect, it } from 'vitest';
import { look } from '../../src/inspect/look';
import type { Sample } from '../../src/model/sample';
import { countRequests, EXPECTED, type Expected } from '../real/support/expected';
import { answerOf } from '../real/support/inspect';
import type { Truth } from '../real/support/victim';
import type { Facts } from './support/facts';
import { onKernels } from './support/onKernels';
import { startVictim } from './support/victim';

onKernels((kernel) => {
  it.for(EXPECTED)('the inspector tells the truth about $scene', async (expected, context) => {
    const machine = await kernel.machine(context);
    const busy = expected.busy === true;
    const victim = await startVictim(context, machine, 'ring_victim', [expected.scene], { busy });

    const sample = await look(machine.target, victim.pid);

    expect(sample.process).toMatchObject({ pid: victim.pid, name: 'ring_victim' });
    expect(sample.host.kernel).toBe(machine.release);
    if (busy) return;
    expectTasks(sample, expected, kernel.facts);
    expectRing(sample, expected, victim.truth, kernel.facts);
    expect(countRequests(sample.requests)).toEqual(listed(expected, victim.truth, kernel.facts));
    expectAnswer(sample, expected, kernel.facts);
  });
});

/** The table is written for kernels that count; here is what others cannot list. */
function listed(
  expected: Expected,
  truth: Truth,
  facts: Facts,
): Readonly<Record<string, number | undefined>> {
  const { scene } = expected;
  if (scene === 'pipe-read-async' && facts.asyncReadBlocksWorker) return { 'READ running': 1 };
  const all = expected.requests?.(truth) ?? {};
  return hasCounters(facts) || truth.prepared === undefined ? all : {};
}

function expectTasks(sample: Sample, expected: Expected, facts: Facts): void {
  const [first, ...others] = sample.tasks;
  expect(first).toMatchObject({ tid: sample.process.pid, kind: 'thread', name: 'ring_victim', state: 'S' });
  expect(others.map(({ kind, state }) => ({ kind, state }))).toEqual(expected.others ?? []);
  for (const { name, kind, kernelStack } of others) {
    expect(name).toBe(`${kind === 'worker' ? 'iou-wrk' : 'iou-sqp'}-${sample.process.pid}`);
    if (kind === 'worker') expect(kernelStack?.map((frame) => frame.function)).toContain(facts.idleWorker);
  }
  const workers = others.filter(({ kind }) => kind === 'worker');
  const blocked = expected.scene === 'pipe-read-async' && facts.asyncReadBlocksWorker;
  const wait = blocked
    ? { function: 'pipe_read', subsystem: 'pipe' }
    : (expected.workersWaitIn ?? { idle: true });
  for (const { blockedOn } of workers) expect(blockedOn).toMatchObject({ ...wait, wake: 'interruptible' });
  if (expected.waitsIn === undefined) return;
  expect(first?.blockedOn?.function).toMatch(expected.waitsIn);
  expect(first?.blockedOn?.wake).toBe(expected.wake);
  expect(first?.wchan).toMatch(expected.waitsIn);
}

function expectRing(sample: Sample, expected: Expected, truth: Truth, facts: Facts): void {
  expect(sample.rings).toHaveLength(1);
  const [ring] = sample.rings;
  const invisible = sample.notVisible.map(({ what }) => what).join();
  if (expected.unreadable === true) {
    expect(ring).toMatchObject({ fd: null, readable: false });
    expect(invisible).toMatch(/closed descriptor/);
    return;
  }
  expect(ring).toMatchObject({ readable: true, owner: sample.process.pid });
  if (!hasCounters(facts)) {
    expect(ring).not.toHaveProperty('inFlight');
    expect(invisible).toMatch(/how many requests are in flight/);
    return;
  }
  const inFlight = truth.inFlight ?? 0;
  const submitted = inFlight + (truth.completed ?? 0) + (truth.overflowed ?? 0);
  expect(ring).toMatchObject({
    inFlight,
    explained: inFlight - (expected.unlisted ?? 0),
    sqHead: submitted,
    sqTail: submitted + (truth.prepared ?? 0),
    cqHead: 0,
    cqTail: truth.completed ?? 0,
    overflowed: truth.overflowed ?? 0,
  });
  if (expected.unlisted !== undefined) expect(invisible).toMatch(/requests? in flight, one by one/);
}

function expectAnswer(sample: Sample, expected: Expected, facts: Facts): void {
  const first = answerOf(sample);
  const words = `${first.summary} ${first.explanation}`;
  const counted = expected.severity !== 'info' || expected.unlisted !== undefined;
  if (!hasCounters(facts) && counted) {
    // Nothing wrong is invented where the numbers are not there.
    expect(first.severity).toBe('info');
    if (expected.waitsIn?.test(facts.waitFrame) && Object.keys(sample.requests).length === 0)
      expect(words).toMatch(/counters this kernel does not print/);
    return;
  }
  expect(first.severity).toBe(expected.severity);
  for (const says of expected.says) expect(words).toMatch(says);
  if (expected.severity === 'info')
    expect(sample.findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
}

const hasCounters = ({ fdinfo }: Facts): boolean => fdinfo.includes('SqHead');
