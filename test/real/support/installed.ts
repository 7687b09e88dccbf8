import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './proc';
import { killGroup, toRelease } from './releases';
import type { Running } from './victim';

/** Programs of others, started in a folder of their own; all of it goes when the test has ended. */
export class Installed {
  readonly folder: string;
  readonly #running: Running;

  constructor(running: Running) {
    this.#running = running;
    this.folder = mkdtempSync(join(tmpdir(), 'inspect-program-'));
    running.onTestFinished(toRelease(() => rmSync(this.folder, { recursive: true, force: true })));
  }

  /** Skips the test by name where a command is not installed. */
  needs(...commands: readonly string[]): void {
    for (const command of commands) {
      const found = spawnSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' }).status === 0;
      if (!found) this.#running.skip(`needs ${command}`);
    }
  }

  file(name: string, text: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, text);
    return path;
  }

  start(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
    const child = spawn(command, args, {
      cwd: this.folder,
      detached: true,
      env: { PATH: process.env['PATH'], HOME: this.folder, ...env },
      stdio: 'ignore',
    });
    child.on('error', () => undefined);
    this.#running.onTestFinished(
      toRelease(() => {
        if (child.pid !== undefined) killGroup(child.pid);
      }),
    );
    return child;
  }

  /** Runs to its end; throws with the command's complaint. */
  run(command: string, args: readonly string[]): void {
    const { status, stderr } = spawnSync(command, args, {
      cwd: this.folder,
      encoding: 'utf8',
      timeout: 50_000,
    });
    if (status !== 0) throw new Error(`${command} ended with ${status}: ${stderr}`);
  }

  /** Until a command succeeds: the server it asks is there. */
  async answers(command: string, args: readonly string[]): Promise<void> {
    const ask = () => spawnSync(command, args, { stdio: 'ignore', cwd: this.folder, timeout: 5_000 }).status;
    await until(() => ask() === 0, `${command} ${args.join(' ')} succeeds`);
  }
}

/** The pid of a program that has been started. */
export function pidOf(child: ChildProcess): number {
  if (child.pid === undefined) throw new Error('the program could not be started');
  return child.pid;
}
