import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

export const CHECKOUT = join(import.meta.dirname, '../../..');

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
