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

let built = false;

/** Compiles what is not up to date; throws with the compiler's words. */
export function buildPrograms(): void {
  if (built) return;
  const args = [join(CHECKOUT, 'test/victims/build.mjs'), PROGRAMS];
  const run = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (run.status !== 0) throw new Error(run.stderr);
  built = true;
}
