import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KernelLayout } from '../../src/kernel/layout';
import { openLayout } from '../../src/kernel/openLayout';
import { ProcessStacks, type ThreadStack } from '../../src/source/unwind/threads';
import { spawnProbe } from '../../src/target/local';
import { connectProbe, type ProbeTarget } from '../../src/target/probeTarget';
import { gdbStacks } from './support/gdb';
import { pidOf } from './support/installed';
import { everybodysProbe, skipUnlessMemoryReadable } from './support/probe';
import { until } from './support/proc';
import { killGroup, toRelease } from './support/releases';
import { compile, stackProgram } from './support/stackPrograms';
import type { Running } from './support/victim';

const NOBODY = 65534;
const isRoot = process.getuid?.() === 0;
const hasGdb = spawnSync('gdb', ['--version']).status === 0;
const has = (program: string): boolean => spawnSync(program, ['--version']).status === 0;

const USERS = ['root', 'an ordinary user'] as const;
type User = (typeof USERS)[number];
let root: ProbeTarget | undefined;
let ordinary: ProbeTarget | undefined;
let layout: KernelLayout | undefined;

beforeAll(async () => {
  const probe = await everybodysProbe();
  if (isRoot) {
    root = await connectProbe(spawnProbe(probe), 'root');
    const opened = await openLayout(root);
    layout = 'layout' in opened ? opened.layout : undefined;
  }
  ordinary = await connectProbe(
    spawnProbe(probe, isRoot ? { uid: NOBODY, gid: NOBODY } : undefined),
    'ordinary',
  );
});
afterAll(() => {
  root?.dispose();
  ordinary?.dispose();
});

function start(context: Running, command: string, args: readonly string[] = []): number {
  const child: ChildProcess = spawn(command, args, {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'pipe', 'ignore'],
    ...(isRoot ? { uid: NOBODY, gid: NOBODY } : {}),
  });
  const pid = pidOf(child);
  context.onTestFinished(toRelease(() => killGroup(pid)));
  return pid;
}

/** Started until all of its threads sleep. */
async function ready(
  context: Running,
  command: string,
  args: readonly string[],
  threads: number,
): Promise<number> {
  const pid = start(context, command, args);
  await until(() => threadsOf(pid).length >= threads, `${threads} threads of ${command}`);
  await until(() => waits(pid), `sleep of ${command}`);
  return pid;
}

const threadsOf = (pid: number): number[] => readdirSync(`/proc/${pid}/task`).map(Number);

/** None of them has run for a moment. */
function waits(pid: number): boolean {
  const marks = () =>
    spawnSync('sh', ['-c', `cat /proc/${pid}/task/*/schedstat`], { encoding: 'utf8' }).stdout;
  const before = marks();
  spawnSync('sleep', ['0.1']);
  return before === marks();
}

async function stacksFor(context: Running, user: User, pid: number): Promise<ThreadStack[]> {
  if (user === 'root' && !isRoot) context.skip('needs root');
  if (user !== 'root') skipUnlessMemoryReadable(context, NOBODY);
  const target = user === 'root' ? root : ordinary;
  if (!target) throw new Error('no probe');
  const stacks = new ProcessStacks(target, pid);
  return stacks.unwind(threadsOf(pid), user === 'root' ? { layout } : {});
}

interface Comparison {
  readonly threads: number;
  /** Stacks that are gdb's, frame by frame. */
  readonly whole: number;
  readonly proven: number;
  readonly provenWrong: string[];
}

function compare(stacks: readonly ThreadStack[], truth: ReadonlyMap<number, readonly number[]>): Comparison {
  let whole = 0;
  let proven = 0;
  const provenWrong: string[] = [];
  for (const stack of stacks) {
    const expected = truth.get(stack.tid) ?? [];
    const frames = stack.frames ?? [];
    if (frames.length === expected.length && frames.every(({ pc }, index) => pc === expected[index])) whole++;
    frames.forEach(({ pc, trust }, index) => {
      if (trust !== 'proven') return;
      proven++;
      if (pc !== expected[index])
        provenWrong.push(`${stack.tid} ${index}: ${pc.toString(16)}, not ${expected[index]?.toString(16)}`);
    });
  }
  return { threads: stacks.length, whole, proven, provenWrong };
}

