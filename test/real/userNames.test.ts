import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { LinkThread } from '../../src/inspect/linkThread';
import { look } from '../../src/inspect/look';
import type { Sample } from '../../src/model/sample';
import { takeSample } from '../../src/sample/takeSample';
import { isBlindSource } from '../../src/source/blindSources';
import type { CallStack } from '../../src/source/callStacks';
import { isOfBuild } from '../../src/source/elfFile';
import { withoutShapes } from '../../src/source/frameNames';
import { openLines, type SourceFrame } from '../../src/source/lines';
import { SampleLinker } from '../../src/source/linkSample';
import { openDebuginfod } from '../../src/target/debuginfod';
import { openLocalBytes } from '../../src/target/localBytes';
import { unpack } from '../../src/target/unpack';
import { startThread } from '../../src/target/workerThread';
import { gdbStacks } from './support/gdb';
import { Installed, pidOf } from './support/installed';
import { namedStacks, namesOf, openTarget } from './support/namedStacks';
import { until } from './support/proc';
import { CHECKOUT } from './support/programs';
import { killGroup, toRelease } from './support/releases';

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

const GO_BUILDS = [
  ['as built by default', []],
  ['position-independent', ['-buildmode=pie']],
] as const;

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

it.for(GO_BUILDS)('stacks of Go are proven with the tables of its file, %s', async ([, flags], context) => {
  const at = new Installed(context);
  at.needs('go', 'gdb');
  at.file('waits.go', GO);
  at.file('go.mod', 'module waits\n');
  at.run('sh', ['-c', `GOCACHE=${at.folder}/cache GOFLAGS=-mod=mod go build ${flags.join(' ')} -o waits .`]);
  const child = spawn(`${at.folder}/waits`, [], {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { GOTRACEBACK: 'system' },
  });
  const pid = pidOf(child);
  context.onTestFinished(toRelease(() => killGroup(pid)));
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

  process.kill(pid, 'SIGQUIT');
  const tracebacks = [
    ...(await text(child.stderr)).matchAll(/^goroutine \d+.*\[syscall.*\]:\n((?:.+\n)+)/gm),
  ].map(([, lines = '']) =>
    [...lines.matchAll(/^(\S+)\(.*\)\n\t.+:(\d+)/gm)].map(([, name, line]) => `${name} ${line}`),
  );
  expect(tracebacks).toHaveLength(3);
  const ours = inTake(stacks).map(({ frames = [] }) =>
    frames.map((frame) => `${frame.function} ${frame.line}`),
  );
  // Of the innermost it has the line that told the scheduler, just before the call that blocks.
  for (const [, ...traceback] of tracebacks) {
    expect(traceback.length).toBeGreaterThan(4);
    expect(ours.map((stack) => stack.slice(-traceback.length))).toContainEqual(traceback);
  }
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

it('lines come from a server of debuginfod where the program has no debug information', async (context) => {
  const at = new Installed(context);
  at.needs('gcc', 'objcopy', 'readelf');
  at.file(
    'waits.c',
    '#include <unistd.h>\n__attribute__((noinline)) static int take(int n) {\n  return pause() + n;\n}\nint main(void) { return take(2) + 1; }\n',
  );
  at.run('gcc', ['-g', '-O1', '-Wl,--build-id=sha1', 'waits.c', '-o', 'waits']);
  at.run('objcopy', ['--only-keep-debug', 'waits', 'waits.debug']);
  at.run('strip', ['waits']);
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.end(readFileSync(`${at.folder}/waits.debug`));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.onTestFinished(() => void server.close());
  const address = server.address();
  const fetchDebugFile = openDebuginfod({
    urls: [`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`],
    folder: `${at.folder}/cache`,
    isOfBuild: (bytes, buildId) => isOfBuild(bytes, buildId, unpack),
  });
  const pid = await started(at, `${at.folder}/waits`);
  const target = await openTarget(context);
  const [without] = await namedStacks(target, pid);
  expect(without && namesOf(without)).not.toContain('take');
  const [stack] = await namedStacks(target, pid, { fetchDebugFile });
  expect(stack?.frames).toContainEqual(expect.objectContaining({ function: 'take', line: 3 }));
  const id = spawnSync('readelf', ['-n', `${at.folder}/waits`], { encoding: 'utf8' }).stdout;
  expect(asked).toContain(`/buildid/${/Build ID: (\w+)/.exec(id)?.[1]}/debuginfo`);
});

it('a look in the editor does not wait for a server of debuginfod, and is told the lines when they are here', async (context) => {
  const at = new Installed(context);
  at.needs('gcc', 'objcopy', 'readelf');
  at.file(
    'waits.c',
    '#include <unistd.h>\n__attribute__((noinline)) static int take(int n) {\n  return pause() + n;\n}\nint main(void) { return take(2) + 1; }\n',
  );
  at.run('gcc', ['-g', '-O1', '-Wl,--build-id=sha1', 'waits.c', '-o', 'waits']);
  at.run('objcopy', ['--only-keep-debug', 'waits', 'waits.debug']);
  at.run('strip', ['waits']);
  const held: (() => void)[] = [];
  const server = createServer((_, response) => {
    held.push(() => response.end(readFileSync(`${at.folder}/waits.debug`)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.onTestFinished(() => void server.close());
  const address = server.address();
  const urls = [`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`];
  const settings = { debuginfod: { urls, folder: `${at.folder}/cache` } };
  const thread = new LinkThread(
    () => startThread(join(CHECKOUT, 'dist/links.js'), { role: 'links', settings }, 512),
    {
      setTimeout: (callback, wait) => setTimeout(callback, wait).unref(),
      clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout),
    },
  );
  context.onTestFinished(() => thread.dispose());
  const pid = await started(at, `${at.folder}/waits`);
  const target = await openTarget(context);
  const lates: Sample[] = [];
  const links = { link: thread.link, late: (linked: Sample) => void lates.push(linked) };
  const first = await look(target, pid, { links, walk: false });
  const own = first.tasks[0]?.userStack?.filter(({ binary }) => binary === `${at.folder}/waits`) ?? [];
  expect(own.length).toBeGreaterThan(1);
  expect(own.filter(({ line }) => line !== undefined)).toEqual([]);
  expect(held.length).toBeGreaterThan(0);
  expect(lates).toEqual([]);
  const released = setInterval(() => {
    for (const answer of held.splice(0)) answer();
  }, 20);
  context.onTestFinished(() => clearInterval(released));
  await expect.poll(() => lates.length, { timeout: 10_000 }).toBeGreaterThan(0);
  const line3 = expect.objectContaining({ function: 'take', line: 3 });
  expect(lates.at(-1)?.tasks[0]?.userStack).toContainEqual(line3);
  const next = await look(target, pid, { links, walk: false, previous: lates.at(-1) });
  expect(next.tasks[0]?.userStack).toContainEqual(line3);
});

it('a Sample says once why a program’s lines are not told, and what to do', async (context) => {
  const at = new Installed(context);
  at.needs('gcc', 'strip');
  at.file('waits.c', '#include <unistd.h>\nint main(void) { return pause() + 1; }\n');
  at.run('gcc', ['-g', 'waits.c', '-o', 'traced']);
  at.run('gcc', ['-Wl,--build-id=sha1', '-s', 'waits.c', '-o', 'stripped']);
  const target = await openTarget(context);
  const linker = new SampleLinker(target, { unpack });
  context.onTestFinished(() => linker.close());
  const rowsOf = async (name: string) => {
    const pid = await started(at, `${at.folder}/${name}`);
    const sample = await linker.link(await takeSample(target, pid, { walk: false }));
    return sample.notVisible.filter(isBlindSource);
  };
  expect(await rowsOf('traced')).toEqual([]);
  expect(await rowsOf('stripped')).toEqual([
    {
      what: 'source lines of stripped',
      why: 'it has no debug information and was stripped of its functions’ names',
      remedy: expect.stringMatching(/compile it with -g.*build-id [0-9a-f]{40}\)/),
    },
  ]);
});

it.for(GO_BUILDS)(
  'stripped Go is told by the table of its own tracebacks, %s',
  async ([, flags], context) => {
    const at = new Installed(context);
    at.needs('go');
    at.file('waits.go', GO);
    at.file('go.mod', 'module waits\n');
    const build = ['go', 'build', ...flags, '-o'];
    const environment = `GOCACHE=${at.folder}/cache GOFLAGS=-mod=mod`;
    at.run('sh', ['-c', `${environment} ${[...build, 'traced', '.'].join(' ')}`]);
    at.run('sh', ['-c', `${environment} ${[...build, 'waits', "-ldflags='-s -w'", '.'].join(' ')}`]);
    const open = async (name: string) => {
      const source = await openLocalBytes(`${at.folder}/${name}`);
      if (typeof source === 'string') throw new Error(source);
      const result = await openLines(source, { path: name, unpack, open: openLocalBytes });
      if (!result.ok) throw new Error(result.why);
      return result.lines;
    };
    const [stripped, traced] = [await open('waits'), await open('traced')];
    expect(stripped.elf.find('.symtab')).toBeUndefined();
    expect(await stripped.info()).toBeUndefined();
    const code = stripped.elf.find('.text');
    const addresses = Array.from({ length: 400 }, (_, n) =>
      BigInt((code?.address ?? 0) + Math.floor(((code?.size ?? 0) * n) / 400)),
    );
    expect(traced.elf.find('.text')).toMatchObject({ address: code?.address, size: code?.size });
    const theirs = await traced.locate(addresses);
    const shown = (frames: readonly SourceFrame[]) =>
      frames.map(({ function: name = '', file, line }) => `${withoutShapes(name)} ${file}:${line}`);
    // The table says less of assembly, and of a line 0 nothing.
    const differing = (await stripped.locate(addresses)).flatMap(({ frames }, index) => {
      const expected = theirs[index]?.frames ?? [];
      if (frames.length === 0 || expected.some(({ line }) => line === undefined)) return [];
      const [ours, truth] = [shown(frames), shown(expected)];
      return ours.join() === truth.join() ? [] : [{ ours, truth }];
    });
    expect(differing).toEqual([]);
    expect(
      (await stripped.locate(addresses)).filter(({ frames: [frame] }) => frame?.line !== undefined).length,
    ).toBeGreaterThan(350);
    stripped.close();
    traced.close();
  },
);
