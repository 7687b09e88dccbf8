import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gdbStacks } from './support/gdb';
import { Installed } from './support/installed';
import { mountHangfs } from './support/mounts';
import { until } from './support/proc';
import { skipUnless } from './support/rights';
import { compile } from './support/stackPrograms';
import { asleep, compare, has, hasGdb, StackStage, startProgram, USERS } from './support/stackStage';

let stage: StackStage;
beforeAll(async () => {
  stage = await StackStage.open();
});
afterAll(() => stage.close());

const HEAD = `
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
static volatile int sink;
#define FUNCTION static __attribute__((noipa)) int
`;

/** Programs whose stacks are not made by calls and returns alone, and how many frames each has at least. */
const ODD: readonly (readonly [string, string, number])[] = [
  [
    'a function that ends with a call that never returns',
    `static __attribute__((noreturn, noipa)) void for_ever(int n) { for (;;) { pause(); sink += n; } }
static __attribute__((noreturn, noipa)) void fatal(int n) { sink = n; for_ever(n + 1); }
FUNCTION check(int n) { if (n > 0) fatal(n); return n; }
int main(void) { return check(getpid()) + sink; }`,
    4,
  ],
  [
    'a stack that longjmp has cut',
    `static jmp_buf back;
FUNCTION deep(int n) { char a[500]; memset(a, n, sizeof a); if (n == 0) longjmp(back, 3); sink += deep(n - 1) + a[n]; return n; }
FUNCTION after(int n) { pause(); return sink + n; }
FUNCTION caught(int n) { int r = setjmp(back); if (r == 0) return deep(n); sink = after(r); return sink; }
int main(void) { sink = caught(20); return sink; }`,
    4,
  ],
  [
    'a handler on a stack of its own',
    `static __attribute__((noipa)) void handler(int n) { (void)n; pause(); sink++; }
FUNCTION work(int n) { raise(SIGUSR1); return sink + n; }
FUNCTION outer(int n) { sink = work(n); return sink; }
int main(void) {
  stack_t own = { .ss_sp = malloc(1 << 16), .ss_size = 1 << 16 };
  sigaltstack(&own, 0);
  struct sigaction action = { .sa_handler = handler, .sa_flags = SA_ONSTACK };
  sigaction(SIGUSR1, &action, 0);
  sink = outer(1);
  return sink; }`,
    7,
  ],
  [
    'handlers on handlers',
    `static __attribute__((noipa)) void second(int n) { (void)n; pause(); sink++; }
static __attribute__((noipa)) void first(int n) { (void)n; raise(SIGUSR2); sink++; }
FUNCTION work(int n) { raise(SIGUSR1); return sink + n; }
int main(void) { signal(SIGUSR1, first); signal(SIGUSR2, second); sink = work(1); return sink; }`,
    9,
  ],
  [
    'a handler that has interrupted the vDSO',
    `static __attribute__((noipa)) void handler(int n) { (void)n; pause(); sink++; }
FUNCTION hot(int n) { struct timespec t; for (;;) { clock_gettime(CLOCK_MONOTONIC, &t); sink += (int)t.tv_nsec + n; } }
int main(void) {
  signal(SIGALRM, handler);
  struct itimerval timer = { { 0, 0 }, { 0, 50000 } };
  setitimer(ITIMER_REAL, &timer, 0);
  sink = hot(1);
  return sink; }`,
    5,
  ],
  [
    'a sleep of the clock',
    `FUNCTION wait_here(int n) { struct timespec t = { 100000, 0 }; return clock_nanosleep(CLOCK_REALTIME, 0, &t, 0) + n; }
int main(void) { sink = wait_here(1); return sink; }`,
    4,
  ],
  [
    'a handler that has interrupted anything',
    `static __attribute__((noipa)) void handler(int n) { (void)n; pause(); sink++; }
struct pair { struct pair *left, *right; long key; };
FUNCTION grow(struct pair **at, long key) { while (*at) { sink++; at = key < (*at)->key ? &(*at)->left : &(*at)->right; } *at = calloc(1, sizeof **at); (*at)->key = key; return sink; }
FUNCTION busy(int n) { struct pair *tree = 0; char text[64]; for (long i = 0;; i++) { sink += grow(&tree, (i * 7919) % 1000) + n; snprintf(text, sizeof text, "%ld %s", i, "x"); if (i % 100 == 0) tree = 0; } }
int main(int argc, char **argv) {
  (void)argv;
  signal(SIGALRM, handler);
  struct itimerval timer = { { 0, 0 }, { 0, 30000 + 7777 * argc } };
  setitimer(ITIMER_REAL, &timer, 0);
  sink = busy(1);
  return sink; }`,
    5,
  ],
];

const LIBURING = `
#include <liburing.h>
#include <unistd.h>
static volatile int sink;
__attribute__((noipa)) static int wait_one(struct io_uring *ring) {
  struct io_uring_cqe *cqe;
  int result = io_uring_wait_cqe(ring, &cqe);
  return sink += result;
}
__attribute__((noipa)) static int serve(struct io_uring *ring) { sink += wait_one(ring); return sink; }
int main(void) {
  struct io_uring ring;
  int ends[2];
  static char buffer[16];
  if (pipe(ends) || io_uring_queue_init(8, &ring, 0)) return 1;
  io_uring_prep_read(io_uring_get_sqe(&ring), ends[0], buffer, 16, 0);
  io_uring_submit(&ring);
  sink = serve(&ring);
  return sink;
}
`;

