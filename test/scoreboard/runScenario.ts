import { execFile } from 'node:child_process';
import type { Sample } from '../../src/model/sample';
import type { Actor } from '../real/support/actor';
import { needs } from '../real/support/rights';
import { judge, type Verdict } from './judge';
import { type Scenario, Skipped, type Stage } from './scenario';

/** Seconds: the programs end by themselves after five minutes. */
const LIMIT = 90;

/** What was inspected, too, for those who record it. */
export type Outcome =
  | (Verdict & { readonly sample: Sample })
  | { readonly skipped: string }
  | { readonly broken: string };

/** Stages one scenario as `who`, inspects it through the command line and judges the answer. Never rejects. */
export async function runScenario(scenario: Scenario, who: Actor): Promise<Outcome> {
  const right = who.name === 'root' ? scenario : scenario.ordinary;
  if (right === undefined) return { skipped: 'only root can see or stage it' };
  const releases: (() => void | Promise<void>)[] = [];
  const stage: Stage = {
    who,
    skip: (note) => {
      throw new Skipped(note);
    },
    onTestFinished: (release) => {
      releases.push(release);
    },
  };
  try {
    for (const name of scenario.needs ?? []) {
      const reason = needs[name]();
      if (reason !== undefined) stage.skip(reason);
    }
    const pid = await within(LIMIT, scenario.stage(stage));
    const sample = await inspect(who, pid);
    return { ...judge(sample, right, scenario.healthy === true), sample };
  } catch (error) {
    if (error instanceof Skipped) return { skipped: error.message };
    return { broken: error instanceof Error ? error.message : String(error) };
  } finally {
    // Newest first: what stands on something else goes before it.
    for (const release of releases.reverse()) await release();
  }
}

/** One Sample through the command line, as its users get it. */
function inspect(who: Actor, pid: number): Promise<Sample> {
  return new Promise((resolve, reject) => {
    const options = {
      timeout: 60_000,
      killSignal: 'SIGKILL' as const,
      maxBuffer: 256 * 1024 * 1024,
      cwd: '/',
      env: { PATH: '/usr/bin:/bin', NO_COLOR: '1' },
      ...(who.uid === undefined ? {} : { uid: who.uid, gid: who.gid ?? who.uid }),
    };
    execFile(who.node, [who.cli, String(pid), '--json'], options, (error, stdout, stderr) => {
      if (error) reject(new Error(`the inspection failed: ${stderr || error.message}`));
      else resolve(JSON.parse(stdout) as Sample);
    });
  });
}

async function within<T>(seconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not staged within ${seconds} s`)), seconds * 1000);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
