import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ACTORS, actor, actorMissing } from './support/actor';
import { inspect, run } from './support/inspect';
import { statusOf, tasksOf, until } from './support/proc';
import { skipUnless } from './support/rights';
import { startVictim } from './support/victim';

/** Pids of probes, whoever started them. */
function probes(): string[] {
  const lines = execFileSync('ps', ['-eo', 'pid=,comm='], { encoding: 'utf8' }).split('\n');
  return lines.filter((line) => line.includes('io-uring-prob')).map((line) => line.trim());
}

/** Mounts, without those that other test files make meanwhile. */
function mounts(): string[] {
  const all = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return all.filter((line) => !/inspect-|fusectl/.test(line));
}

describe.each(ACTORS)('as %s, inspecting harms nobody', (name) => {
  it('the target is never traced or stopped, and its work goes on', async (context) => {
    skipUnless(context, 'ioUring');
    const missing = actorMissing(name);
    if (missing !== undefined) context.skip(missing);
    const who = actor(name);
    const { pid } = await startVictim(context, who, 'ring_victim', ['healthy'], { busy: true });
    const seen = new Set<string>();
    let looking = true;
    const watching = (async () => {
      while (looking) {
        seen.add(`tracer ${statusOf(pid, 'TracerPid')}`);
        for (const { state } of tasksOf(pid)) seen.add(state);
        await sleep(1);
      }
    })();
    // It rests after each round, of its own will.
    const rounds = () => Number(statusOf(pid, 'voluntary_ctxt_switches'));
    const before = rounds();
    for (let looks = 0; looks < 5; looks++) await inspect(who, pid);
    looking = false;
    await watching;

    expect(seen).toContain('tracer 0');
    expect([...seen].filter((what) => what.startsWith('tracer')).length).toBe(1);
    for (const state of ['T', 't', 'Z', 'X', 'undefined']) expect([...seen]).not.toContain(state);
    expect(rounds()).toBeGreaterThan(before);
  });

  it('nothing is left behind: no probe, no mount, no child of the target', async (context) => {
    skipUnless(context, 'ioUring');
    const missing = actorMissing(name);
    if (missing !== undefined) context.skip(missing);
    const who = actor(name);
    const { pid } = await startVictim(context, who, 'ring_victim', ['fifo-open']);
    const before = { probes: new Set(probes()), mounts: mounts(), tasks: tasksOf(pid) };

    for (let looks = 0; looks < 3; looks++) await inspect(who, pid);
    await run(who, '--json');

    // Other test files have probes of their own, which come and go.
    const left = () => probes().filter((probe) => !before.probes.has(probe));
    await until(() => left().length === 0, 'every probe has ended');
    expect(mounts()).toEqual(before.mounts);
    expect(tasksOf(pid)).toEqual(before.tasks);
  });
});
