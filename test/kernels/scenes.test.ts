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

/** What the table says, but for a read that later kernels arm for readiness, and for SQEs whose completions nothing lists. */
function listed(
  { scene, requests }: Expected,
  truth: Truth,
  facts: Facts,
): Readonly<Partial<Record<string, number>>> {
  if (scene === 'pipe-read-async' && facts.asyncReadBlocksWorker) return { 'READ running': 1 };
  if (scene === 'cq-overflow' && !facts.listsOverflow) return { 'NOP issued': 4 };
  return requests?.(truth) ?? {};
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
  expect(ring?.fd === null).toBe(expected.closed === true);
  const { inFlight = 0, completed = 0, overflowed = 0, prepared = 0 } = truth;
  const submitted = inFlight + completed + overflowed;
  const hidden = facts.listsOverflow ? 0 : overflowed;
  expect(ring).toMatchObject({
    readable: true,
    owner: sample.process.pid,
    inFlight,
    explained: inFlight,
    sqHead: submitted,
    sqTail: submitted + prepared,
    cqHead: 0,
    cqTail: completed,
  });
  expect(ring?.overflowed).toBe(hidden > 0 ? undefined : overflowed);
  const finished = sample.requests.filter(({ state }) => state === 'completed' || state === 'overflowed');
  expect(finished).toHaveLength(completed + overflowed - hidden);
  const untold = sample.notVisible.filter(({ what }) => what.startsWith('completions without room'));
  expect(untold).toHaveLength(hidden > 0 ? 1 : 0);
}

function expectAnswer(sample: Sample, expected: Expected, { listsOverflow }: Facts): void {
  const first = answerOf(sample);
  expect(first.severity).toBe(expected.severity);
  const says = listsOverflow || expected.scene !== 'cq-overflow' ? expected.says : [/\b8\b/, /not collected/];
  for (const words of says) expect(`${first.summary} ${first.explanation}`).toMatch(words);
  if (expected.severity === 'info')
    expect(sample.findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
}
