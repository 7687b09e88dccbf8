import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GoroutineGroup, Sample } from '../../src/model/sample';
import type { MemoryResult } from '../../src/probe/protocol';
import { parseMountinfo } from '../../src/procfs/mountinfo';
import { Binaries } from '../../src/source/binaries';
import { GoroutineReader } from '../../src/source/go/goroutines';
import type { ProbeTarget } from '../../src/target/probeTarget';
import type { Target } from '../../src/target/target';
import { unpack } from '../../src/target/unpack';
import { ACTORS, type Actor, actor, actorMissing } from './support/actor';
import { inspect, run } from './support/inspect';
import { pidOf } from './support/installed';
import { openTarget } from './support/namedStacks';
import { CHECKOUT } from './support/programs';
import { killGroup, toRelease } from './support/releases';
import { skipUnless } from './support/rights';
import type { Running } from './support/victim';

const SOURCES = join(CHECKOUT, 'test/real/sources');
/** Of the two: dynamic, with C and debug information; static, without C, stripped of all that can be stripped. */
const BUILDS = [
  ['with debug information and C', { CGO_ENABLED: '1' }, []],
  ['static and stripped', { CGO_ENABLED: '0' }, ['-ldflags=-s -w']],
] as const;
type Build = (typeof BUILDS)[number];

const hasGo = spawnSync('go', ['version']).status === 0;
let programs = '';
let drop: () => void = () => undefined;
beforeAll(() => {
  programs = mkdtempSync(join(tmpdir(), 'inspect-go-'));
  chmodSync(programs, 0o755);
  drop = toRelease(() => rmSync(programs, { recursive: true, force: true }));
});
afterAll(() => drop());

interface GoProgram {
  readonly pid: number;
  /** Answers what it prints up to that text from now on. */
  ask(line: string, end: string): Promise<string>;
}

/** Of each program the paths it was built at, by build: the compiler takes longer than all else. */
const built = new Map<string, string>();

function build(context: Running, sources: readonly string[], [name, environment, flags]: Build): string {
  const key = `${name} ${sources.join(' ')}`;
  const before = built.get(key);
  if (before !== undefined) return before;
  if (!hasGo) context.skip('needs go');
  const folder = mkdtempSync(join(programs, 'source-'));
  for (const source of sources) copyFileSync(join(SOURCES, source), join(folder, source));
  writeFileSync(join(folder, 'go.mod'), 'module waits\n\ngo 1.18\n');
  const env = {
    PATH: process.env['PATH'],
    GOCACHE: join(programs, 'cache'),
    GOFLAGS: '-mod=mod',
    ...environment,
  };
  const { status, stderr } = spawnSync('go', ['build', ...flags, '-o', 'waits', '.'], {
    cwd: folder,
    env,
    encoding: 'utf8',
    timeout: 50_000,
  });
  if (status !== 0) throw new Error(`go build ended with ${status}: ${stderr}`);
  chmodSync(folder, 0o755);
  const path = join(folder, 'waits');
  built.set(key, path);
  return path;
}

/** Built of these sources and started; it has said that it is ready. */
async function start(
  context: Running,
  who: Actor,
  sources: readonly string[],
  one: Build,
  args: readonly string[] = [],
): Promise<GoProgram> {
  const child = spawn(build(context, sources, one), args, {
    detached: true,
    stdio: ['pipe', 'pipe', 'ignore'],
    ...(who.uid === undefined ? {} : { uid: who.uid, gid: who.gid ?? who.uid }),
  });
  const pid = pidOf(child);
  context.onTestFinished(toRelease(() => killGroup(pid)));
  let printed = '';
  child.stdout.on('data', (data: Buffer) => {
    printed += data.toString('utf8');
  });
  const until = (end: string) => expect.poll(() => printed.includes(end), { timeout: 10_000 }).toBe(true);
  await until('ready\n');
  return {
    pid,
    ask: async (line, end) => {
      printed = '';
      child.stdin.write(`${line}\n`);
      await until(end);
      return printed;
    },
  };
}

/** Functions of the runtime itself are left out of Go's account, but for those that programs call. */
const isShown = (frame: string): boolean => !/^runtime\.[a-z]/.test(frame);