const RUST = `
use std::io::Read;
use std::sync::{Condvar, Mutex};
#[inline(never)] fn block(n: u64) -> u64 { let m = Mutex::new(n); let c = Condvar::new(); let g = c.wait(m.lock().unwrap()).unwrap(); *g + n }
#[inline(never)] fn read(n: u64) -> u64 { let mut b = [0u8; 9]; std::io::stdin().read_exact(&mut b).unwrap(); b[0] as u64 + n }
#[inline(never)] fn down(n: u64, f: &dyn Fn(u64) -> u64) -> u64 { if n == 0 { f(n) + 1 } else { down(n - 1, f) + n } }
fn main() {
  let t: Vec<_> = (0..3).map(|i| std::thread::spawn(move || down(i, &|n| block(n)))).collect();
  let r = down(4, &|n| read(n));
  for t in t { println!("{} {}", t.join().unwrap(), r); }
}
`;

describe.each(USERS)('as %s, no frame is called proven and wrong', (user) => {
  it.for(
    ODD.flatMap(([what, source, frames]) =>
      ['-O0', '-O2'].map((flag) => [what, flag, source, frames] as const),
    ),
  )('of %s, %s', async ([, flag, source, frames], context) => {
    if (!hasGdb) context.skip('needs gdb (apt-get install gdb)');
    const pid = await asleep(context, compile('odd', HEAD + source, 'gcc', [flag]), [], 1);
    const stacks = await stage.stacks(context, user, pid);
    const found = compare(stacks, gdbStacks(pid));
    expect(found.provenWrong).toEqual([]);
    expect(found.whole).toBe(1);
    expect(stacks[0]?.frames?.length).toBeGreaterThanOrEqual(frames);
  });

  it.for(['-O0', '-O2', '-O2 -fno-omit-frame-pointer'])('in liburing’s wait, %s', async (flags, context) => {
    skipUnless(context, 'ioUring');
    if (!hasGdb) context.skip('needs gdb (apt-get install gdb)');
    const at = new Installed(context);
    const source = at.file('probe.c', '#include <liburing.h>\nint main(void) { return 0; }\n');
    try {
      execFileSync('gcc', ['-o', `${at.folder}/probe`, source, '-luring'], { stdio: 'ignore' });
    } catch {
      context.skip('needs liburing (apt-get install liburing-dev)');
    }
    const program = compile('uring', LIBURING, 'gcc', [...flags.split(' '), '-Wl,--no-as-needed', '-luring']);
    const pid = await asleep(context, program, [], 1);
    const stacks = await stage.stacks(context, user, pid);
    const found = compare(stacks, gdbStacks(pid));
    expect(found.provenWrong).toEqual([]);
    expect(found.whole).toBe(1);
  });

  it('in Rust, -O', async (context) => {
    if (!hasGdb) context.skip('needs gdb (apt-get install gdb)');
    if (!has('rustc')) context.skip('needs rustc');
    const at = new Installed(context);
    at.run('rustc', ['-O', '-o', 'program', at.file('program.rs', RUST)]);
    execFileSync('chmod', ['755', at.folder]);
    const pid = await asleep(context, `${at.folder}/program`, [], 4);
    const stacks = await stage.stacks(context, user, pid);
    const found = compare(stacks, gdbStacks(pid));
    expect(found.provenWrong).toEqual([]);
    expect(found.threads).toBe(4);
    expect(found.whole).toBeGreaterThanOrEqual(user === 'root' ? 4 : 3);
  });
});

it('as root, the stack of a thread in a page fault is told', async (context) => {
  skipUnless(context, 'fuse');
  const { directory } = await mountHangfs(context);
  const source = `#include <fcntl.h>
${HEAD}
FUNCTION touch(const char *p) { sink += p[0]; return sink; }
FUNCTION outer(const char *p) { sink = touch(p + 4096); return sink; }
int main(int argc, char **argv) {
  (void)argc;
  int fd = open(argv[1], O_RDONLY);
  const char *p = mmap(0, 1 << 16, PROT_READ, MAP_PRIVATE, fd, 0);
  sink = outer(p);
  return sink;
}
`;
  const program = compile('fault', source, 'gcc', ['-O2']);
  const pid = startProgram(context, program, [`${directory}/hang1`]);
  await until(() => readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') D '), 'a page fault');
  const [stack] = await stage.stacks(context, 'root', pid);
  // Not compared: a debugger would wait for the fault.
  const symbols = execFileSync('nm', [program], { encoding: 'utf8' });
  const bias = stack?.frames?.[0]?.image?.bias ?? 0;
  const named = (pc: number) =>
    [...symbols.matchAll(/^([0-9a-f]+) [tT] (\w+)$/gm)]
      .map(([, address = '', name = '']) => ({ at: Number.parseInt(address, 16), name }))
      .filter(({ at }) => at <= pc - bias)
      .sort((a, b) => b.at - a.at)[0]?.name;
  const own = (stack?.frames ?? []).filter(({ image }) => image?.path === program);
  expect(own.slice(0, 3).map(({ lookup }) => named(lookup))).toEqual(['touch', 'outer', 'main']);
  expect(own.every(({ trust }) => trust === 'proven')).toBe(true);
});
