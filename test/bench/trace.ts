import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTrace } from '../../src/inspect/tracing';
import { openLocal } from '../../src/target/local';
import type { Target } from '../../src/target/target';
import { self } from '../real/support/probe';
import { deed, tracingProbe } from '../real/support/tracefs';
import { startVictim, type Victim } from '../real/support/victim';
import { type Benchmark, type Figure, median, Skipped } from './figures';
import { BPFTRACE, hasBpftrace, withStartMap } from './startMap';
import { tracedFio } from './tracedFio';

/** NOPs of one run, 32 to a submit: as fast as a ring can be. */
const COUNT = 320_000;
/** Milliseconds of NOPs without a pause. */
const SUSTAINED = 10_000;
/** Events a second of which none may be lost without being counted. */
const MANY = 1e6;
const WAYS = {
  off: undefined,
  events: { stackBytes: 0 },
  'events and stacks': {},
} as const;

interface Run {
  /** Of the program's own clock. */
  readonly wall: number;
  /** Nanoseconds that it ran on a processor. */
  readonly busy: number;
  readonly lost: number;
  readonly all: number;
}

/**
 * What tracing costs a program that does nothing but submit, in turns with the same run untraced and with bpftrace, where
 * it is installed; and what is lost meanwhile.
 */
export const trace: Benchmark = async ({ rounds }) => {
  if (process.getuid?.() !== 0) throw new Skipped('needs root');
  const folder = mkdtempSync(join(tmpdir(), 'inspect-bench-trace-'));
  const releases: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
  const running = {
    skip: (note: string): never => {
      throw new Skipped(note);
    },
    onTestFinished: (release: () => unknown) => void releases.push(release),
  };
  const target = await openLocal(await tracingProbe());
  try {
    const victim = await startVictim(running, self, 'traced', [], { busy: true });
    const compared = hasBpftrace();
    const runs = new Map<string, Run[]>([...Object.keys(WAYS), BPFTRACE].map((way) => [way, []]));
    for (let round = 0; round < rounds; round++) {
      for (const [way, options] of Object.entries(WAYS))
        runs.get(way)?.push(await once(target, victim, options));
      if (compared) runs.get(BPFTRACE)?.push(await besideBpftrace(victim));
    }
    const sustained = rounds > 1 ? await sustainedFlood(target, victim) : [];
    return [...figures(runs, compared), ...sustained, ...(await tracedFio(target, folder, rounds))];
  } finally {
    target.dispose();
    for (const release of releases) release();
  }
};

function figures(runs: ReadonlyMap<string, readonly Run[]>, hasBpftrace: boolean): Figure[] {
  const each = (way: string, of: 'busy' | 'wall') =>
    median((runs.get(way) ?? []).map((run) => run[of])) / COUNT;
  const cost = (way: string) => each(way, 'busy') - each('off', 'busy');
  const row = (way: string): Figure => {
    const ratio = (of: 'busy' | 'wall') =>
      `${each(way, of).toFixed(0)} ns = ${(each(way, of) / each('off', of)).toFixed(2)} ×`;
    const isGoal = hasBpftrace && way === 'events';
    return {
      name: `a NOP, with ${way}`,
      value: `${ratio('busy')} of a processor, ${ratio('wall')} by the clock`,
      ...(isGoal ? { goal: 'half of the cost of bpftrace', met: cost(way) <= cost(BPFTRACE) / 2 } : {}),
    };
  };
  const ours = [...runs.values()].flat();
  const lost = ours.reduce((sum, run) => sum + run.lost, 0);
  const all = ours.reduce((sum, run) => sum + run.all, 0);
  return [
    ...Object.keys(WAYS).map(row),
    hasBpftrace ? row(BPFTRACE) : { name: BPFTRACE, value: 'skipped: it is not installed' },
    ...(hasBpftrace
      ? [{ name: 'cost of events, to that of bpftrace', value: (cost('events') / cost(BPFTRACE)).toFixed(2) }]
      : []),
    {
      name: 'events not counted as seen or lost',
      value: String(ours.reduce((sum, run) => sum + (run.all === 0 ? 0 : Math.abs(2 * COUNT - run.all)), 0)),
      goal: 'none',
      met: ours.every(({ all: events }) => events === 0 || events === 2 * COUNT),
    },
    { name: 'events lost', value: `${((100 * lost) / Math.max(1, all)).toFixed(2)} %` },
  ];
}

/** Whether every event of a long flood is either seen or counted as lost. */
async function sustainedFlood(target: Target, victim: Victim): Promise<Figure[]> {
  const running = await startTrace(target, victim.pid, { stackBytes: 0 });
  const { took, count } = await deed(victim, `flood 1 ${SUSTAINED}`);
  const { summary } = await running.stop();
  const lost = summary.lost.events ?? Number.NaN;
  const { submitted, completed } = summary;
  const seconds = took / 1e9;
  const rate = (2 * count) / seconds;
  return [
    {
      name: `a flood of ${((2 * count) / 1e6).toFixed(1)} million events`,
      value: `${(rate / 1e6).toFixed(2)} M/s for ${seconds.toFixed(1)} s${rate < MANY ? ', no more on this machine' : ''}, ${((50 * lost) / count).toFixed(2)} % lost`,
    },
    {
      name: 'of these neither seen nor counted as lost',
      value: String(2 * count - submitted - completed - lost),
      goal: 'none',
      met: submitted + completed + lost === 2 * count,
    },
  ];
}

/** Nanoseconds that its only thread has run so far. */
const ranFor = (pid: number): number => Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]);

async function flood(victim: Victim): Promise<Pick<Run, 'wall' | 'busy'>> {
  const before = ranFor(victim.pid);
  const { took } = await deed(victim, `batch ${COUNT}`);
  return { wall: took, busy: ranFor(victim.pid) - before };
}

async function once(
  target: Target,
  victim: Victim,
  options: { readonly stackBytes?: number } | undefined,
): Promise<Run> {
  const running = options && (await startTrace(target, victim.pid, options));
  const ran = await flood(victim);
  const result = await running?.stop();
  const lost = result?.summary.lost.events ?? 0;
  return { ...ran, lost, all: (running?.reader.events ?? 0) + lost };
}

async function besideBpftrace(victim: Victim): Promise<Run> {
  return { ...(await withStartMap(() => flood(victim))), lost: 0, all: 0 };
}
