import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, closeSync, mkdtempSync, openSync, readFileSync, readSync } from 'node:fs';
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

const compiled = new Map<string, string>();

/** Compiles one of the sources, once, in a folder that goes with the tests; answers the program's path. */
export function compileArmed(context: Running, source: string, { compiler, flags }: Build): string {
  if (spawnSync(compiler, ['--version']).status !== 0) context.skip(`needs ${compiler}`);
  const key = JSON.stringify([source, compiler, flags]);
  const known = compiled.get(key);
  if (known !== undefined) return known;
  const folder = mkdtempSync(join(tmpdir(), 'inspect-armed-'));
  toReleaseByShell(`rm -rf '${folder}'`);
  chmodSync(folder, 0o755);
  const program = join(folder, 'program');
  // Libraries come behind what needs them.
  execFileSync(compiler, ['-g', '-o', program, join(SOURCES, source), ...flags], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  compiled.set(key, program);
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
  return { pid, userData: userData.size > 0 ? userData : inRing(pid) };
}

/** Of a program that does not tell them: the user_data of the first SQEs in its ring, by their place. */
function inRing(pid: number): Map<string, string> {
  const maps = readFileSync(`/proc/${pid}/maps`, 'utf8');
  const start = /^([0-9a-f]+)-\S+ \S+ 10000000 .*io_uring/m.exec(maps)?.[1];
  if (start === undefined) throw new Error(`${pid} has no ring`);
  const sqes = Buffer.alloc(16 * 64);
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  readSync(memory, sqes, 0, sqes.length, Number.parseInt(start, 16));
  closeSync(memory);
  const found = new Map<string, string>();
  for (let at = 0; at < sqes.length; at += 64) {
    const value = sqes.readBigUInt64LE(at + 32);
    if (value !== 0n) found.set(`SQE ${at / 64}`, `0x${value.toString(16)}`);
  }
  return found;
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