const BUILDS: readonly (readonly [string, readonly string[]])[] = [
  ['-O0', ['-O0']],
  ['-O2', ['-O2']],
  ['-O2 with frame pointers', ['-O2', '-fno-omit-frame-pointer']],
  ['-O2, static', ['-O2', '-static']],
  ['-O3, stripped', ['-O3', '-s']],
];

/** A handler that sleeps on top of an interrupted function, in a C++ program of lambdas and templates. */
const HANDLER = `
#include <csignal>
#include <cstdlib>
#include <functional>
#include <unistd.h>
static volatile int sink;
static void asleep(int) { pause(); }
template <typename T> __attribute__((noinline)) long work(T value) { raise(SIGUSR1); sink++; return (long)value; }
struct Base { virtual ~Base() = default; virtual long run(long) = 0; };
struct Job : Base { long run(long n) override { auto f = [n](double d) { return work(d) + n; }; return f(n * 2.0) + sink; } };
__attribute__((noinline)) long through(const std::function<long(long)> &f) { long n = f(3); sink++; return n; }
int main() { signal(SIGUSR1, asleep); Base *job = new Job; return (int)through([job](long n) { return job->run(n) + 1; }); }
`;

/** Programs of others, and how many threads each has when it rests. */
const PROGRAMS: readonly (readonly [string, readonly string[], number])[] = [
  ['sleep', ['1000'], 1],
  ['bash', ['-c', 'sleep 1000; true'], 1],
  [
    'python3',
    [
      '-c',
      'import threading,time\ndef f(n): time.sleep(1000) if n == 0 else f(n-1)\nfor i in range(3): threading.Thread(target=f,args=(5,),daemon=True).start()\nf(9)',
    ],
    4,
  ],
  [process.execPath, ['-e', 'setTimeout(() => 0, 1e6)'], 7],
  [
    process.execPath,
    [
      '-e',
      'const f = (n) => n === 0 ? Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0) : f(n - 1); [0].map(() => f(4));',
    ],
    7,
  ],
];

describe.each(USERS)('as %s, stacks are those that gdb finds', (user) => {
  it.for(BUILDS)('of generated programs, %s', async ([, flags], context) => {
    if (!hasGdb) context.skip('needs gdb (apt-get install gdb)');
    const program = compile('stacks', stackProgram(20_260, 40), 'gcc', flags);
    const pid = await ready(context, program, [], 41);
    const stacks = await stacksFor(context, user, pid);
    const found = compare(stacks, gdbStacks(pid));
    expect(found.provenWrong).toEqual([]);
    expect(found.threads).toBe(41);
    expect(found.whole).toBeGreaterThanOrEqual(user === 'root' ? 41 : 33);
    expect(found.proven).toBeGreaterThan(200);
  });

  it('with a signal’s handler on top, in C++', async (context) => {
    if (!hasGdb) context.skip('needs gdb (apt-get install gdb)');
    const program = compile('handler', HANDLER, 'g++', ['-O2']);
    const pid = await ready(context, program, [], 1);
    const stacks = await stacksFor(context, user, pid);
    const found = compare(stacks, gdbStacks(pid));
    expect(found.provenWrong).toEqual([]);
    expect(found.whole).toBe(1);
    expect(stacks[0]?.frames?.length).toBeGreaterThan(8);
  });

  it.for(PROGRAMS)('of %s %j', async ([command, args, threads], context) => {
    if (!hasGdb) context.skip('needs gdb (apt-get install gdb)');
    if (!has(command)) context.skip(`needs ${command}`);
    const pid = await ready(context, command, args, threads);
    const stacks = await stacksFor(context, user, pid);
    const found = compare(stacks, gdbStacks(pid));
    expect(found.provenWrong).toEqual([]);
    // Of code that was compiled at run time gdb may find less.
    expect(found.whole).toBeGreaterThanOrEqual(user === 'root' ? threads - 1 : threads - 3);
  });
});
