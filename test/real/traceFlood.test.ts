import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTrace } from '../../src/inspect/tracing';
import { openLocal } from '../../src/target/local';
import type { ProbeTarget } from '../../src/target/probeTarget';
import { self } from './support/probe';
import { skipUnless } from './support/rights';
import { deed, ringsCreated, tracingProbe } from './support/tracefs';
import { startVictim } from './support/victim';

let target: ProbeTarget;
beforeAll(async () => {
  target = await openLocal(await tracingProbe());
});
afterAll(() => target.dispose());

/** Milliseconds for which the program submits as fast as it can. */
const LONG = 10_000;

describe('a trace of a program that submits as fast as a ring can', () => {
  // Above a million events a second on most machines; what a slower one makes of it is counted as exactly.
  it('has each of the events of ten seconds, or counts it as lost', { timeout: 60_000 }, async (context) => {
    skipUnless(context, 'root', 'ioUring');
    const victim = await startVictim(context, self, 'traced', [], { busy: true });
    const created = await ringsCreated(context);
    const trace = await startTrace(target, victim.pid, { stackBytes: 0 });
    const { count, took } = await deed(victim, `flood 1 ${LONG}`);
    const asked = performance.now();
    const { summary, details } = await trace.stop();
    // What is left in the buffers is bounded: so is the time to read it.
    expect(performance.now() - asked).toBeLessThan(20_000);
    expect(took / 1e6).toBeGreaterThanOrEqual(LONG);
    const lost = summary.lost.events ?? Number.NaN;
    // Of each a submit and a completion, and nothing else but rings that others on this machine have created.
    const foreign = created() - trace.reader.creations;
    expect(trace.reader.events).toBe(summary.submitted + summary.completed);
    expect(trace.reader.events + lost).toBeGreaterThanOrEqual(2 * count);
    expect(trace.reader.events + lost).toBeLessThanOrEqual(2 * count + foreign);
    expect(trace.reader.lostSeen).toBe(lost);
    expect(summary.unseenSubmits + summary.unseenCompletions).toBeLessThanOrEqual(lost);
    expect(details.overTime.length).toBeGreaterThanOrEqual(10);
    expect(details.overTime.reduce((sum, point) => sum + point.count, 0)).toBe(details.completed);
    // Nothing is held that grows with the flood.
    expect(details.requests.length).toBeLessThanOrEqual(20_000);
  });
});
