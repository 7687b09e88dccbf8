import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gdbStacks } from './support/gdb';
import { compile, stackProgram } from './support/stackPrograms';
import { asleep, compare, has, hasGdb, StackStage, USERS } from './support/stackStage';

let stage: StackStage;
beforeAll(async () => {
  stage = await StackStage.open();
});
afterAll(() => stage.close());

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
    const pid = await asleep(context, program, [], 41);
    const stacks = await stage.stacks(context, user, pid);
    const found = compare(stacks, gdbStacks(pid));
    expect(found.provenWrong).toEqual([]);
    expect(found.threads).toBe(41);
    expect(found.whole).toBeGreaterThanOrEqual(user === 'root' ? 41 : 33);
    expect(found.proven).toBeGreaterThan(200);
  });

  it('with a signal’s handler on top, in C++', async (context) => {
    if (!hasGdb) context.skip('needs gdb (apt-get install gdb)');
    const program = compile('handler', HANDLER, 'g++', ['-O2']);
    const pid = await asleep(context, program, [], 1);
    const stacks = await stage.stacks(context, user, pid);
    const found = compare(stacks, gdbStacks(pid));
    expect(found.provenWrong).toEqual([]);
    expect(found.whole).toBe(1);
    expect(stacks[0]?.frames?.length).toBeGreaterThan(8);
  });

  it.for(PROGRAMS)('of %s %j', async ([command, args, threads], context) => {
    if (!hasGdb) context.skip('needs gdb (apt-get install gdb)');
    if (!has(command)) context.skip(`needs ${command}`);
    const pid = await asleep(context, command, args, threads);
    const stacks = await stage.stacks(context, user, pid);
    const found = compare(stacks, gdbStacks(pid));
    expect(found.provenWrong).toEqual([]);
    // Of code that was compiled at run time gdb may find less.
    expect(found.whole).toBeGreaterThanOrEqual(user === 'root' ? threads - 1 : threads - 3);
  });
});
