import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { statusOf } from '../real/support/proc';
import { killGroup, toRelease } from '../real/support/releases';
import type { Stage } from './scenario';

/** Skips the scenario where a program is not installed. */
export function needsProgram(stage: Stage, name: string): void {
  const found = spawnSync('sh', ['-c', `command -v ${name}`], { env: { PATH: PATHS }, stdio: 'ignore' });
  if (found.status !== 0) stage.skip(`needs ${name}`);
}

const PATHS = '/usr/bin:/bin:/usr/sbin:/sbin';

/** A directory that goes with the scenario, owned by who runs the program. */
export function ownDirectory({ who, onTestFinished }: Stage): string {
  const directory = mkdtempSync(join(tmpdir(), 'inspect-program-'));
  onTestFinished(toRelease(() => rmSync(directory, { recursive: true, force: true })));
  chmodSync(directory, 0o755);
  if (who.uid !== undefined) chownSync(directory, who.uid, who.gid ?? who.uid);
  return directory;
}

/** Starts an installed program and gives it some seconds to come to work or to rest; its pid. */
export async function installed(
  stage: Stage,
  program: string,
  args: readonly string[],
  seconds: number,
  cwd = ownDirectory(stage),
): Promise<number> {
  const { who } = stage;
  const child = spawn(program, args, {
    cwd,
    detached: true,
    env: { PATH: PATHS, HOME: cwd },
    stdio: 'ignore',
    ...(who.uid === undefined ? {} : { uid: who.uid, gid: who.gid ?? who.uid }),
  });
  const { pid } = child;
  child.on('error', () => undefined);
  if (pid === undefined) return stage.skip(`${program} does not start`);
  stage.onTestFinished(toRelease(() => killGroup(pid)));
  await sleep(seconds * 1000);
  const state = statusOf(pid, 'State');
  if (state === undefined || /^[ZX]/.test(state)) throw new Error(`${program} has ended (${child.exitCode})`);
  return pid;
}
