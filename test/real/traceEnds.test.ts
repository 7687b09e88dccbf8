import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { startTrace } from '../../src/inspect/tracing';
import { openLocal, spawnProbe } from '../../src/target/local';
import { connectProbe, type ProbeTarget } from '../../src/target/probeTarget';
import { isTraced, type TraceAsked } from '../../src/target/tracing';
import { childrenOf, eventually, everybodysProbe, self } from './support/probe';
import { skipUnless } from './support/rights';
import { deed, instancesOf, tracefsOf, tracelessProbe, tracingProbe, withTracefs } from './support/tracefs';
import { type Running, startVictim } from './support/victim';

const COMPLETIONS: TraceAsked = {
  kilobytes: 64,
  rings: [],
  events: [{ name: 'io_uring_complete', filtered: true }],
};
const opened: ProbeTarget[] = [];

afterEach(() => {
  for (const target of opened.splice(0)) target.dispose();
});

async function open(): Promise<ProbeTarget> {
  const target = await openLocal(await tracingProbe());
  opened.push(target);
  return target;
}

/** A process that sees tracefs as long as the test lasts, whatever becomes of the probe. */
async function watcher(running: Running): Promise<number> {
  const [command, ...args] = withTracefs('exec /bin/sleep 60');
  const child = spawn(command, args, { stdio: 'ignore' });
  running.onTestFinished(() => void child.kill('SIGKILL'));
  const pid = child.pid ?? 0;
  await eventually('tracefs is there', () => {
    try {
      return instancesOf(pid).length >= 0;
    } catch {
      return false;
    }
  });
  return pid;
}

/** The tracing target with its instance, which is there. */
async function traced(pid: number): Promise<{ target: ProbeTarget; instance: string }> {
  const target = await open();
  const started = await target.tracing.start({
    ...COMPLETIONS,
    stacks: { bytes: 1024, kilobytes: 64, every: 1 },
  });
  if (!isTraced(started)) throw new Error(started.errno);
  expect(instancesOf(pid)).toContain(started.instance);
  return { target, instance: started.instance };
}

/** Processes that hold on to the end of the probe: its reader, and the keeper of the trace. */
const family = (probe: number): number[] => childrenOf(probe).flatMap((pid) => [pid, ...childrenOf(pid)]);
const isGone = (pid: number, instance: string) => () => !instancesOf(pid).includes(instance);

describe('the instance of a trace', () => {
  const endings = [
    ['the connection closes', (target: ProbeTarget) => target.dispose()],
    ['the probe is told to end', ({ hello }: ProbeTarget) => void process.kill(hello.pid, 'SIGTERM')],
    ['the probe is killed', ({ hello }: ProbeTarget) => void process.kill(hello.pid, 'SIGKILL')],
    ['the trace is stopped', async ({ tracing }: ProbeTarget) => void (await tracing.stop())],
  ] as const;
  it.for(endings)('is gone when %s', async ([, end], context) => {
    skipUnless(context, 'root');
    const pid = await watcher(context);
    const { target, instance } = await traced(pid);
    const processes = family(target.hello.pid);
    expect(processes).toHaveLength(2);
    await end(target);
    await eventually('the instance is gone', isGone(pid, instance));
    target.dispose();
    await eventually('nobody of it is left', () => processes.every((one) => !isAlive(one)));
  });

  it('is removed by the next probe where all of one were killed', async (context) => {
    skipUnless(context, 'root');
    const pid = await watcher(context);
    const { target, instance } = await traced(pid);
    const keepers = family(target.hello.pid).filter((one) => !childrenOf(target.hello.pid).includes(one));
    // The keeper first: it would remove it.
    for (const one of [...keepers, ...childrenOf(target.hello.pid), target.hello.pid])
      process.kill(one, 'SIGKILL');
    await target.lost;
    expect(instancesOf(pid)).toContain(instance);
    const next = await open();
    const started = await next.tracing.start(COMPLETIONS);
    expect(started).toMatchObject({ removed: 1 });
    expect(instancesOf(pid)).not.toContain(instance);
    expect(await next.tracing.stop()).toBeUndefined();
  });

  it('of a probe that lives is left alone by another', async (context) => {
    skipUnless(context, 'root');
    const pid = await watcher(context);
    const { target: first, instance } = await traced(pid);
    const second = await open();
    expect(await second.tracing.start(COMPLETIONS)).toMatchObject({ removed: 0 });
    expect(instancesOf(pid)).toContain(instance);
    expect(await second.tracing.stop()).toBeUndefined();
    expect(instancesOf(pid)).toContain(instance);
    expect(await first.tracing.stop()).toBeUndefined();
  });

  it('is one at a time, and can be made anew', async (context) => {
    skipUnless(context, 'root');
    const target = await open();
    expect(await target.tracing.start(COMPLETIONS)).toHaveProperty('instance');
    expect(await target.tracing.start(COMPLETIONS)).toMatchObject({ errno: 'EBUSY' });
    expect(await target.tracing.stop()).toBeUndefined();
    expect(await target.tracing.drain()).toMatchObject({ errno: 'ENOENT' });
    expect(await target.tracing.start(COMPLETIONS)).toHaveProperty('instance');
    expect(await target.tracing.stop()).toBeUndefined();
  });
});

