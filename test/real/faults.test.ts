import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { InspectionSnapshot } from '../../src/inspect/inspection';
import type { Sample } from '../../src/model/sample';
import type { Node } from '../../src/views/node';
import { rootNodes } from '../../src/views/nodes';
import { type Row, Rows } from '../../src/views/rows';
import { client } from './support/client';
import { mountHangfs } from './support/mounts';
import { childrenOf, eventually, openTestTarget, self, stateOf, testProbe } from './support/probe';
import { until } from './support/proc';
import { killGroup, toRelease } from './support/releases';
import { skipUnless } from './support/rights';
import { startChurn } from './support/truth';
import { linesUntil, type Running, startVictim } from './support/victim';
import { openWindow, takenByProbe, type Window } from './support/window';

/** Seconds that a look may take, whatever the process does, on a loaded machine. */
const LOOK = 15;
/** Milliseconds that nothing else in the extension host may have to wait, on a loaded machine. */
const LATE = 1000;
const LOOKS = 3;
/** Seconds of a look at a process whose memory map is locked for ever, on a loaded machine: of the first one, and of each that follows. */
const FIRST_LOCKED = 4;
const LOCKED = 1;

/** Follows the process and looks again; the last snapshot. Fails where a look or the event loop was late. */
async function looked(window: Window, pid: number, looks: number): Promise<InspectionSnapshot> {
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  const inspected = await window.inspections.follow(pid);
  const key = inspected?.key ?? '';
  for (let look = 1; look < looks; look++) await window.inspections.refresh(key);
  delay.disable();
  process.stdout.write(
    `slowest look ${window.slowest().toFixed(2)} s, event loop late by ${(delay.max / 1e6).toFixed(0)} ms at most\n`,
  );
  expect(window.slowest()).toBeLessThan(LOOK);
  expect(delay.max / 1e6).toBeLessThan(LATE);
  const snapshot = window.inspections.get(key)?.snapshot;
  if (!snapshot) throw new Error('it is not followed');
  return snapshot;
}

async function sampleOf(window: Window, pid: number, looks = LOOKS): Promise<Sample> {
  const { sample, problem } = await looked(window, pid, looks);
  if (problem || !sample) throw new Error(`no sample: ${problem?.what} ${problem?.why}`);
  return sample;
}

