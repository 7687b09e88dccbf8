import { spawn } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openLocal } from '../../../src/target/local';
import type { ProbeTarget } from '../../../src/target/probeTarget';
import type { Actor } from './actor';
import { buildPrograms, CHECKOUT, PROGRAMS } from './programs';
import { toReleaseByShell } from './releases';
import type { Running } from './victim';

/** Path of a probe that is as new as its sources; throws with what to install when none can be built. */
export async function testProbe(arch?: string): Promise<string> {
  const build: { buildProbe(arch?: string): string } = await import(
    pathToFileURL(join(CHECKOUT, 'esbuild.mjs')).href
  );
  return build.buildProbe(arch);
}

/** A copy that every user may run: the checkout may lie where an ordinary one cannot go. */
export async function everybodysProbe(): Promise<string> {
  const built = await testProbe();
  const folder = mkdtempSync(join(tmpdir(), 'inspect-probe-'));
  toReleaseByShell(`rm -rf '${folder}'`);
  chmodSync(folder, 0o755);
  const probe = join(folder, 'io-uring-probe');
  copyFileSync(built, probe);
  chmodSync(probe, 0o755);
  return probe;
}

/** This machine, as the user who runs the tests. Dispose it. */
export async function openTestTarget(): Promise<ProbeTarget> {
  return openLocal(await testProbe());
}

/** Whoever runs the tests, with compiled victims; needs no command line. */
export const self: Actor = {
  name: 'root',
  node: process.execPath,
  cli: '',
  get programs() {
    buildPrograms();
    return PROGRAMS;
  },
};

/** Skips where Yama lets an ordinary user read the memory of its own children alone. */
export function skipUnlessMemoryReadable(context: Running, uid = process.getuid?.() ?? 0): void {
  let scope = '0';
  try {
    scope = readFileSync('/proc/sys/kernel/yama/ptrace_scope', 'utf8').trim();
  } catch {
    // A kernel without Yama.
  }
  if (uid !== 0 && scope !== '0') context.skip(`needs root, or kernel.yama.ptrace_scope 0 (it is ${scope})`);
}

/** 'ok' or the errno of each result. */
export function outcomes(results: readonly ({ ok: true } | { ok: false; errno: string })[]): string[] {
  return results.map((result) => (result.ok ? 'ok' : result.errno));
}

/** A probe without our client: what it says, and when it ends. */
export interface RawProbe {
  readonly pid: number;
  write(bytes: Buffer): void;
  /** Closes its stdin. */
  end(): void;
  kill(): void;
  /** All its output so far. */
  output(): Buffer;
  /** Resolves when that much has come. */
  has(length: number): Promise<void>;
  readonly exit: Promise<{ readonly code: number | null; readonly signal: string | null }>;
}

export function startRaw(path: string, args: readonly string[] = []): RawProbe {
  const child = spawn(path, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  let output = Buffer.alloc(0);
  let arrived = () => {};
  child.stdout.on('data', (chunk: Buffer) => {
    output = Buffer.concat([output, chunk]);
    arrived();
  });
  child.stdin.on('error', () => undefined);
  return {
    pid: child.pid ?? 0,
    write: (bytes) => child.stdin.write(bytes),
    end: () => child.stdin.end(),
    kill: () => child.kill('SIGKILL'),
    output: () => output,
    has: async (length) => {
      while (output.length < length) await new Promise<void>((resolve) => (arrived = resolve));
    },
    exit: new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal }))),
  };
}

/** Pids of a process's children, by /proc. */
export function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return text ? text.split(' ').map(Number) : [];
  } catch {
    return [];
  }
}

/** Letter of the process's state; undefined when it is no more. */
export function stateOf(pid: number): string | undefined {
  try {
    return /\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];
  } catch {
    return undefined;
  }
}

/** Looks again until it holds; fails after 20 s. */
export async function eventually(what: string, holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries++) {
    if (tries === 400) throw new Error(`never came true: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
