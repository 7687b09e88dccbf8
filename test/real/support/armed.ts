import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Origin } from '../../../src/model/request';
import { parseMountinfo } from '../../../src/procfs/mountinfo';
import { Binaries } from '../../../src/source/binaries';
import { Origins } from '../../../src/source/origin/origins';
import type { Target } from '../../../src/target/target';
import { unpack } from '../../../src/target/unpack';
import { pidOf } from './installed';
import { killGroup, toRelease, toReleaseByShell } from './releases';
import type { Running } from './victim';

const SOURCES = resolve(import.meta.dirname, '../sources');

/** A compiler and its flags; the test is skipped by name where it is not installed. */
export interface Build {
  readonly compiler: string;
  readonly flags: readonly string[];
}

/** A running program whose requests stay pending, and the user_data of each under the name it gave. */
export interface Armed {
  readonly pid: number;
  readonly userData: ReadonlyMap<string, string>;
}

/** Compiles one of the sources in a folder that goes with the tests; answers the program's path. */
export function compileArmed(context: Running, source: string, { compiler, flags }: Build): string {
  if (spawnSync(compiler, ['--version']).status !== 0) context.skip(`needs ${compiler}`);
  const folder = mkdtempSync(join(tmpdir(), 'inspect-armed-'));
  toReleaseByShell(`rm -rf '${folder}'`);
  chmodSync(folder, 0o755);
  const program = join(folder, 'program');
  execFileSync(compiler, [...flags, '-g', '-o', program, join(SOURCES, source)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  return program;
}

/** Starts it and waits until all its requests are pending. */
export async function startArmed(
  context: Running,
  program: string,
  user?: { readonly uid: number; readonly gid: number },
): Promise<Armed> {
  const child: ChildProcess = spawn(program, [], {
    cwd: '/',
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
    ...user,
  });
  const pid = pidOf(child);
  context.onTestFinished(toRelease(() => killGroup(pid)));
  let text = '';
  await new Promise<void>((ready, failed) => {
    child.stdout?.on('data', (data) => {
      text += data;
      if (text.endsWith('ready\n')) ready();
    });
    child.on('exit', (code) => failed(new Error(`${program} has ended with ${code}`)));
  });
  const rows = text.split('\n').map((line) => /^(.*) (0x[0-9a-f]+)$/.exec(line));
  const userData = new Map(rows.flatMap((row) => (row ? [[row[1] ?? '', row[2] ?? '']] : [])));
  return { pid, userData };
}

/** What is told of each request, by its name: `callback on_block ops.c:28 [user_data + 16]`. */
export async function originsOf(
  target: Target,
  { pid, userData }: Armed,
): Promise<Map<string, readonly Origin[]>> {
  const binaries = new Binaries(target, { unpack });
  const origins = new Origins(target, binaries);
  const mounts = parseMountinfo(readFileSync(`/proc/${pid}/mountinfo`, 'utf8')).rows;
  const found = await origins.of({ pid, mounts }, userData.values());
  origins.close();
  binaries.close();
  return new Map([...userData].map(([name, value]) => [name, found.get(value) ?? []]));
}

/** The line of a source that is marked `here: name`. */
export function lineOf(source: string, name: string): number {
  const lines = readFileSync(join(SOURCES, source), 'utf8').split('\n');
  const line = lines.findIndex((text) => text.trimEnd().endsWith(`here: ${name}`)) + 1;
  if (line === 0) throw new Error(`${source} has no line ${name}`);
  return line;
}

/** `kind function file:marker`, with the mark of its line where that has one, else the number. */
export function inMarks(source: string, { kind, function: name, file, line }: Origin): string {
  if (file === undefined) return `${kind} ${name}`;
  const text = readFileSync(join(SOURCES, source), 'utf8').split('\n')[(line ?? 0) - 1] ?? '';
  const mark = /here: (.*)$/.exec(text.trimEnd())?.[1];
  return `${kind} ${name} ${file === join(SOURCES, source) ? '' : `${file}:`}${mark ?? line}`;
}
