import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, posix } from 'node:path';

/** Larger files are tables of numbers. */
const MOST_BYTES = 4 << 20;
/** Files read ahead of the one that is looked at. */
const AHEAD = 16;
/** Folders of a path from elsewhere that are tried. */
const MOST_PARTS = 16;
/** What lies beside the kernel's own sources: nothing of it runs in the kernel. */
const ASIDE = new Set(['Documentation', 'tools', 'scripts', 'samples', 'usr', 'debian']);

/** A folder of this machine that holds the sources of a kernel. */
export interface KernelTree {
  readonly path: string;
  /** The same as long as the tree most likely is. */
  readonly state: string;
  /** The first part of its Makefile. */
  readonly makefile: string;
}

/** Undefined where the folder is no kernel's. */
export async function openKernelTree(path: string): Promise<KernelTree | undefined> {
  try {
    const names = ['MAINTAINERS', 'Makefile'];
    const [maintainers, makefile] = await Promise.all(names.map((name) => stat(join(path, name))));
    const text = await readFile(join(path, 'Makefile'), 'utf8');
    const state = `${path} ${maintainers?.mtimeMs} ${makefile?.mtimeMs}`;
    return { path, state, makefile: text.slice(0, 4096) };
  } catch {
    return undefined;
  }
}

/** A name for a file about a tree, whatever its path is. */
export function treeKey(path: string): string {
  return createHash('sha256').update(path).digest('hex').slice(0, 16);
}

/**
 * The file of a tree that a compiler was given by a path of the machine that built the kernel: the longest end of it that is
 * there, a folder of the tree at least. Relative to the tree.
 */
export async function findInTree(tree: string, path: string): Promise<string | undefined> {
  const parts = posix.normalize(path).split('/').slice(-MOST_PARTS);
  const clean = parts.slice(parts.lastIndexOf('..') + 1).filter(Boolean);
  for (let from = 0; from < clean.length - 1; from++) {
    const file = clean.slice(from).join('/');
    const isFile = await stat(join(tree, file)).then(
      (found) => found.isFile(),
      () => false,
    );
    if (isFile) return file;
  }
  return undefined;
}

/** The paths of a tree's files that `wanted` takes, in their order, relative to it. Links are not followed. */
export async function filesOf(
  tree: string,
  wanted: (file: string) => boolean,
  signal: AbortSignal,
): Promise<string[]> {
  const found: string[] = [];
  const folders = [''];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    signal.throwIfAborted();
    const entries = await readdir(join(tree, folder), { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) {
        if (!entry.name.startsWith('.') && !(folder === '' && ASIDE.has(entry.name))) folders.push(path);
      } else if (entry.isFile() && wanted(path)) found.push(path);
    }
  }
  return found.sort();
}

/** Hands the text of each file on, a few of them read ahead; what cannot be read or is too long is left out. */
export async function readEach(
  tree: string,
  files: readonly string[],
  each: (file: string, text: string, index: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const read = async (file: string | undefined): Promise<string> => {
    if (file === undefined) return '';
    const bytes = await readFile(join(tree, file)).catch(() => Buffer.alloc(0));
    return bytes.length > MOST_BYTES ? '' : bytes.toString('latin1');
  };
  const ahead = files.slice(0, AHEAD).map(read);
  for (const [index, file] of files.entries()) {
    signal.throwIfAborted();
    const text = await ahead.shift();
    ahead.push(read(files[index + AHEAD]));
    if (text) each(file, text, index);
  }
}
