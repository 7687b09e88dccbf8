import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './proc';
import { killGroup, toRelease } from './releases';
import type { Running } from './victim';

/** A file whose lock one process holds and another waits for, by pid. */
export interface LockedOut {
  readonly path: string;
  readonly holder: number;
  readonly waiter: number;
}

/** Skips the test where there is no flock(1). */
export async function lockedOut(running: Running): Promise<LockedOut> {
  const directory = mkdtempSync(join(tmpdir(), 'inspect-lock-'));
  running.onTestFinished(toRelease(() => rmSync(directory, { recursive: true, force: true })));
  const path = join(directory, 'lock');
  writeFileSync(path, '');
  const holder = await started(running, ['--no-fork', path, 'sleep', '300']);
  await until(() => commOf(holder) === 'sleep', 'the holder has its lock');
  const waiter = await started(running, [path, 'true']);
  await until(() => waitsIn(waiter).includes('lock'), 'the other waits for it');
  return { path, holder, waiter };
}

function started(running: Running, args: readonly string[]): Promise<number> {
  const child: ChildProcess = spawn('flock', args, { stdio: 'ignore', detached: true });
  return new Promise((resolve) => {
    child.on('error', () => running.skip('needs flock (apt-get install util-linux)'));
    child.on('spawn', () => {
      const pid = child.pid ?? 0;
      running.onTestFinished(toRelease(() => killGroup(pid)));
      resolve(pid);
    });
  });
}

const read = (pid: number, file: string): string => readFileSync(`/proc/${pid}/${file}`, 'utf8').trim();
const commOf = (pid: number): string => read(pid, 'comm');
const waitsIn = (pid: number): string => read(pid, 'wchan');
