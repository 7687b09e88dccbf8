import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { CallStack } from '../../src/source/callStacks';
import { gdbStacks } from './support/gdb';
import { Installed, pidOf } from './support/installed';
import { namedStacks, namesOf, openTarget } from './support/namedStacks';
import { until } from './support/proc';
import { toRelease } from './support/releases';

const sleeps = (pid: number): boolean => /^State:\tS/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));

/** Compiles and starts it: its pid once it sleeps. */
async function started(at: Installed, program: string): Promise<number> {
  const pid = pidOf(at.start(program, []));
  await until(() => readFileSync(`/proc/${pid}/cmdline`, 'latin1').startsWith(program), program);
  await until(() => sleeps(pid), `sleep of ${program}`);
  return pid;
}

it('functions of C++ without debug information have the names of their source', async (context) => {
  const at = new Installed(context);
  at.needs('g++');
  at.file(
    'waits.cpp',
    `#include <unistd.h>
     namespace store { template <typename T> struct Queue { [[gnu::noinline]] int take(T n) { int r = pause(); return r + n; } }; }
     [[gnu::noinline]] int serve(store::Queue<long> &q) { return q.take(3) + 1; }
     int main() { store::Queue<long> q; return serve(q) + 1; }`,
  );
  at.run('g++', ['-O1', 'waits.cpp', '-o', 'waits']);
  const pid = await started(at, `${at.folder}/waits`);
  const [stack] = await namedStacks(await openTarget(context), pid);
  expect(stack && namesOf(stack)).toEqual(
    expect.arrayContaining(['store::Queue<long>::take(long)', 'serve(store::Queue<long>&)', 'main']),
  );
});

it.for(['-g', ''])(
  'functions of Rust are called as in its source, compiled with %j',
  async (flags, context) => {
    const at = new Installed(context);
    at.needs('rustc');
    at.file(
      'waits.rs',
      `use std::io::Read;
     trait Store { fn take(&self) -> i32; }
     struct Disk; 
     impl Store for Disk { #[inline(never)] fn take(&self) -> i32 { let mut b = [0u8]; let r = std::fs::File::open("fifo").unwrap().read(&mut b).unwrap(); r as i32 + 1 } }
     #[inline(never)] fn serve(s: &dyn Store) -> i32 { s.take() + 1 }
     fn main() { std::process::exit(serve(&Disk)); }`,
    );
    at.run('rustc', [...(flags ? [flags] : []), 'waits.rs', '-o', 'waits']);
    at.run('mkfifo', ['fifo']);
    const pid = await started(at, `${at.folder}/waits`);
    const [stack] = await namedStacks(await openTarget(context), pid);
    expect(stack && namesOf(stack)).toEqual(
      expect.arrayContaining(['<waits::Disk as waits::Store>::take', 'waits::serve', 'waits::main']),
    );
  },
);

/** Goroutines that block in system calls, each in a thread of its own. */
const GO = `package main

import (
	"sync"
	"syscall"
)

type store struct{ n int }

//go:noinline
func (s *store) take(fd int) int {
	var b [300]byte
	n, _ := syscall.Read(fd, b[:])
	return n + s.n + int(b[3])
}

//go:noinline
func serve(s *store, fd, depth int) int {
	if depth > 0 {
		return serve(s, fd, depth-1) + 1
	}
	return s.take(fd) + 1
}

func main() {
	var p [2]int
	syscall.Pipe(p[:])
	var wait sync.WaitGroup
	for i := 0; i < 2; i++ {
		wait.Add(1)
		go func() { println(serve(&store{1}, p[0], 3)); wait.Done() }()
	}
	println(serve(&store{2}, p[0], 1))
	wait.Wait()
}
`;

