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
  /** Of the memory it has registered. */
  readonly address?: string;
  /** 1 where it could open a direct descriptor, and register a buffer ring. */
  readonly direct?: number;
  readonly groups?: number;
  /** user_data of the request it will cancel. */
  readonly target?: string;
  /** Of Linux AIO. */
  readonly contexts?: readonly TrueContext[];
  /** Pid of a child. */
  readonly child?: number;
}

/** What is left in a context of Linux AIO. */
export interface TrueContext {
  readonly address: string;
  readonly asked: number;
  readonly capacity: number;
  readonly pending: number;
  readonly unreaped: number;
  readonly requests: readonly {
    readonly operation: string;
    readonly fd: number;
    readonly offset: number;
    readonly length: number;
    readonly userData: string;
    readonly iocb: string;
  }[];
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

/** A program of test/victims that has been started as `who`, with a directory of its own. */
export interface Started {
  readonly name: string;
  readonly child: ChildProcess;
  readonly directory: string;
  readonly release: Release;
}

/** Both the program and its directory go when the test has ended. */
export function start(running: Running, who: Actor, program: string, args: readonly string[]): Started {
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
  return { name: `${program} ${args.join(' ')}`, child, directory, release };
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
  const started = start(running, who, program, args);
  const [said = ''] = await linesUntil(started, () => true);
  const ready = JSON.parse(said) as Ready;
  if (!ready.ready) return running.skip(ready.why ?? 'the victim cannot get stuck here');
  if (options.busy !== true) await rest(ready.pid);
  const { child, directory, release } = started;
  return { pid: ready.pid, truth: ready.truth, directory, child, release };
}

/** The line that a victim says next. Ask before it can have said it. */
export async function nextLine({ child, directory, release }: Victim): Promise<string> {
  const [line = ''] = await linesUntil({ name: 'the victim', child, directory, release }, () => true);
  return line;
}

/** A program's output up to the line that is the last; rejects with its complaint when it ends or stays silent for 30 s. */
export function linesUntil(
  { child, name }: Started,
  isLast: (line: string) => boolean,
): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    let out = '';
    let complaint = '';
    const timer = setTimeout(() => reject(new Error(`${name} did not get ready: ${complaint}`)), 30_000);
    child.stderr?.on('data', (chunk: Buffer) => {
      complaint += chunk.toString();
    });
    child.stdout?.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      const lines = out.split('\n').slice(0, -1);
      const last = lines.findIndex(isLast);
      if (last < 0) return;
      clearTimeout(timer);
      resolve(lines.slice(0, last + 1));
    });
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      reject(new Error(`${name} ended with ${code}: ${complaint}`));
    });
  });
}
