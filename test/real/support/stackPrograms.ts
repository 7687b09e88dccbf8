import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toReleaseByShell } from './releases';

/** Numbers that are the same for the same seed (xorshift). */
function numbers(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % below;
  };
}

const HEAD = `
#define _GNU_SOURCE
#include <alloca.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
static int ends[2];
static volatile int sink, eight = 8;
static void use(volatile void *p) { sink += *(volatile char *)p; }
#define FUNCTION static __attribute__((noinline, noclone)) long
`;

/** Ways to sleep for ever. */
const LEAVES = [
  'char c; n += read(ends[0], &c, 1);',
  'char b[300]; use(b); n += pread(ends[0], b, 1, 0) + read(ends[0], b, 1);',
  'struct pollfd p = { ends[0], POLLIN, 0 }; n += poll(&p, 1, -1);',
  'n += syscall(SYS_read, ends[0], &n, 1L, 0L, 0L, 0L);',
  'struct timespec t = { 100000, 0 }; n += clock_nanosleep(CLOCK_MONOTONIC, 0, &t, 0);',
  'struct epoll_event e; int f = epoll_create1(0); n += epoll_wait(f, &e, 1, -1);',
  'long r; __asm__ volatile("syscall" : "=a"(r) : "a"(0L), "D"((long)ends[0]), "S"(&r), "d"(1L) : "rcx", "r11", "memory"); n += r;',
  'pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER; pthread_cond_t c = PTHREAD_COND_INITIALIZER; pthread_mutex_lock(&m); n += pthread_cond_wait(&c, &m);',
];

/** Bodies of a function around the call of the next one, `NEXT(n)`. */
const BODIES = [
  'return NEXT(n + 1) + 1;',
  'char big[2000]; use(big); n += NEXT(n); use(big); return n;',
  'char *p = alloca(n % 7 * 16 + eight); use(p); n += NEXT(n); use(p); return n;',
  'char v[eight * 3 + 5]; use(v); n += NEXT(n); use(v); return n;',
  'char a[64] __attribute__((aligned(64))); use(a); n += NEXT(n); use(a); return n;',
  'long (*volatile f)(long) = NEXT; return f(n) + 2;',
  'long s = 0; for (int i = 0; i < 1; i++) { s += NEXT(s + i); sink++; } return s;',
  'struct { long w[12]; } s; memset(&s, (int)n, sizeof s); use(&s); s.w[3] += NEXT(n); use(&s); return s.w[3];',
  'return many(1, 2, 3, 4, 5, 6, n, NEXT(n)) + 1;',
  'double d = n * 1.5; d += NEXT((long)d); sink += (int)d; return (long)d;',
];

/** A program of `threads` threads, each asleep below a chain of functions of its own. */
export function stackProgram(seed: number, threads: number): string {
  const next = numbers(seed);
  const lines = [
    HEAD,
    'FUNCTION many(long a, long b, long c, long d, long e, long f, long g, long h) { sink += (int)(a + b + c + d + e + f + g); return h; }',
  ];
  for (let thread = 0; thread < threads; thread++) {
    const depth = 2 + next(7);
    lines.push(`FUNCTION t${thread}_0(long n) { ${LEAVES[next(LEAVES.length)]} sink++; return n; }`);
    for (let level = 1; level <= depth; level++) {
      const body = (BODIES[next(BODIES.length)] ?? '').replaceAll('NEXT', `t${thread}_${level - 1}`);
      lines.push(`FUNCTION t${thread}_${level}(long n) { ${body} }`);
    }
    lines.push(`static void *start${thread}(void *p) { return (void *)t${thread}_${depth}((long)p); }`);
  }
  const starts = Array.from({ length: threads }, (_, thread) => `pthread_create(&t, 0, start${thread}, 0);`);
  lines.push(
    `int main(void) { pthread_t t; if (pipe(ends)) return 1; ${starts.join(' ')} puts("ready"); fflush(stdout); pause(); }`,
  );
  return lines.join('\n');
}

let folder: string | undefined;
let made = 0;

/** One that goes with the tests, and that everybody may enter. */
export function programFolder(): string {
  if (folder === undefined) {
    folder = mkdtempSync(join(tmpdir(), 'inspect-stacks-'));
    toReleaseByShell(`rm -rf '${folder}'`);
    chmodSync(folder, 0o755);
  }
  return folder;
}

/** Answers the program's path. */
export function compile(name: string, source: string, compiler: string, flags: readonly string[]): string {
  const program = join(programFolder(), `${name}-${made++}`);
  const file = `${program}${compiler === 'g++' ? '.cpp' : '.c'}`;
  writeFileSync(file, source);
  execFileSync(compiler, [...flags, '-pthread', '-o', program, file], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  return program;
}
