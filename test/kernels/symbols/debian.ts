import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { CHECKOUT } from '../../real/support/programs';
import { SUITES, type Version } from '../support/kernels';
import { Packages } from '../support/packages';
import { moduleFunctions } from './elf';
import { kernelFunctions } from './kallsyms';

const CACHE = join(CHECKOUT, '.cache/symbols');

/** Names of every function of Debian's kernel of that version and of its modules; fetched once, about 100 MB. */
export function functionsOfDebian(version: Version): ReadonlySet<string> {
  const file = join(CACHE, version);
  if (!existsSync(file)) {
    const names = fetched(version);
    writeFileSync(`${file}.${process.pid}`, [...names].join('\n'));
    renameSync(`${file}.${process.pid}`, file);
  }
  return new Set(readFileSync(file, 'utf8').split('\n'));
}

function fetched(version: Version): Set<string> {
  const place = join(CACHE, `fetch-${process.pid}`);
  mkdirSync(place, { recursive: true });
  try {
    const packages = new Packages(SUITES[version], join(place, 'apt'));
    packages.update();
    const image = packages.dependencies('linux-image-amd64').find((name) => /^linux-image-\d/.test(name));
    if (image === undefined) throw new Error(`Debian has no Linux ${version}`);
    const parts = packages.dependencies(image).filter((name) => /^linux-(binary|modules)-\d/.test(name));
    const tree = join(place, 'tree');
    packages.unpack([image, ...parts], tree);
    return functionsIn(tree);
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

function functionsIn(tree: string): Set<string> {
  const names = new Set<string>();
  for (const file of readdirSync(tree, { recursive: true, encoding: 'utf8' })) {
    const path = join(tree, file);
    const found = basename(file).startsWith('vmlinuz')
      ? kernelFunctions(uncompressed(readFileSync(path)))
      : file.endsWith('.ko')
        ? moduleFunctions(readFileSync(path))
        : file.endsWith('.ko.xz')
          ? moduleFunctions(execFileSync('xz', ['-dc', path], { maxBuffer: 1 << 30 }))
          : [];
    for (const name of found) names.add(name);
  }
  return names;
}

/** What unpacks a kernel, by how it begins. */
const PACKERS = new Map<string, readonly string[]>([
  ['fd377a58', ['xz', '-dc', '--single-stream']],
  ['28b52ffd', ['zstd', '-dcq']],
  ['02214c18', ['lz4', '-dcq']],
  ['1f8b0800', ['gzip', '-dcq']],
]);

/** The kernel inside a bzImage (Documentation/arch/x86/boot.rst: setup_sects, payload_offset, payload_length). */
function uncompressed(image: Buffer): Buffer {
  const start = ((image[0x1f1] ?? 0) + 1) * 512 + image.readUInt32LE(0x248);
  // Its size stands behind it.
  const input = image.subarray(start, start + image.readUInt32LE(0x24c) - 4);
  const [program, ...options] = PACKERS.get(input.toString('hex', 0, 4)) ?? [];
  if (program === undefined) throw new Error('a kernel packed in an unknown way');
  const { stdout } = spawnSync(program, options, { input, maxBuffer: 1 << 30 });
  if (!stdout?.length) throw new Error(`${program} does not unpack the kernel`);
  return stdout;
}
