import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The folder of package.json, from the sources as well as from a bundle below it. */
export const CHECKOUT = nearest(import.meta.dirname);

function nearest(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : nearest(dirname(folder));
}

/** Where the compiled victims are. */
export const PROGRAMS = join(CHECKOUT, '.cache/victims');

/** The same linked statically, for a machine or a container that has no C library. */
export const STATIC_PROGRAMS = join(CHECKOUT, '.cache/victims-static');

let built = false;

/** Compiles what is not up to date; throws with the compiler's words. */
export function buildPrograms(): void {
  if (built) return;
  build([PROGRAMS]);
  built = true;
}

export function buildStatic(...names: readonly string[]): void {
  build(['--static', STATIC_PROGRAMS, ...names]);
}

/** With debug information, in a folder of the caller's. */
export function buildForDebugging(folder: string, ...names: readonly string[]): void {
  build(['--debug', folder, ...names]);
}

function build(args: readonly string[]): void {
  const script = join(CHECKOUT, 'test/victims/build.mjs');
  const run = spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' });
  if (run.status !== 0) throw new Error(run.stderr);
}
