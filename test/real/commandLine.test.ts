import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { inOrder } from '../../src/cli/hostList';
import type { RankedProcess } from '../../src/model/process';
import type { Sample } from '../../src/model/sample';
import { NOW } from '../../src/sample/pointers';
import { ACTORS, type Actor, actor, actorMissing } from './support/actor';
import { inspect, run, sampleFrom } from './support/inspect';
import { until } from './support/proc';
import { toRelease } from './support/releases';
import { skipUnless } from './support/rights';
import { type Running, startVictim, type Victim } from './support/victim';

/** The command line while it follows a process, and what it has told so far. */
function watch(running: Running, who: Actor, pid: number, how = '--watch=0.2') {
  const child = spawn(who.node, [who.cli, String(pid), how], {
    cwd: '/',
    env: { PATH: '/usr/bin:/bin', NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(who.uid === undefined ? {} : { uid: who.uid, gid: who.gid ?? who.uid }),
  });
  running.onTestFinished(toRelease(() => child.kill('SIGKILL')));
  const told = { stdout: '', stderr: '', ended: once(child, 'close').then(([code]) => code as unknown) };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].on('data', (chunk: Buffer) => {
      told[name] += chunk.toString();
    });
  return { child, told };
}

describe.each(ACTORS)('the command line, used by %s', (name) => {
  const stuck = async (context: Running, scene: string): Promise<{ who: Actor; victim: Victim }> => {
    skipUnless(context, 'ioUring');
    const missing = actorMissing(name);
    if (missing !== undefined) context.skip(missing);
    const who = actor(name);
    return { who, victim: await startVictim(context, who, 'ring_victim', [scene]) };
  };

  it('lists the process with its rings and what is pending', async (context) => {
    const { who, victim } = await stuck(context, 'fifo-open');
    const { code, stdout } = await run(who, '--json');
    expect(code).toBe(0);
    const rows = JSON.parse(stdout) as RankedProcess[];
    expect(rows.find(({ pid }) => pid === victim.pid)).toMatchObject({
      name: 'ring_victim',
      rings: 1,
      pending: 4,
      uninterruptible: 0,
    });
    expect(rows).toEqual(inOrder(rows));
  });

  it('exits with 3 when any process of the list has such a finding, and says it below its line', async (context) => {
    const { who, victim } = await stuck(context, 'cq-unreaped');
    const { code, stdout } = await run(who, '--fail-on', 'warning');
    expect(code).toBe(3);
    expect(stdout).toMatch(new RegExp(`^ *${victim.pid} .*\\n {4}(CHECK|STUCK) {3}\\S`, 'm'));
  });

  it('reads with --no-memory the rings’ memory and no other, and says what is not seen for it', async (context) => {
    const { who, victim } = await stuck(context, 'fifo-open');
    const { requests, rights, notVisible } = sampleFrom(
      await run(who, String(victim.pid), '--no-memory', '--json'),
    );
    const whole = await inspect(who, victim.pid);
    const told = (sample: Pick<Sample, 'requests'>) =>
      sample.requests.map(({ operation, userData }) => `${operation} ${userData}`).sort();
    expect(told({ requests })).toEqual(told(whole));
    expect(requests.every(({ sources }) => sources.includes('ring memory'))).toBe(true);
    // By root from the kernel's memory, by others from the process's.
    const pointedAt = (sample: Pick<Sample, 'requests'>) =>
      sample.requests.filter(
        ({ path, operands = [] }) => path !== undefined || operands.some(({ name: of }) => of.endsWith(NOW)),
      ).length;
    expect([pointedAt(whole), pointedAt({ requests })]).toEqual([4, 0]);
    expect(rights.kernelWalk).toBe(false);
    expect(notVisible.map(({ what, why }) => `${what}: ${why}`)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(
          /^what requests and system calls point at .*: reading the memory .* is switched off$/,
        ),
        expect.stringMatching(/^requests inside the kernel.*: reading kernel memory is switched off$/),
      ]),
    );
    expect(whole.notVisible.some(({ why }) => why.includes('switched off'))).toBe(false);
  });

  it('exits with 3 when a finding is as severe as asked, with 0 when not', async (context) => {
    const { who, victim } = await stuck(context, 'cq-unreaped');
    const codes = ['info', 'warning', 'critical'].map((severity) =>
      run(who, String(victim.pid), '--fail-on', severity).then(({ code }) => code),
    );
    expect(await Promise.all(codes)).toEqual([3, 3, 0]);
  });

  it('exits with 3 when it has the finding of that name', async (context) => {
    const { who, victim } = await stuck(context, 'cq-unreaped');
    const codes = ['not-reaped', 'cq-overflow'].map((tag) =>
      run(who, String(victim.pid), '--fail-on', tag).then(({ code }) => code),
    );
    expect(await Promise.all(codes)).toEqual([3, 0]);
  });

  it('writes a Sample out for other tools, and says what has changed since another one', async (context) => {
    const { who, victim } = await stuck(context, 'fifo-open');
    const file = join(victim.directory, 'before.json');
    await run(who, String(victim.pid), '--save', file);
    const [csv, trace, difference] = await Promise.all([
      run(who, String(victim.pid), '--format', 'csv'),
      run(who, String(victim.pid), '--format', 'chrome-trace'),
      run(who, String(victim.pid), '--diff', file),
    ]);
    expect(csv.stdout.match(/^1,OPENAT,/gm)).toHaveLength(4);
    const { traceEvents } = JSON.parse(trace.stdout) as { traceEvents: { ph: string; name: string }[] };
    expect(traceEvents.filter(({ ph, name: of }) => ph === 'X' && of.startsWith('OPENAT')).length).toBe(4);
    expect(difference.stdout).toContain('0 submitted, 0 completed, in flight 4 → 4');
    expect(difference.stdout).toContain('= 4 requests still pending');
    const other = await startVictim(context, who, 'ring_victim', ['fifo-open']);
    expect(await run(who, String(other.pid), '--diff', file)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('not of one process'),
    });
  });

  it('serves numbers for a monitoring system until the process ends', async (context) => {
    const { who, victim } = await stuck(context, 'fifo-open');
    const child = spawn(who.node, [who.cli, String(victim.pid), '--metrics', '0'], {
      cwd: '/',
      env: { PATH: '/usr/bin:/bin' },
      stdio: ['ignore', 'ignore', 'pipe'],
      ...(who.uid === undefined ? {} : { uid: who.uid, gid: who.gid ?? who.uid }),
    });
    context.onTestFinished(toRelease(() => child.kill('SIGKILL')));
    const ended = new Promise((resolve) => child.once('close', resolve));
    let told = '';
    child.stderr.on('data', (chunk: Buffer) => {
      told += chunk.toString();
    });
    await until(() => /http:\S+metrics/.test(told), 'where it serves');
    const url = /http:\S+metrics/.exec(told)?.[0] ?? '';
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/metrics$/);
    const answer = await fetch(url);
    expect(answer.headers.get('content-type')).toContain('openmetrics-text');
    expect(await answer.text()).toMatch(/^io_uring_in_flight\{[^}]*ring="1",[^}]*\} 4$/m);
    expect((await fetch(url.replace('/metrics', '/etc/passwd'))).status).toBe(404);
    process.kill(victim.pid, 'SIGKILL');
    // A look that began before is answered once more.
    for (let asked = 0; asked < 20; asked++) {
      const { status } = await fetch(url).catch(() => ({ status: 0 }));
      if (status !== 200) break;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect(await ended).toBe(4);
  });

  it('saves a Sample that opens again when the process is gone', async (context) => {
    const { who, victim } = await stuck(context, 'sq-unsubmitted');
    const file = join(victim.directory, 'sample.json');
    expect(await run(who, String(victim.pid), '--save', file)).toMatchObject({ code: 0, stderr: '' });
    const saved = JSON.parse(readFileSync(file, 'utf8')) as Sample;
    const live = await inspect(who, victim.pid);
    expect(saved.rings).toEqual(live.rings);
    const opened = await run(who, '--open', file, '--json');
    expect(JSON.parse(opened.stdout)).toEqual(saved);
    const again = await run(who, String(victim.pid), '--save', file);
    expect(again.code).toBe(1);
    expect(again.stderr).toContain(file);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(saved);
  });

  it('a thread’s number is as good as its process’s', async (context) => {
    const { who, victim } = await stuck(context, 'fifo-open');
    const [, worker] = (await inspect(who, victim.pid)).tasks;
    expect((await inspect(who, worker?.tid ?? 0)).process.pid).toBe(victim.pid);
  });

  it('says while it follows a process how it goes and what looking takes, and looks late where nothing moves', async (context) => {
    const { who, victim } = await stuck(context, 'pipe-read');
    const { told } = watch(context, who, victim.pid, '--watch');
    const looks = () => told.stdout.match(/^ring_victim \(\d+\)/gm)?.length ?? 0;
    await until(() => looks() > 1, 'it looks again');
    expect(told.stdout).toMatch(/^0 submitted\/s · 0 completed\/s/m);
    expect(told.stdout).toMatch(
      /^Looking takes the inspector [\d.]+ % and its probe [\d.]+ % of a processor\.$/m,
    );
    // Two looks have found the same: the next comes after ten seconds, or as soon as the ring moves.
    await sleep(5000);
    expect(looks()).toBeLessThanOrEqual(3);
    const code = told.ended;
    victim.release();
    expect(await code).toBe(0);
  });

  it('follows a process until it ends', async (context) => {
    const { who, victim } = await stuck(context, 'pipe-read');
    const { child, told } = watch(context, who, victim.pid);
    await until(() => (told.stdout.match(/^ring_victim \(\d+\)/gm)?.length ?? 0) > 1, 'it looks again');
    const code = new Promise((resolve) => child.once('close', resolve));
    victim.release();
    expect(await code).toBe(0);
    expect(existsSync(`/proc/${victim.pid}/fd`)).toBe(false);
    expect(told.stderr).toMatch(/ended|gone/);
  });
});
