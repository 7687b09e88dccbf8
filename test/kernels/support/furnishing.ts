import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Entry } from './archive';
import type { Kernel } from './kernels';
import { Missing } from './missing';

/** Where modprobe finds them, with the list of what each needs. */
export function loadableModules({ release, loadable }: Kernel): Entry[] {
  const place = `lib/modules/${release}`;
  const needs = loadable.map(({ path, needs }) => `${[`${basename(path)}:`, ...needs].join(' ')}\n`);
  return [
    ...['lib', 'lib/modules', place].map((path) => ({ path })),
    ...loadable.map(({ path }) => ({ path: `${place}/${basename(path)}`, content: readFileSync(path) })),
    { path: `${place}/modules.dep`, content: Buffer.from(needs.join('')) },
  ];
}

/** Programs of this machine and the libraries they are linked with, each where it is here. */
export function withLibraries(programs: readonly string[]): Entry[] {
  const files = new Set(programs.flatMap((program) => [program, ...librariesOf(program)]));
  const places = new Set([...files].flatMap((path) => parents(path)));
  return [
    ...[...places].sort().map((path) => ({ path })),
    ...[...files].map((path) => ({ path: path.slice(1), content: readFileSync(path), executable: true })),
  ];
}

/** Folders above a file, without a slash at the start. */
function parents(path: string): string[] {
  const parent = dirname(path);
  return parent === '/' ? [] : [...parents(parent), parent.slice(1)];
}

function librariesOf(program: string): string[] {
  const run = spawnSync('ldd', [program], { encoding: 'utf8' });
  if (run.status !== 0) throw new Missing(`needs ${program} (apt-get install dmsetup e2fsprogs)`);
  return [...run.stdout.matchAll(/(\/\S+) \(0x/g)].flatMap(([, path]) => path ?? []);
}