/** `receive | main.receive goroutines.go:58 < …` by number. */
function accountOf(text: string): Map<number, string> {
  const found = new Map<number, string>();
  for (const [, id, reason, lines = ''] of text.matchAll(
    /^goroutine (\d+) \[([^\],]+)[^\]]*\]:\n((?:.+\n)+)/gm,
  )) {
    const own = lines.replace(/^created by .*\n.*\n/gm, '');
    const frames = [...own.matchAll(/^(\S.*)\([^()]*\)\n\t(.+):(\d+)/gm)].map(
      ([, name, file = '', line]) => `${name} ${basename(file)}:${line}`,
    );
    found.set(Number(id), `${reason} | ${frames.filter(isShown).join(' < ')}`);
  }
  return found;
}

/** What is told in the same words. Of a crowd the first numbers. */
function told({ goroutines }: Sample): Map<number, string> {
  const found = new Map<number, string>();
  for (const { ids, state, reason, stack = [] } of goroutines?.groups ?? []) {
    const frames = stack.map(({ function: name, file = '', line }) => `${name} ${basename(file)}:${line}`);
    for (const id of ids) found.set(id, `${reason ?? state} | ${frames.filter(isShown).join(' < ')}`);
  }
  return found;
}

const groupIn = (sample: Sample, name: string): GoroutineGroup | undefined =>
  sample.goroutines?.groups.find(({ stack = [] }) => stack.some((frame) => frame.function === name));

function lineOf(source: string, text: string): number {
  return (
    readFileSync(join(SOURCES, source), 'utf8')
      .split('\n')
      .findIndex((line) => line.includes(text)) + 1
  );
}

function actorOrSkip(context: Running & { skip(note: string): never }, name: Actor['name']): Actor {
  const missing = actorMissing(name);
  if (missing !== undefined) context.skip(missing);
  return actor(name);
}

