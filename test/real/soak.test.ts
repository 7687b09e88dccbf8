import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { childrenOf, eventually, self, stateOf } from './support/probe';
import { skipUnless } from './support/rights';
import { type Running, startVictim, type Victim } from './support/victim';
import { openWindow, takenBy, takenByProbe, type Window } from './support/window';

/** Seconds; SOAK=1800 for the long run. */
const { SOAK = '20' } = process.env;
const SECONDS = Number(SOAK);
/** Seconds between two measurements: the part of a test that collects garbage. */
const EVERY = Math.max(1, SECONDS / 60);
/** Victims at a time. */
const CROWD = 4;

const CHURN: readonly (readonly [program: string, ...args: string[]])[] = [
  ['odd', 'brief', '20'],
  ['odd', 'exec'],
  ['ring_victim', 'fifo-open'],
  ['odd', 'brief', '300'],
  ['odd', 'pidns'],
  ['ring_victim', 'healthy'],
  ['odd', 'forks', '20'],
  ['odd', 'scribble'],
];

interface Figures {
  readonly heap: number;
  readonly ownDescriptors: number;
  readonly memory: number;
  readonly descriptors: number;
  readonly threads: number;
  readonly readers: number;
}

function collector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}

/** Starts one victim, looks at it while it is stopped, continued and ended, and forgets it. */
async function life(window: Window, running: Running, turn: number): Promise<void> {
  const releases: (() => void | Promise<void>)[] = [];
  const own: Running = {
    skip: (note) => running.skip(note),
    onTestFinished: (release) => releases.push(release),
  };
  const [program, ...args] = CHURN[turn % CHURN.length] ?? ['odd', 'exec'];
  try {
    const victim = await startVictim(own, self, program, args, { busy: true });
    const inspected = await window.inspections.follow(victim.pid);
    const { key } = inspected ?? {};
    if (key === undefined) throw new Error('nobody cancelled it');
    for (const signal of ['SIGSTOP', 'SIGCONT', 'SIGKILL'] as const) {
      const looking = window.inspections.refresh(key);
      await sleep(turn % 5);
      tell(victim, signal);
      await looking;
      await window.inspections.refresh(key);
    }
    const { problem, sample } = window.inspections.get(key)?.snapshot ?? {};
    if (problem) expect(['process-gone', 'no-such-process', 'zombie']).toContain(problem.code);
    else expect(sample?.process.pid).toBe(victim.pid);
    window.inspections.remove(key);
  } finally {
    for (const release of releases.reverse()) await release();
  }
}

function tell({ pid }: Victim, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself.
  }
}

function measure(window: Window, collect: () => void): Figures {
  collect();
  const { memory, descriptors, threads, readers } = takenByProbe(window.probe() ?? 0);
  return {
    heap: Math.round(process.memoryUsage().heapUsed / 1024),
    ownDescriptors: takenBy(process.pid).descriptors,
    memory,
    descriptors,
    threads,
    readers,
  };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
}

/** Mounts, without those that other test files make meanwhile. */
function mountPoints(): number {
  const all = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return all.filter((line) => !/inspect-|fusectl/.test(line)).length;
}

describe('processes that start, stop, become others and end, looked at again and again', () => {
  it('cost no more at the end than at the beginning', {
    timeout: (SECONDS + 60) * 1000,
    retry: 0,
  }, async (context) => {
    skipUnless(context, 'ioUring');
    const window = openWindow(context);
    const collect = collector();
    const before = { children: childrenOf(process.pid), mounts: mountPoints() };
    const delay = monitorEventLoopDelay({ resolution: 10 });
    const figures: Figures[] = [];
    const until = performance.now() + SECONDS * 1000;
    let turn = 0;
    let lives = 0;
    const one = async () => {
      while (performance.now() < until) {
        await life(window, context, turn++);
        lives++;
      }
    };
    delay.enable();
    const all = Promise.all(Array.from({ length: CROWD }, one));
    while (performance.now() < until) {
      await Promise.race([sleep(EVERY * 1000), all]);
      delay.disable();
      figures.push(measure(window, collect));
      delay.enable();
    }
    await all;
    delay.disable();

    const probe = window.probe() ?? 0;
    window.close();
    await eventually('the probe has ended', () => stateOf(probe) === undefined);
    await eventually('no child is left', () => childrenOf(process.pid).length <= before.children.length);

    const third = Math.floor(figures.length / 3);
    // What caches fill and the compiler makes is there after the first third.
    const [early, late] = [figures.slice(third, 2 * third), figures.slice(2 * third)];
    const of = (name: keyof Figures) => [early, late].map((part) => median(part.map((one) => one[name])));
    const delays = { p99: delay.percentile(99) / 1e6, max: delay.max / 1e6 };
    process.stdout.write(
      `soak of ${SECONDS} s: ${lives} processes, slowest look ${window.slowest().toFixed(2)} s, event loop late by ` +
        `${delays.p99.toFixed(0)} ms (99 %), ${delays.max.toFixed(0)} ms at most; middle → last third: ` +
        `heap ${of('heap').join(' → ')} KiB, descriptors ${of('ownDescriptors').join(' → ')}; probe: memory ` +
        `${of('memory').join(' → ')} KiB, descriptors ${of('descriptors').join(' → ')}, processes ` +
        `${of('readers')
          .map((count) => count + 1)
          .join(' → ')}\n`,
    );
    expect(lives).toBeGreaterThan(SECONDS / 10);
    const grown = (name: keyof Figures) => {
      const [then = 0, now = 0] = of(name);
      return now - then;
    };
    expect(grown('heap')).toBeLessThan(8 * 1024);
    expect(grown('ownDescriptors')).toBeLessThanOrEqual(8);
    expect(grown('memory')).toBeLessThan(2 * 1024);
    expect(grown('descriptors')).toBeLessThanOrEqual(2);
    expect(grown('threads')).toBeLessThanOrEqual(1);
    expect(Math.max(...figures.map(({ readers }) => readers))).toBeLessThanOrEqual(2);
    expect(mountPoints()).toBeLessThanOrEqual(before.mounts);
    expect(window.slowest()).toBeLessThan(10);
    expect(delays.max).toBeLessThan(2000);
  });
});
