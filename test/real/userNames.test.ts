import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { Installed, pidOf } from './support/installed';
import { namedStacks, namesOf, openTarget } from './support/namedStacks';
import { until } from './support/proc';

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