/** A program in a process group of its own, which goes with the test. */
function background(running: Running, command: string, args: readonly string[]): ChildProcess {
  const child = spawn(command, args, { detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
  running.onTestFinished(toRelease(() => killGroup(child.pid ?? 0)));
  return child;
}

/** Keeps the lock of the process's memory map for ever: reads of its memory what no server gives. */
function holdMap(running: Running, pid: number): ChildProcess {
  const maps = readFileSync(`/proc/${pid}/maps`, 'utf8');
  const page = Number.parseInt(/^(\w+)-.*hang1$/m.exec(maps)?.[1] ?? '', 16) / 4096;
  return background(running, 'dd', [
    `if=/proc/${pid}/mem`,
    'bs=4096',
    `skip=${page}`,
    'count=1',
    'of=/dev/null',
  ]);
}

/** A process whose map is locked for ever, and which waits for that itself; until the server ends. */
async function startLocked(running: Running): Promise<{ readonly pid: number; readonly server: number }> {
  const { directory, server } = await mountHangfs(running);
  const { pid } = await startVictim(running, self, 'hungmm', [join(directory, 'hang1'), 'remap'], {
    busy: true,
  });
  holdMap(running, pid);
  await until(() => stateOf(pid) === 'D', 'the process waits for its map');
  return { pid, server: server.pid };
}

/** As the tree does it, with what is unfolded at first. */
function draw(rows: Rows, nodes: readonly Node[]): void {
  rows.renew(nodes, ({ node }) => node.expanded === true);
  const below = (row?: Row): void => {
    for (const one of rows.under(row)) if (one.draw().expanded) below(one);
  };
  below();
}

describe('a look ends, and the editor stays responsive', () => {
  it('at a process whose program, directory, log and mapped file are on a mount that hangs', async (context) => {
    skipUnless(context, 'ioUring', 'fuse');
    const { directory, server } = await mountHangfs(context);
    writeFileSync(join(directory, 'disk1'), readFileSync(join(self.programs, 'hungmm')), { flag: 'r+' });
    const line = 'cd "$0" && exec 9>>hang-log && exec ./disk1 hang1 remap';
    const child = background(context, 'sh', ['-c', line, directory]);
    const release = () => killGroup(child.pid ?? 0);
    await linesUntil({ name: 'disk1', child, directory, release }, () => true);
    process.kill(server.pid, 'SIGUSR1');
    const sample = await sampleOf(openWindow(context), child.pid ?? 0);
    expect(sample.process.name).toBe('disk1');
    expect(sample.rings).toMatchObject([{ inFlight: 1 }]);
    expect(sample.resources.map(({ path }) => path)).toContain(join(directory, 'hang-log'));
  });

  it('at a process whose map is locked for ever', async (context) => {
    skipUnless(context, 'ioUring', 'fuse');
    const { pid, server } = await startLocked(context);
    const window = openWindow(context);
    const sample = await sampleOf(window, pid, 1);
    expect(sample.tasks).toMatchObject([{ tid: pid, state: 'D' }]);
    expect(sample.rings).toMatchObject([{ inFlight: 1 }]);
    expect(sample.findings.map(({ tag }) => tag)).toContain('waits-for-lock');
    const hidden = ({ notVisible }: Sample) => notVisible.map(({ what }) => what);
    expect(hidden(sample)).toEqual(expect.arrayContaining(['its command line', 'its memory']));
    expect(window.slowest()).toBeLessThan(FIRST_LOCKED);
    for (let look = 1; look < LOOKS; look++) {
      const began = performance.now();
      const again = await sampleOf(window, pid, 1);
      const took = (performance.now() - began) / 1000;
      process.stdout.write(`a further look at a map that is locked: ${took.toFixed(2)} s\n`);
      expect(took).toBeLessThan(LOCKED);
      expect(hidden(again)).toContain('its memory');
    }
    process.kill(server, 'SIGTERM');
    await until(() => stateOf(pid) !== 'D', 'the map is free');
    const freed = await sampleOf(window, pid, 1);
    expect(freed.process.command[0]).toContain('hungmm');
    expect(hidden(freed)).not.toContain('its memory');
  });

  it('at a process with 300 children that end and are replaced', async (context) => {
    skipUnless(context, 'ioUring');
    const { pid } = await startVictim(context, self, 'odd', ['forks', '300'], { busy: true });
    const sample = await sampleOf(openWindow(context), pid);
    expect(sample.rings[0]?.inFlight).toBe(1);
  });

  it('at a ring with room for 64k completions, at full speed', async (context) => {
    skipUnless(context, 'ioUring');
    const churn = await startChurn(context, self, 'reused', 120, ['entries', '32768', 'cqsize', '65536']);
    const sample = await sampleOf(openWindow(context), churn.pid);
    expect(sample.rings[0]).toMatchObject({ cqEntries: 65536 });
  });

  it.for([
    ['', []],
    [', all with one user_data', ['alike']],
  ] as const)('at a ring with 32k requests in flight%s', async ([, words], context) => {
    skipUnless(context, 'ioUring');
    const { pid } = await startVictim(context, self, 'crowd', ['1', '1', '0', '32768', '32768', ...words]);
    const window = openWindow(context);
    const sample = await sampleOf(window, pid);
    expect(sample.rings[0]).toMatchObject({ inFlight: 32768 });
    // As it is drawn, with what is unfolded at first.
    const drawn = performance.now();
    draw(new Rows(), rootNodes(window.inspections.all));
    expect(performance.now() - drawn).toBeLessThan(LATE);
  });

  it('at a process that is stopped, and it stays so', async (context) => {
    skipUnless(context, 'ioUring');
    const { pid } = await startVictim(context, self, 'ring_victim', ['fifo-open']);
    process.kill(pid, 'SIGSTOP');
    await until(() => stateOf(pid) === 'T', 'it is stopped');
    const sample = await sampleOf(openWindow(context), pid);
    expect(sample.tasks.find(({ tid }) => tid === pid)?.state).toBe('T');
    expect(sample.findings.map(({ summary }) => summary).join('\n')).toContain('stopped by a signal');
    expect(stateOf(pid)).toBe('T');
  });

  it('at a process that becomes another program while it is looked at', async (context) => {
    skipUnless(context, 'ioUring');
    const { pid } = await startVictim(context, self, 'odd', ['exec'], { busy: true });
    const sample = await sampleOf(openWindow(context), pid, 10);
    expect(sample.process.pid).toBe(pid);
  });

  it('and can be left behind before it ends: the probe is gone within a second', async (context) => {
    skipUnless(context, 'ioUring', 'fuse');
    const window = openWindow(context);
    const { pid } = await startLocked(context);
    const abort = new AbortController();
    const following = window.inspections.follow(pid, { signal: abort.signal });
    await until(() => window.probe() !== undefined, 'the probe is there');
    await sleep(300);
    abort.abort();
    const left = performance.now();
    expect(await following).toBeUndefined();
    const probe = window.probe() ?? 0;
    window.close();
    await until(() => stateOf(probe) === undefined, 'the probe has ended');
    expect(performance.now() - left).toBeLessThan(1000);
  });
});

describe('a pid', () => {
  it('that another process has got is noticed: the inspection ends and says so', async (context) => {
    skipUnless(context, 'root', 'ioUring');
    const window = openWindow(context);
    const victim = await startVictim(context, self, 'ring_victim', ['fifo-open']);
    const { pid } = victim;
    const inspected = await window.inspections.follow(pid);
    const ended = new Promise((resolve) => victim.child.once('close', resolve));
    victim.release();
    await ended;
    await takePid(context, pid);
    await window.inspections.refresh(inspected?.key ?? '');
    const { state, problem, sample } = window.inspections.get(inspected?.key ?? '')?.snapshot ?? {};
    expect(state).toBe('ended');
    expect(problem?.code).toBe('process-gone');
    expect(problem?.why).toContain('another process');
    expect(sample?.process.name).toBe('ring_victim');
    const anew = await window.inspections.follow(pid);
    expect(anew?.snapshot.sample?.process.name).toBe('sleep');
  });
});

/** Starts processes until one of them has the pid. */
async function takePid(running: Running, pid: number): Promise<void> {
  const loop = `i=0; while [ $i -lt 500 ]; do
    echo $(($0 - 1)) >/proc/sys/kernel/ns_last_pid; sleep 100 & [ $! = "$0" ] && echo got && wait
    kill -9 $!; i=$((i + 1)); done`;
  const child = background(running, 'sh', ['-c', loop, String(pid)]);
  await linesUntil({ name: 'sh', child, directory: '/', release: () => undefined }, (line) => line === 'got');
  // Until its program runs it is the shell's image.
  await until(() => readFileSync(`/proc/${pid}/comm`, 'utf8') === 'sleep\n', 'it runs');
}

describe('the probe', () => {
  it('ends within a second when its parent is killed, also while a read hangs', async (context) => {
    skipUnless(context, 'ioUring', 'fuse');
    const { directory } = await mountHangfs(context);
    const { pid } = await startVictim(context, self, 'hungmm', [join(directory, 'hang1')]);
    const maps = readFileSync(`/proc/${pid}/maps`, 'utf8');
    const program = await client(`
import { openLocal } from './src/target/local';
const [probe, pid, address] = process.argv.slice(2);
openLocal(probe).then((target) => {
  void target.memory(Number(pid), [{ address: BigInt(address), length: 4096 }], { deadline: 60_000 });
  console.log(target.hello.pid);
  setInterval(() => undefined, 1000);
});`);
    const address = `0x${/^(\w+)-.*hang1$/m.exec(maps)?.[1]}`;
    const editor = background(context, process.execPath, [program, await testProbe(), String(pid), address]);
    const [said] = await linesUntil(
      { name: 'client', child: editor, directory, release: () => undefined },
      () => true,
    );
    const probe = Number(said);
    await eventually('its reader hangs', () => childrenOf(probe).some((child) => stateOf(child) === 'D'));
    editor.kill('SIGKILL');
    const killed = performance.now();
    await until(() => [undefined, 'Z'].includes(stateOf(probe)), 'the probe has ended');
    expect(performance.now() - killed).toBeLessThan(1000);
  });

  it.concurrent.for([
    ['of one ring', 1, 'ring_victim', 'fifo-open'],
    ['of 1,000 threads and 100 rings', 2, 'crowd', '1000', '100'],
  ] as const)(
    'takes little of a processor at the editor’s rate: a process %s',
    async ([what, most, program, ...args], context) => {
      skipUnless(context, 'ioUring');
      const window = openWindow(context);
      const { pid } = await startVictim(context, self, program, args);
      window.inspections.setInterval(2);
      await window.inspections.follow(pid);
      const taken = () => takenByProbe(window.probe() ?? 0).processor;
      const [before, began] = [taken(), performance.now()];
      await sleep(15_000);
      const share = (100 * (taken() - before)) / (performance.now() - began);
      process.stdout.write(`the probe at a process ${what}: ${share.toFixed(2)} % of a processor\n`);
      expect(share).toBeGreaterThan(0);
      expect(share).toBeLessThan(most);
    },
  );

  it('says what it takes of a processor, with its readers, also those that have ended', async (context) => {
    const target = await openTestTarget();
    context.onTestFinished(() => target.dispose());
    const look = () => target.read(Array.from({ length: 2000 }, () => '/proc/self/maps'));
    while (takenByProbe(target.hello.pid).processor < 200) await look();
    expect(Math.abs(target.processor - takenByProbe(target.hello.pid).processor)).toBeLessThan(50);
    const [reader] = childrenOf(target.hello.pid);
    process.kill(reader ?? 0, 'SIGKILL');
    await eventually('another reader', () => !childrenOf(target.hello.pid).includes(reader ?? 0));
    await look();
    expect(target.processor).toBeGreaterThan(200);
  });

  it('has bounded memory, whatever it is asked', async (context) => {
    const target = await openTestTarget();
    context.onTestFinished(() => target.dispose());
    const paths = Array.from({ length: 20 }, () => '/sys/kernel/btf/vmlinux');
    await target.read(paths, { limit: 16 << 20, deadline: 10_000 });
    await target.read(Array.from({ length: 20_000 }, () => '/proc/self/maps'));
    const { peak } = takenByProbe(target.hello.pid);
    process.stdout.write(`the probe while it gives 100 MB of answers: ${peak} KiB at most\n`);
    expect(peak).toBeLessThan(100 * 1024);
  });
});
