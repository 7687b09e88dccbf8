import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Actor } from './actor';
import { rest } from './proc';
import { killGroup, type Release, toRelease } from './releases';

/** What a victim says of itself; it knows, for it made the state. */
export interface Truth {
  readonly operation?: string;
  readonly inFlight?: number;
  readonly fd?: number;
  readonly port?: number;
  readonly workers?: number;
  readonly queued?: number;
  readonly linked?: number;
  readonly drained?: number;
  readonly prepared?: number;
  readonly completed?: number;
  readonly overflowed?: number;
  readonly epoll?: number;
  readonly threads?: number;
  readonly rings?: number;
  readonly files?: number;
  readonly connection?: number;
  readonly forgedFd?: number;
  readonly brokenFd?: number;
}

export interface Victim {
  readonly pid: number;
  readonly truth: Truth;
  /** Where it was started and its files are. */
  readonly directory: string;
  readonly child: ChildProcess;
  readonly release: Release;
}

/** The part of vitest's test context that is used here. */
export interface Running {
  skip(note: string): never;
  onTestFinished(callback: () => void | Promise<void>): void;
}

interface Ready {
  readonly ready: boolean;
  readonly pid: number;
  readonly truth: Truth;
  readonly why?: string;
}

export interface VictimOptions {
  /** It never comes to rest: do not wait for it. */
  readonly busy?: boolean;
}

/**
 * Starts a program of test/victims as `who` and waits until it says that its state is reached. It is ended when the
 * test is; the test is skipped by the program's own reason when the state cannot be had here.
 */
export async function startVictim(
  running: Running,
  who: Actor,
  program: string,
  args: readonly string[] = [],
  options: VictimOptions = {},
): Promise<Victim> {
  const directory = mkdtempSync(join(tmpdir(), 'inspect-victim-'));
  const dropDirectory = toRelease(() => rmSync(directory, { recursive: true, force: true }));
  chmodSync(directory, 0o755);
  if (who.uid !== undefined) chownSync(directory, who.uid, who.gid ?? who.uid);
  const child = spawn(join(who.programs, program), args, {
    argv0: program,
    cwd: directory,
    detached: true,
    env: { PATH: '/usr/bin:/bin', HOME: directory },
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(who.uid === undefined ? {} : { uid: who.uid, gid: who.gid ?? who.uid }),
  });
  const kill = toRelease(() => {
    if (child.pid !== undefined) killGroup(child.pid);
  });
  const release: Release = () => {
    kill();
    dropDirectory();
  };
  running.onTestFinished(release);
  const said = await firstLine(child, `${program} ${args.join(' ')}`);
  const ready = JSON.parse(said) as Ready;
  if (!ready.ready) return running.skip(ready.why ?? 'the victim cannot get stuck here');
  if (options.busy !== true) await rest(ready.pid);
  return { pid: ready.pid, truth: ready.truth, directory, child, release };
}

/** The first line of a program's output; rejects with its complaint when it ends or stays silent for 30 s. */
function firstLine(child: ChildProcess, name: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let out = '';
    let complaint = '';
    const timer = setTimeout(() => reject(new Error(`${name} did not get ready: ${complaint}`)), 30_000);
    child.stderr?.on('data', (chunk: Buffer) => {
      complaint += chunk.toString();
    });
    child.stdout?.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      if (!out.includes('\n')) return;
      clearTimeout(timer);
      resolve(out.slice(0, out.indexOf('\n')));
    });
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      reject(new Error(`${name} ended with ${code}: ${complaint}`));
    });
  });
}
