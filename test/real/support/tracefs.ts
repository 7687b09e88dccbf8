import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testProbe } from './probe';
import { toReleaseByShell } from './releases';
import type { Running, Victim } from './victim';

const MOUNTED = '/sys/kernel/tracing';
const hasTracefs = (): boolean => existsSync(`${MOUNTED}/instances`);

/** A probe that finds tracefs: where this machine has it not mounted, in a mount namespace of its own. */
export async function tracingProbe(): Promise<string> {
  const probe = await testProbe();
  if (hasTracefs()) return probe;
  return script(`exec ${inPrivate(`exec ${probe} "$@"`)}`);
}

/** A probe that finds none, in a mount namespace of its own. */
export async function tracelessProbe(): Promise<string> {
  const without = `for place in ${MOUNTED} /sys/kernel/debug; do /bin/umount -l -R $place 2>/dev/null; done`;
  const staged = `${without}; exec ${await testProbe()} "$@"`;
  return script(`exec /usr/bin/unshare --mount --propagation private /bin/sh -c '${staged}' sh "$@"`);
}

/** A command with tracefs in place. */
export function withTracefs(command: string): readonly [string, ...string[]] {
  return ['sh', '-c', hasTracefs() ? command : `exec ${inPrivate(command)}`, 'sh'];
}

function inPrivate(command: string): string {
  const staged = `/bin/mount -t tracefs none ${MOUNTED} && ${command}`;
  return `/usr/bin/unshare --mount --propagation private /bin/sh -c '${staged}' sh "$@"`;
}

function script(line: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'inspect-tracefs-'));
  toReleaseByShell(`rm -rf '${folder}'`);
  const path = join(folder, 'io-uring-probe');
  writeFileSync(path, `#!/bin/sh\n${line}\n`);
  chmodSync(path, 0o755);
  return path;
}

/** Where a process that has tracefs sees it. */
export function tracefsOf(pid: number): string {
  return hasTracefs() ? MOUNTED : `/proc/${pid}/root${MOUNTED}`;
}

export function instancesOf(pid: number): string[] {
  return readdirSync(`${tracefsOf(pid)}/instances`);
}

/**
 * Counts from now on the rings that anybody creates: their events are in every trace, whose counts of what was lost have them, too. By an
 * instance of its own, which is gone when the test has ended.
 */
export async function ringsCreated(running: Running): Promise<() => number> {
  const [command, ...args] = withTracefs('exec /bin/sleep 120');
  const child = spawn(command, args, { stdio: 'ignore' });
  running.onTestFinished(() => void child.kill('SIGKILL'));
  const root = tracefsOf(child.pid ?? 0);
  for (let tries = 0; !existsSync(`${root}/instances`); tries++) {
    if (tries === 400) throw new Error('there is no tracefs');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const instance = `${root}/instances/inspect-created-${process.pid}`;
  mkdirSync(instance);
  running.onTestFinished(() => rmdirSync(instance));
  writeFileSync(`${instance}/events/io_uring/io_uring_create/enable`, '1');
  return () =>
    readdirSync(`${instance}/per_cpu`)
      .map((cpu) => readFileSync(`${instance}/per_cpu/${cpu}/stats`, 'latin1'))
      .reduce((sum, text) => sum + Number(/^entries: (\d+)$/m.exec(text)?.[1] ?? 0), 0);
}

/** What the victim `traced` says of a deed: nanoseconds of its own clock, around each request. */
export interface Deed {
  readonly count: number;
  readonly least: number;
  readonly most: number;
  readonly took: number;
}

/** Has the victim `traced` do something and waits until it has. */
export async function deed({ directory }: Pick<Victim, 'directory'>, words: string): Promise<Deed> {
  writeFileSync(join(directory, 'go.new'), words);
  renameSync(join(directory, 'go.new'), join(directory, 'go'));
  const done = join(directory, 'done');
  for (let tries = 0; !existsSync(done); tries++) {
    if (tries === 4000) throw new Error(`the victim has not done "${words}"`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const said: Deed = JSON.parse(readFileSync(done, 'utf8'));
  renameSync(done, join(directory, 'told'));
  return said;
}