const isAlive = (pid: number): boolean => {
  try {
    return !/\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};

describe('another tracer', () => {
  it('loses nothing and is left as it is', async (context) => {
    skipUnless(context, 'root', 'ioUring');
    const pid = await watcher(context);
    const root = tracefsOf(pid);
    const other = `${root}/instances/inspect-test-${process.pid}`;
    mkdirSync(other);
    context.onTestFinished(() => rmdirSync(other));
    writeFileSync(`${other}/events/io_uring/io_uring_complete/enable`, '1');
    const state = () =>
      ['current_tracer', 'tracing_on', 'trace_clock', 'set_event', 'buffer_size_kb'].map((name) =>
        readFileSync(`${root}/${name}`, 'utf8'),
      );
    const before = state();
    const victim = await startVictim(context, self, 'traced', [], { busy: true });
    const target = await open();
    const trace = await startTrace(target, victim.pid);
    await deed(victim, 'nop 100');
    expect((await trace.stop()).summary).toMatchObject({ completed: 100, lost: { events: 0 } });
    await deed(victim, 'nop 10');
    expect(state()).toEqual(before);
    const lines = readFileSync(`${other}/trace`, 'utf8').split('\n');
    const seen = lines.filter(
      (line) => line.includes('io_uring_complete:') && line.includes(`-${victim.pid} `),
    );
    expect(seen).toHaveLength(110);
    expect(instancesOf(pid)).toContain(`inspect-test-${process.pid}`);
  });
});

/** The target as a kernel shows it whose folder of events has only some. */
function withEvents(target: ProbeTarget, has: (name: string) => boolean): ProbeTarget {
  const list: ProbeTarget['list'] = async (paths, options) => {
    const answers = await target.list(paths, options);
    return answers.map((answer, index) =>
      answer.ok && paths[index]?.endsWith('/events/io_uring')
        ? { ...answer, entries: answer.entries.filter(({ name }) => has(name)) }
        : answer,
    );
  };
  return Object.create(target, { list: { value: list } });
}

describe('a kernel that lacks events', () => {
  it('is traced by those it has, and the others are named', async (context) => {
    skipUnless(context, 'root', 'ioUring');
    const victim = await startVictim(context, self, 'traced', [], { busy: true });
    const lacking = withEvents(await open(), (name) => !/poll_arm|task_add|cqe_overflow/.test(name));
    const trace = await startTrace(lacking, victim.pid);
    await deed(victim, 'nop 50');
    await deed(victim, 'pipe 3 10');
    const { summary } = await trace.stop();
    expect(summary).toMatchObject({ submitted: 53, completed: 53, pending: 0, unseenCompletions: 0 });
    expect(summary.notTraced).toEqual([
      'events of the kind poll_arm, which this kernel does not have',
      'events of the kind task_add, which this kernel does not have',
      'events of the kind cqe_overflow, which this kernel does not have',
    ]);
  });

  it('of completions tells what is submitted, and nothing as having ended', async (context) => {
    skipUnless(context, 'root', 'ioUring');
    const victim = await startVictim(context, self, 'traced', [], { busy: true });
    const lacking = withEvents(await open(), (name) => !/complete/.test(name));
    const trace = await startTrace(lacking, victim.pid);
    await deed(victim, 'nop 50');
    const { summary } = await trace.stop();
    expect(summary).toMatchObject({ submitted: 50, completed: 0, slowest: [] });
    expect(summary.notTraced).toEqual(['events of the kind complete, which this kernel does not have']);
  });

  it('of io_uring at all is said to, and nothing is left behind', async (context) => {
    skipUnless(context, 'root', 'ioUring');
    const victim = await startVictim(context, self, 'traced', [], { busy: true });
    const target = await open();
    const list: ProbeTarget['list'] = async (paths, options) =>
      (await target.list(paths, options)).map((answer, index) =>
        paths[index]?.endsWith('/events/io_uring') ? { ok: false, errno: 'ENOENT' } : answer,
      );
    await expect(
      startTrace(Object.create(target, { list: { value: list } }), victim.pid),
    ).rejects.toMatchObject({ code: 'not-traceable', why: 'This kernel has no events of io_uring.' });
    // Nothing is under way: the connection can trace.
    const trace = await startTrace(target, victim.pid);
    await trace.stop();
  });
});

describe('the clock of a trace', () => {
  it('is the kernel’s monotonic one: the time of day may jump meanwhile', async (context) => {
    skipUnless(context, 'root', 'ioUring');
    const pid = await watcher(context);
    const victim = await startVictim(context, self, 'traced', [], { busy: true });
    const before = instancesOf(pid);
    const from = process.hrtime.bigint();
    const trace = await startTrace(await open(), victim.pid);
    const [own] = instancesOf(pid).filter((name) => !before.includes(name));
    expect(readFileSync(`${tracefsOf(pid)}/instances/${own}/trace_clock`, 'latin1')).toContain('[mono]');
    await deed(victim, 'sleep 1 20');
    const jumped = vi.spyOn(Date, 'now').mockReturnValue(86_400_000);
    context.onTestFinished(() => jumped.mockRestore());
    await deed(victim, 'sleep 1 20');
    const { summary } = await trace.stop();
    const seconds = Number(process.hrtime.bigint() - from) / 1e9;
    expect(summary.seconds).toBeGreaterThan(0.04);
    expect(summary.seconds).toBeLessThan(seconds);
    expect(summary.slowest).toHaveLength(2);
    for (const { took, submittedAt } of summary.slowest) {
      expect(took).toBeGreaterThan(0.019);
      expect(submittedAt).toBeGreaterThan(Number(from) / 1e9);
      expect(submittedAt).toBeLessThan(Number(from) / 1e9 + seconds);
    }
  });
});

describe('what the probe refuses to trace', () => {
  it('is every event but those of io_uring, and what is no name', async (context) => {
    skipUnless(context, 'root');
    const target = await open();
    const names = [
      'sched_switch',
      '../sched/sched_switch',
      'io_uring_../../sched',
      'io_uring_gone',
      'enable',
    ];
    const events = names.map((name) => ({ name, filtered: false }));
    const started = await target.tracing.start({ ...COMPLETIONS, events });
    if (!isTraced(started)) throw new Error(started.errno);
    expect([...started.refused.values()]).toEqual(['EPERM', 'EPERM', 'EPERM', 'ENOENT', 'EPERM']);
    await target.tracing.stop();
  });

  it('is anything where kernel memory was forbidden, or the question is malformed', async (context) => {
    skipUnless(context, 'root');
    const forbidden = await openLocal(await tracingProbe(), { kernelMemory: false });
    opened.push(forbidden);
    expect(await forbidden.tracing.start(COMPLETIONS)).toMatchObject({ errno: 'EOPNOTSUPP' });
    const target = await open();
    const long = { name: `io_uring_${'x'.repeat(300)}`, filtered: false };
    expect(await target.tracing.start({ ...COMPLETIONS, events: [long] })).toHaveProperty('instance');
    expect(await target.tracing.stop()).toBeUndefined();
  });

  it('is anything to an ordinary user, who is told so', async (context) => {
    skipUnless(context, 'root', 'ioUring');
    const victim = await startVictim(context, self, 'traced', [], { busy: true });
    const connection = spawnProbe(await everybodysProbe(), { uid: 65_534, gid: 65_534 });
    const target = await connectProbe(connection, 'this machine');
    opened.push(target);
    const failed = await target.tracing.start(COMPLETIONS);
    expect(['EACCES', 'EPERM', 'ENODEV']).toContain('errno' in failed ? failed.errno : '');
    await expect(startTrace(target, victim.pid)).rejects.toMatchObject({
      code: 'not-permitted',
      why: 'Tracing needs the rights of root.',
    });
  });

  it('is anything where tracefs is not mounted, with how to mount it', async (context) => {
    skipUnless(context, 'root', 'ioUring');
    const target = await openLocal(await tracelessProbe());
    opened.push(target);
    await expect(startTrace(target, process.pid)).rejects.toMatchObject({
      code: 'not-traceable',
      remedy: 'As root: mount -t tracefs nodev /sys/kernel/tracing',
    });
  });
});