describe.each(ACTORS)('as %s', (name) => {
  it.for(BUILDS)('goroutines are told as Go itself tells them, %s', async (build, context) => {
    const who = actorOrSkip(context, name);
    const program = await start(context, who, ['goroutines.go', 'goroutines_c.go'], build, ['3']);
    const sample = await inspect(who, program.pid);
    const account = accountOf(await program.ask('', '\nend\n'));
    // The one that gives the account, and the one that reads the question, have gone on since.
    const standing = (text: string): boolean =>
      !/main\.main(?:\.func\d+)? /.test(text.split(' < ').at(-1) ?? '') || text.includes('main.receive');
    const theirs = [...account].filter(([, text]) => standing(text));
    const ours = told(sample);
    expect(theirs.length).toBeGreaterThanOrEqual(16);
    expect(new Map(theirs.map(([id]) => [id, ours.get(id)]))).toEqual(new Map(theirs));
    expect(sample.goroutines).toMatchObject({ count: account.size, unread: 0 });
    const isInC = build[1].CGO_ENABLED === '1';
    expect(groupIn(sample, 'main.callC')?.state).toBe(isInC ? 'syscall' : undefined);
  });

  it('a thousand idle connections are one group, each with its descriptor, and nothing is stuck', async (context) => {
    const who = actorOrSkip(context, name);
    const program = await start(context, who, ['goroutines.go'], BUILDS[1], ['1000']);
    const sample = await inspect(who, program.pid);
    const serving = groupIn(sample, 'main.serve');
    expect(serving).toMatchObject({ count: 1000, state: 'waiting', reason: 'IO wait' });
    expect(new Set(serving?.fds?.map(({ fd }) => fd)).size).toBe(1000);
    expect(new Set(serving?.fds?.map((one) => one.for))).toEqual(new Set(['read']));
    expect(groupIn(sample, 'main.fill')?.fds).toMatchObject([{ for: 'write' }]);
    const sockets = new Map(sample.resources.map((one) => [one.fd, one.kind]));
    expect(new Set(serving?.fds?.map(({ fd }) => sockets.get(fd)))).toEqual(new Set(['socket']));
    expect(sample.findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
    const [piped] = groupIn(sample, 'main.drain')?.fds ?? [];
    const { stdout } = await run(who, String(program.pid), '--verbose');
    const place = `main.drain() at goroutines.go:${lineOf('goroutines.go', 'func drain(')}`;
    const flat = stdout.replace(/\s+/g, ' ');
    expect(flat).toContain(`goroutine ${piped?.goroutine} waits to read in ${place}`);
    expect(flat).toMatch(/1,000 goroutines \(\d+, \d+, \d+, \d+, …\): each waits to read fd/);
    expect(flat).toMatch(/on behalf of 1,00\d goroutines/);
  });
});

it.for(BUILDS)('requests of io_uring lead to what waits for them, %s', async (build, context) => {
  skipUnless(context, 'ioUring');
  const who = actorOrSkip(context, 'root');
  const program = await start(context, who, ['goring.go'], build);
  const sample = await inspect(who, program.pid);
  const origins = new Map(sample.requests.map(({ length, origin = [] }) => [length, origin]));
  const line = (text: string): number => lineOf('goring.go', text);
  expect(origins.get(8)).toMatchObject([
    { kind: 'goroutine', function: 'main.await', line: line('func await('), found: '*(user_data + 8)' },
  ]);
  expect(origins.get(16)).toMatchObject([
    { kind: 'goroutine', function: 'main.viaChannel', line: line('select {'), found: 'user_data' },
  ]);
  expect(origins.get(24)).toMatchObject([
    { kind: 'callback', function: 'main.viaClosure.func1', line: line('f := func(') },
  ]);
  expect(origins.get(32)).toMatchObject([
    { kind: 'callback', function: 'main.viaCallback.func1', line: line('run: func(') },
  ]);
  expect(origins.get(40)).toMatchObject([{ kind: 'number' }]);
  const waiting = groupIn(sample, 'main.await');
  expect(origins.get(8)?.[0]?.goroutine).toBe(waiting?.ids[0]);
  const reaping = groupIn(sample, 'main.reap');
  expect(reaping).toMatchObject({ count: 1, state: 'syscall' });
  const thread = sample.tasks.find(({ syscall }) => syscall?.name === 'io_uring_enter');
  expect(reaping?.tids).toEqual([thread?.tid]);
});

/** The same with some of its memory changed: bits, whole words, or not to be read. */
function damaged(target: ProbeTarget, random: () => number): Target {
  return new Proxy<Target>(target, {
    get: (of, key) => {
      if (key !== 'memory') {
        const value: unknown = Reflect.get(of, key);
        return typeof value === 'function' ? value.bind(of) : value;
      }
      return async (...args: Parameters<Target['memory']>) =>
        (await of.memory(...args)).map((answer): MemoryResult => {
          if (!answer.ok) return answer;
          if (random() < 0.02) return { ok: false, errno: 'EIO' };
          const data = Buffer.from(answer.data);
          for (let at = 0; at + 8 <= data.length; at += 8) {
            if (random() > 0.004) continue;
            const word = data.readBigUInt64LE(Math.floor(random() * (data.length / 8)) * 8);
            data.writeBigUInt64LE(random() < 0.5 ? word : BigInt(Math.floor(random() * 2 ** 48)), at);
          }
          return { ...answer, data };
        });
    },
  });
}

it('memory that holds anything is read without complaint, in bounded time', async (context) => {
  skipUnless(context, 'ioUring');
  const who = actorOrSkip(context, 'root');
  const program = await start(context, who, ['goring.go'], BUILDS[1]);
  const sample = await inspect(who, program.pid);
  const target = await openTarget(context);
  let seed = 1;
  const random = (): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return seed / 2 ** 31;
  };
  const binaries = new Binaries(target, { unpack });
  const place = async () => ({
    pid: program.pid,
    mounts: parseMountinfo(readFileSync(`/proc/${program.pid}/mountinfo`, 'utf8')).rows,
  });
  let found = 0;
  for (let run = 0; run < 40; run++) {
    const began = Date.now();
    const reader = new GoroutineReader(damaged(target, random), binaries);
    const { goroutines } = (await reader.of(sample, place)) ?? {};
    found += goroutines ? 1 : 0;
    expect(Date.now() - began).toBeLessThan(10_000);
  }
  // Else nothing of it was reached.
  expect(found).toBeGreaterThan(4);
  binaries.close();
}, 60_000);