it.for([
  ['as built by default', []],
  ['position-independent', ['-buildmode=pie']],
] as const)('stacks of Go are proven with the tables of its file, %s', async ([, flags], context) => {
  const at = new Installed(context);
  at.needs('go', 'gdb');
  at.file('waits.go', GO);
  at.file('go.mod', 'module waits\n');
  at.run('sh', ['-c', `GOCACHE=${at.folder}/cache GOFLAGS=-mod=mod go build ${flags.join(' ')} -o waits .`]);
  const pid = await started(at, `${at.folder}/waits`);
  const target = await openTarget(context);
  const inTake = (stacks: readonly CallStack[]) =>
    stacks.filter((stack) => namesOf(stack).includes('main.(*store).take'));
  await expect.poll(async () => inTake(await namedStacks(target, pid)).length, { timeout: 10_000 }).toBe(3);
  const stacks = await namedStacks(target, pid);
  for (const { frames = [], note } of inTake(stacks)) {
    expect(note).toBeUndefined();
    expect(new Set(frames.map(({ trust }) => trust))).toEqual(new Set(['proven']));
    expect(frames.at(-1)?.function).toBe('runtime.goexit');
    expect(frames.find(({ function: name }) => name === 'main.(*store).take')).toMatchObject({
      file: expect.stringMatching(/waits\.go$/),
      line: 13,
    });
  }
  expect(
    inTake(stacks)
      .map((stack) => namesOf(stack).filter((name) => name === 'main.serve').length)
      .sort(),
  ).toEqual([2, 4, 4]);
  const truth = gdbStacks(pid);
  const wrong = stacks.flatMap(({ tid, frames = [] }) => {
    const theirs = new Set(truth.get(tid)?.map((pc) => `0x${pc.toString(16)}`));
    return frames.filter(({ trust, address }) => trust === 'proven' && !theirs.has(address));
  });
  expect(wrong).toEqual([]);
});

it('functions of JavaScript are named where Node is told to write them down', async (context) => {
  const at = new Installed(context);
  at.file(
    'waits.js',
    `const word = new Int32Array(new SharedArrayBuffer(4));
function take() { Atomics.wait(word, 0, 0); return 1; }

function serve(depth) { return depth > 0 ? serve(depth - 1) + 1 : take() + 1; }
serve(2);`,
  );
  const flags = ['--perf-basic-prof', '--interpreted-frames-native-stack'];
  const pid = pidOf(at.start(process.execPath, [...flags, 'waits.js']));
  context.onTestFinished(toRelease(() => rmSync(`/tmp/perf-${pid}.map`, { force: true })));
  const target = await openTarget(context);
  const first = async () => (await namedStacks(target, pid)).find(({ tid }) => tid === pid);
  await expect
    .poll(async () => (await first())?.frames?.map(({ function: name }) => name), { timeout: 15_000 })
    .toContain('serve');
  const stack = await first();
  const own = stack?.frames?.filter(({ file }) => file?.endsWith('/waits.js'));
  expect(own?.map(({ function: name, line }) => `${name} ${line}`)).toEqual([
    'take 2',
    'serve 4',
    'serve 4',
    'serve 4',
    '(anonymous) 1',
  ]);
});

it('code that is made while a program runs is called so where nobody tells its names', async (context) => {
  const at = new Installed(context);
  at.needs('gcc');
  at.file(
    'made.c',
    `#define _GNU_SOURCE
     #include <string.h>
     #include <sys/mman.h>
     #include <unistd.h>
     int main(void) {
       int file = memfd_create("jit", 0); ftruncate(file, 4096);
       unsigned char *code = mmap(0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_SHARED, file, 0);
       memcpy(code, "\\x55\\x48\\x89\\xe5\\xff\\xd7\\x5d\\xc3", 8);
       ((void (*)(int (*)(void)))code)(pause);
       return 1;
     }`,
  );
  at.run('gcc', ['-O1', 'made.c', '-o', 'made']);
  const pid = await started(at, `${at.folder}/made`);
  const target = await openTarget(context);
  const [stack] = await namedStacks(target, pid);
  const made = stack?.frames?.find(({ binary }) => binary === undefined);
  expect(made?.function).toMatch(/^0x[0-9a-f]+ in code made while it runs \(\/memfd:jit/);
  const path = `/tmp/perf-${pid}.map`;
  context.onTestFinished(toRelease(() => rmSync(path, { force: true })));
  writeFileSync(path, `${(Number(made?.address) - 6).toString(16)} 8 compiled_take\n`);
  const [named] = await namedStacks(target, pid);
  expect(named && namesOf(named)).toContain('compiled_take');
});
