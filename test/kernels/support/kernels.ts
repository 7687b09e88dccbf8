import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { CHECKOUT } from '../../real/support/programs';
import { Missing } from './missing';
import { Packages, type Suite } from './packages';

const CACHE = join(CHECKOUT, '.cache/kernels');

/** The kernels that can be tested on, and whose packages have them. */
export const SUITES = {
  '5.10': { label: 'Debian-Security', name: 'bullseye-security' },
  '6.1': { label: 'Debian', name: 'bookworm' },
  '6.12': { label: 'Debian', name: 'trixie' },
  '7.2': { label: 'Debian', name: 'sid' },
} as const satisfies Record<string, Suite>;

export type Version = keyof typeof SUITES;

export const VERSIONS = Object.keys(SUITES) as Version[];

/** Modules that a machine loads where they are not built in, with all that they depend on. */
const MODULES = ['virtio_pci', 'virtio_console', 'fuse', 'loop'];

/** Modules that a machine with disks can load by name. */
const STORAGE_MODULES = [
  ...['virtio_blk', 'virtio_scsi', 'sd_mod', 'nvme', 'nbd', 'dm_mod', 'md_mod', 'raid1'],
  ...['nfs', 'nfsv3', 'nfsv4', 'nfsd', 'virtiofs', 'tls', 'gcm', 'ctr', 'ghash_generic'],
];

/** A module that is loaded when it is asked for. */
export interface Loadable {
  readonly path: string;
  /** Names of the files it needs, all of them, the last to be loaded first. */
  readonly needs: readonly string[];
}

/** A kernel on this machine's disk. */
export interface Kernel {
  /** As `uname -r` prints it. */
  readonly release: string;
  readonly image: string;
  /** Paths of module files, not compressed, in the order in which they are to be loaded. */
  readonly modules: readonly string[];
  /** Those of STORAGE_MODULES that are not built in, and what they need. */
  readonly loadable: readonly Loadable[];
}

/** kernel.json. */
interface Listed {
  readonly release: string;
  readonly modules: readonly string[];
  /** Each module's file with those it needs. */
  readonly needs: Readonly<Record<string, readonly string[]>>;
  /** What was wanted when it was written: a cache with less is made anew. */
  readonly wanted: string;
}

const WANTED = [...MODULES, ...STORAGE_MODULES].join(' ');

/** The kernel of that version, from the cache or from Debian. Throws `Missing` when it cannot be had. */
export function obtainKernel(version: Version): Kernel {
  const place = join(CACHE, version);
  const list = join(place, 'kernel.json');
  let listed = readList(list);
  if (!listed) {
    const fresh = `${place}.${process.pid}`;
    try {
      fetchKernel(version, fresh);
      // Another process may have been quicker.
      if (!readList(list)) {
        rmSync(place, { recursive: true, force: true });
        renameSync(fresh, place);
      }
    } finally {
      rmSync(fresh, { recursive: true, force: true });
    }
    listed = readList(list);
  }
  if (!listed) throw new Error(`${list} is not whole`);
  const { release, modules, needs } = listed;
  const inPlace = (name: string) => join(place, 'modules', name);
  const loadable = Object.entries(needs).map(([name, all]) => ({ path: inPlace(name), needs: all }));
  return { release, image: join(place, 'vmlinuz'), modules: modules.map(inPlace), loadable };
}

function readList(file: string): Listed | undefined {
  if (!existsSync(file)) return undefined;
  const listed = JSON.parse(readFileSync(file, 'utf8')) as Listed;
  return listed.wanted === WANTED ? listed : undefined;
}

/** Leaves in `place`: vmlinuz, modules/, and kernel.json, which says what is what. */
function fetchKernel(version: Version, place: string): void {
  const suite = SUITES[version];
  const packages = new Packages(suite, join(place, 'apt'));
  packages.update();
  const image = packages.dependencies('linux-image-cloud-amd64').find((name) => /^linux-image-\d/.test(name));
  const release = image?.slice('linux-image-'.length);
  if (image === undefined || !release?.startsWith(`${version}.`))
    throw new Missing(`needs Linux ${version}: Debian's ${suite.name} has ${release ?? 'none'}`);
  // From 6.17 on what used to be one package is several.
  const parts = packages.dependencies(image).filter((name) => /^linux-(binary|modules)-\d/.test(name));
  const tree = join(place, 'tree');
  packages.unpack([image, ...parts], tree);
  const files = readdirSync(tree, { recursive: true, encoding: 'utf8' });
  const vmlinuz = files.find((file) => basename(file).startsWith('vmlinuz'));
  if (vmlinuz === undefined) throw new Error(`${image} holds no kernel`);
  renameSync(join(tree, vmlinuz), join(place, 'vmlinuz'));
  const taken = takeModules(tree, files, join(place, 'modules'));
  rmSync(tree, { recursive: true });
  rmSync(join(place, 'apt'), { recursive: true });
  writeFileSync(join(place, 'kernel.json'), `${JSON.stringify({ release, ...taken, wanted: WANTED })}\n`);
}

/** Copies the modules and what they depend on, decompressed; the names of MODULES' files, dependencies first. */
function takeModules(
  tree: string,
  files: readonly string[],
  place: string,
): Pick<Listed, 'modules' | 'needs'> {
  mkdirSync(place);
  const paths = new Map<string, string>();
  for (const file of files) {
    const name = /([^/]+)\.ko(\.xz)?$/.exec(file)?.[1];
    if (name !== undefined) paths.set(name.replaceAll('-', '_'), join(tree, file));
  }
  const needs: Record<string, string[]> = {};
  /** The module's file and those it needs, itself last. */
  const take = (name: string): string[] => {
    const path = paths.get(name);
    if (path === undefined) return [];
    const file = `${name}.ko`;
    if (!needs[file]) {
      const content = path.endsWith('.xz') ? decompressed(path) : readFileSync(path);
      const depends = /\0depends=([^\0]*)\0/.exec(content.toString('latin1'))?.[1] ?? '';
      const all = depends.split(',').flatMap((other) => take(other.replaceAll('-', '_')));
      needs[file] = [...new Set(all)];
      writeFileSync(join(place, file), content);
    }
    return [...needs[file], file];
  };
  const modules = [...new Set(MODULES.flatMap(take))];
  for (const name of STORAGE_MODULES) take(name);
  // modules.dep has the nearest one first.
  return {
    modules,
    needs: Object.fromEntries(Object.entries(needs).map(([file, all]) => [file, all.reverse()])),
  };
}

function decompressed(path: string): Buffer {
  const run = spawnSync('busybox', ['xz', '-dc', path], { maxBuffer: 64 << 20 });
  if (run.error) throw new Missing('needs busybox (apt-get install busybox-static)');
  if (run.status !== 0) throw new Error(`${path}: ${run.stderr}`);
  return run.stdout;
}
