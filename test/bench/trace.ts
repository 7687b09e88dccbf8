import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTrace } from '../../src/inspect/tracing';
import { openLocal } from '../../src/target/local';
import type { Target } from '../../src/target/target';
import { self } from '../real/support/probe';
import { deed, tracingProbe } from '../real/support/tracefs';
import { startVictim, type Victim } from '../real/support/victim';
import { type Benchmark, type Figure, median, Skipped } from './figures';

/** NOPs of one run, 32 to a submit: as fast as a ring can be. */
const COUNT = 320_000;
const WAYS = {
  off: undefined,
  events: { stackBytes: 0 },
  'events and stacks': {},
} as const;

/** What tracing costs a program that does nothing but submit, in turns with the same run untraced; and what is lost meanwhile. */
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
    const taken: Record<string, number[]> = { off: [], events: [], 'events and stacks': [] };
    let lost = 0;
    let all = 0;
    for (let round = 0; round < rounds; round++)
      for (const [way, options] of Object.entries(WAYS)) {
        const run = await once(target, victim, options);
        taken[way]?.push(run.nanoseconds);
        lost += run.lost;
        all += run.all;
      }
    const each = (way: string) => median(taken[way] ?? []) / COUNT;
    const row = (way: string): Figure => ({
      name: `a NOP, with ${way}`,
      value: `${each(way).toFixed(0)} ns = ${(each(way) / each('off')).toFixed(2)} ×`,
    });
    return [
      ...Object.keys(WAYS).map(row),
      {
        name: 'events lost',
        value: `${((100 * lost) / Math.max(1, all)).toFixed(2)} %`,
        goal: 'none',
        met: lost === 0,
      },
    ];
  } finally {
    target.dispose();
    for (const release of releases) release();
  }
};

async function once(target: Target, victim: Victim, options: { readonly stackBytes?: number } | undefined) {
  const running = options && (await startTrace(target, victim.pid, options));
  const { took } = await deed(victim, `batch ${COUNT}`);
  const result = await running?.stop();
  const lost = result?.summary.lost.events ?? 0;
  return { nanoseconds: took, lost, all: (running?.reader.events ?? 0) + lost };
}
