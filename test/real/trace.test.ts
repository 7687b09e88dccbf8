import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTrace } from '../../src/inspect/tracing';
import type { TraceSummary } from '../../src/model/trace';
import { openLocal } from '../../src/target/local';
import type { ProbeTarget } from '../../src/target/probeTarget';
import { actor } from './support/actor';
import { run } from './support/inspect';
import { eventually, self } from './support/probe';
import { skipUnless } from './support/rights';
import { deed, tracingProbe, withTracefs } from './support/tracefs';
import { startVictim } from './support/victim';

let target: ProbeTarget;
beforeAll(async () => {
  target = await openLocal(await tracingProbe());
});
afterAll(() => target.dispose());

const rows = ({ operations }: TraceSummary, name: string) =>
  operations.filter(({ operation }) => operation === name);

describe('a trace of known requests', () => {
  it('counts every one, with its result, and takes as long as the program says', async (context) => {
    skipUnless(context, 'root', 'ioUring');
    const victim = await startVictim(context, self, 'traced', [], { busy: true });
    const trace = await startTrace(target, victim.pid);
    await deed(victim, 'nop 500');
    await deed(victim, 'async 20');
    const sleeps = await deed(victim, 'sleep 3 50');
    const pipes = await deed(victim, 'pipe 4 30');
    await deed(victim, 'fail 7');
    await deed(victim, 'hold 2');
    const { summary } = await trace.stop();
    expect(summary).toMatchObject({ submitted: 536, completed: 534, pending: 2, unseenSubmits: 0 });
    expect(summary).toMatchObject({ unseenCompletions: 0, lost: { events: 0 }, notTraced: [] });
    expect(rows(summary, 'NOP')).toMatchObject([{ completed: 520, punted: 20, errors: {} }]);
    const [slept] = rows(summary, 'TIMEOUT');
    expect(slept).toMatchObject({ completed: 3, errors: { ETIME: 3 }, latency: { count: 3 } });
    const reads = rows(summary, 'READ');
    const read = reads.find(({ completed }) => completed === 4);
    expect(read).toMatchObject({ completed: 4, pollArmed: 4, errors: {} });
    expect(reads.find(({ errors }) => errors['EBADF'])).toMatchObject({ errors: { EBADF: 7 } });
    // Its own clock encloses the kernel's: within what it needs around a submit.
    for (const [traced, own] of [
      [slept?.latency, sleeps],
      [read?.latency, pipes],
    ] as const) {
      expect(traced?.most).toBeLessThanOrEqual((own.most / 1e9) * 1.01);
      expect(traced?.least).toBeGreaterThan(own.least / 1e9 - 0.01);
    }
    expect(summary.slowest[0]).toMatchObject({
      operation: 'TIMEOUT',
      result: 'ETIME',
      submitter: victim.pid,
    });
    expect(summary.oldest).toHaveLength(2);
    expect(summary.oldest[0]).toMatchObject({ operation: 'READ', ringFd: victim.truth.fd });
    expect(summary.oldest[0]?.result).toBeUndefined();
  });

  it('counts what has no place in a buffer that is too small, exactly', async (context) => {
    skipUnless(context, 'root', 'ioUring');
    const victim = await startVictim(context, self, 'traced', [], { busy: true });
    const trace = await startTrace(target, victim.pid, { kilobytes: 8, interval: 60_000, stackBytes: 0 });
    await deed(victim, 'batch 32000');
    const { summary } = await trace.stop();
    // Of each a submit and a completion, and nothing else.
    expect(trace.reader.events + (summary.lost.events ?? 0)).toBe(64_000);
    expect(summary.lost.events).toBeGreaterThan(50_000);
    expect(summary.submitted).toBeLessThan(8000);
  });

  it('at a high rate is counted by the probe, and every request is in it', async (context) => {
    skipUnless(context, 'root', 'ioUring');
    const victim = await startVictim(context, self, 'traced', [], { busy: true });
    const trace = await startTrace(target, victim.pid, { stackBytes: 0 });
    await deed(victim, 'hold 3');
    const sleeps = await deed(victim, 'sleep 2 40');
    await deed(victim, 'batch 640000');
    await deed(victim, 'fail 5');
    await deed(victim, 'free 1');
    const { summary, details } = await trace.stop();
    const { submitted, completed, pending, unseenSubmits, unseenCompletions } = summary;
    const lost = summary.lost.events ?? Number.NaN;
    expect(trace.reader.foldedRequests).toBeGreaterThan(300_000);
    // Its own count is of submits 640,010, and two completions less.
    expect(submitted + completed + lost).toBe(1_280_018);
    expect(unseenSubmits + unseenCompletions).toBeLessThanOrEqual(lost);
    expect(pending).toBeGreaterThanOrEqual(2);
    if (lost === 0)
      expect({ submitted, completed, pending }).toEqual({
        submitted: 640_010,
        completed: 640_008,
        pending: 2,
      });
    const [nops] = rows(summary, 'NOP');
    expect(nops).toMatchObject({ errors: {}, latency: { count: nops?.completed } });
    expect(nops?.completed).toBeGreaterThanOrEqual(640_000 - lost);
    // In what is told over time, and in the histogram, they are too.
    const seen = summary.operations.reduce((sum, { latency }) => sum + (latency?.count ?? 0), 0);
    expect(details).toMatchObject({ completed: seen, counted: trace.reader.foldedRequests });
    expect(details.overTime.reduce((sum, { count }) => sum + count, 0)).toBe(seen);
    const histogram = details.latencies.flatMap(({ counts }) => counts);
    expect(histogram.reduce((sum, count) => sum + count, 0)).toBe(seen);
    expect(nops?.latency?.p50).toBeLessThan(nops?.latency?.p99 ?? 0);
    expect(rows(summary, 'READ').find(({ errors }) => errors['EBADF'])?.errors).toEqual({ EBADF: 5 });
    // What was slowest is told by itself, whatever else was counted.
    expect(summary.slowest).toHaveLength(32);
    const timeouts = summary.slowest.filter(({ operation }) => operation === 'TIMEOUT');
    expect(timeouts).toHaveLength(2);
    for (const { took } of timeouts) expect(took).toBeLessThanOrEqual((sleeps.most / 1e9) * 1.01);
  });

  it('has the requests of rings that are created while it runs, and not those of others', async (context) => {
    skipUnless(context, 'root', 'ioUring');
    const victim = await startVictim(context, self, 'traced', [], { busy: true });
    const other = await startVictim(context, self, 'traced', [], { busy: true });
    const trace = await startTrace(target, victim.pid);
    await Promise.all([deed(victim, 'ring 41 300'), deed(other, 'ring 30 10')]);
    await deed(other, 'ring 30 10');
    await deed(victim, 'ring 21 300');
    await deed(victim, 'nop 10');
    const { summary } = await trace.stop();
    expect(summary).toMatchObject({ submitted: 72, completed: 72, pending: 0, lost: { events: 0 } });
    expect(rows(summary, 'NOP')).toMatchObject([{ completed: 72, punted: 30 }]);
    // Each of the two was looked at while it was there, beside the one from before.
    const looked = summary.reaping?.map(({ ringFd }) => ringFd) ?? [];
    expect(looked.filter((fd) => fd === victim.truth.fd)).toHaveLength(1);
    expect(looked).toHaveLength(3);
    expect(summary.notTraced).toEqual([]);
  });

  it('counts system calls beside submits: one for 32 of a batch, one with SQPOLL', async (context) => {
    skipUnless(context, 'root', 'ioUring');
    const victim = await startVictim(context, self, 'traced', [], { busy: true });
    const batches = await startTrace(target, victim.pid);
    await deed(victim, 'batch 3200');
    const { summary } = await batches.stop();
    if (summary.systemCalls === undefined) context.skip('needs a kernel with events of system calls');
    expect(summary).toMatchObject({ submitted: 3200, systemCalls: 100 });
    const polled = await startTrace(target, victim.pid);
    await deed(victim, 'polled 50 300');
    // The one that wakes the thread, which has nothing to do at first.
    expect((await polled.stop()).summary).toMatchObject({ submitted: 50, completed: 50, systemCalls: 1 });
  });

  it('goes on when the rings go, with their process', async (context) => {
    skipUnless(context, 'root', 'ioUring');
    const victim = await startVictim(context, self, 'traced', [], { busy: true });
    const trace = await startTrace(target, victim.pid);
    await deed(victim, 'hold 3');
    victim.child.kill('SIGKILL');
    await new Promise((resolve) => victim.child.once('exit', resolve));
    await eventually('its requests are cancelled', () => trace.reader.pending.length === 0);
    const { summary } = await trace.stop();
    expect(summary).toMatchObject({ submitted: 3, pending: 0 });
    expect(rows(summary, 'READ')).toMatchObject([{ completed: 3, errors: { ECANCELED: 3 } }]);
  });

  it('tells which requests it has not seen begin', async (context) => {
    skipUnless(context, 'root', 'ioUring');
    const victim = await startVictim(context, self, 'traced', [], { busy: true });
    await deed(victim, 'hold 3');
    const trace = await startTrace(target, victim.pid);
    await deed(victim, 'free 3');
    expect((await trace.stop()).summary).toMatchObject({
      submitted: 0,
      completed: 3,
      unseenSubmits: 3,
      pending: 0,
    });
  });

  it('is what the command line tells, and the JSON has', async (context) => {
    skipUnless(context, 'root', 'ioUring');
    const victim = await startVictim(context, self, 'traced', [], { busy: true });
    const [node, ...through] = withTracefs('exec node "$@"');
    const who = { ...actor('root'), node, through };
    const asked = run(who, String(victim.pid), '--trace', '2');
    await deed(victim, 'hold 1');
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await deed(victim, 'pipe 3 10');
    const { code, stdout, stderr } = await asked;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^Traced for [\d.]+ s: \d+ submitted \(\d+\/s\), \d completed/);
    expect(stdout).toMatch(/^READ +\d +1\d\.?\d* ms/m);
    expect(stdout).toMatch(/^ {6}submit_innermost\(\) in traced$/m);
    const json = await run(who, String(victim.pid), '--trace', '0.2', '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({ trace: { submitted: 0, lost: { events: 0 } } });
  });

  it('has its findings among the others, and an exit code by their names', async (context) => {
    skipUnless(context, 'root', 'ioUring');
    const victim = await startVictim(context, self, 'flows', ['late'], { busy: true });
    const [node, ...through] = withTracefs('exec node "$@"');
    const who = { ...actor('root'), node, through };
    const asked = ['--trace', '2', '--fail-on', 'reaped-late'];
    const { code, stdout } = await run(who, String(victim.pid), ...asked);
    expect(stdout).toMatch(
      /^ {2}completions lie in the ring at fd \d+ for \d+(\.\d)? ms on average, 32 of them at the most$/m,
    );
    expect(stdout).toMatch(/^CHECK +Completions of ring 1 \(fd \d+\) lie in the queue for \d/m);
    expect(code).toBe(3);
  });

  it('of a process whose kernel memory is not read follows what its threads submit to', async (context) => {
    skipUnless(context, 'root', 'ioUring');
    const victim = await startVictim(context, self, 'traced', [], { busy: true });
    const other = await startVictim(context, self, 'traced', [], { busy: true });
    const blind: ProbeTarget = Object.create(target, { kernel: { value: undefined } });
    const trace = await startTrace(blind, victim.pid);
    await Promise.all([deed(victim, 'nop 30'), deed(other, 'nop 50')]);
    const { summary } = await trace.stop();
    expect(summary).toMatchObject({ submitted: 30, completed: 30 });
    expect(summary.notTraced).toEqual(['requests that a kernel thread (SQPOLL) submits']);
  });
});
