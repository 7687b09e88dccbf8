import { readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { openLocal } from '../../src/target/local';
import { probePath } from '../../src/target/probePath';
import type { Target } from '../../src/target/target';
import { actor } from '../real/support/actor';
import { CHECKOUT } from '../real/support/programs';
import { type Running, startVictim, type Victim } from '../real/support/victim';
import { Skipped } from './figures';

/** The descriptors of a process that are rings. */
export function ringFds(pid: number): number[] {
  return readdirSync(`/proc/${pid}/fd`)
    .filter((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`) === 'anon_inode:[io_uring]')
    .map(Number);
}

/** Gives a benchmark a victim and a probe, and takes both back. */
export async function withVictim<T>(
  program: string,
  args: readonly string[],
  work: (victim: Victim, target: Target) => Promise<T>,
): Promise<T> {
  const endings: (() => void)[] = [];
  const running: Running = {
    skip: (note: string): never => {
      throw new Skipped(note);
    },
    onTestFinished: (callback) => endings.push(callback),
  };
  const target = await openLocal(probePath(join(CHECKOUT, 'dist')));
  try {
    return await work(await startVictim(running, actor('root'), program, args), target);
  } finally {
    target.dispose();
    for (const end of endings.reverse()) end();
  }
}

/** A target that notes what is read, as lines for readproc (test/bench/readproc.c). */
export function recording(target: Target, steps: string[]): Target {
  const note = (letter: string, paths: readonly string[]) => {
    for (const path of paths) steps.push(`${letter} ${path}`);
  };
  return {
    label: target.label,
    frozen: target.frozen,
    rights: target.rights,
    arch: target.arch,
    ...(target.self === undefined ? {} : { self: target.self }),
    read: (paths, options) => {
      note('r', paths);
      return target.read(paths, options);
    },
    list: (paths, options) => {
      note(options?.links === true || options?.only ? 'l' : 'd', paths);
      return target.list(paths, options);
    },
    link: (paths, options) => {
      note('k', paths);
      return target.link(paths, options);
    },
    inodes: (paths, options) => target.inodes(paths, options),
    memory: (pid, ranges, options) => {
      for (const { address, length } of ranges)
        steps.push(`m /proc/${pid}/mem ${address.toString(16)} ${length.toString(16)}`);
      return target.memory(pid, ranges, options);
    },
    ...(target.kernel ? { kernel: target.kernel } : {}),
    dispose: () => undefined,
  };
}
