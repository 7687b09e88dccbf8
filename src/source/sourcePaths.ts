import { baseOf } from './dwarf/paths';

/** From the folder a program was compiled in to where its source lies for the user. */
export type SourceFileMap = Readonly<Record<string, string>>;

/** Where a compiler's path leads, with `/` or as the user has written it. */
export const partsOf = (path: string): string[] => path.split(/[\\/]+/).filter((part) => part !== '');

/** Bazel gives every compiler this folder, which stands for the workspace. */
const SANDBOX = /^\/proc\/self\/cwd\//;
/** Windows has drives and shares; its names differ in more than case. */
const WINDOWS = /^(?:[A-Za-z]:[\\/]|\\\\)/;

/**
 * Why no file of the user's can be meant, completing "…: "; undefined where one can. Rust's own library has a path that exists
 * nowhere, Go and GCC name places that the compiler has made up.
 */
export function noFile(path: string): string | undefined {
  if (/^\/rustc\/[0-9a-f]+\//.test(path)) return 'it belongs to the library of the Rust compiler';
  if (/^<.*>$/.test(baseOf(path))) return 'the compiler has made this code itself';
  return undefined;
}

/** The settings of cpptools, whose values may be objects, made plain; what is of no use is left out. `variable` answers `${…}`. */
export function readSourceFileMap(
  value: unknown,
  variable: (name: string) => string | undefined = () => undefined,
): SourceFileMap {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {};
  const map: Record<string, string> = {};
  for (const [from, to] of Object.entries(value)) {
    const path: unknown = typeof to === 'object' && to !== null ? Reflect.get(to, 'editorPath') : to;
    if (typeof path !== 'string' || path === '' || from === '') continue;
    map[from] = path.replace(/\$\{([\w:.-]+)\}/g, (whole, name: string) => variable(name) ?? whole);
  }
  return map;
}

/** The path after each entry of the map that it begins with, the longest first; in the notation of the entry's right side. */
export function mappedPaths(path: string, map: SourceFileMap): string[] {
  return Object.entries(map)
    .sort(([a], [b]) => b.length - a.length)
    .flatMap(([from, to]) => {
      const rest = restAfter(path, from);
      if (rest === undefined) return [];
      const separator = to.includes('\\') && !to.includes('/') ? '\\' : '/';
      const folder = to.replace(/[\\/]+$/, '');
      return [rest.length === 0 ? to : `${folder}${separator}${rest.join(separator)}`];
    });
}

/** Parts of `path` below the folder `from`; undefined where it is not below it. */
function restAfter(path: string, from: string): string[] | undefined {
  if (WINDOWS.test(path) !== WINDOWS.test(from) || isAbsolute(path) !== isAbsolute(from)) return undefined;
  const [parts, prefix] = [partsOf(path), partsOf(from)];
  const same = WINDOWS.test(path) ? sameName : (a: string | undefined, b: string) => a === b;
  return prefix.every((part, index) => same(parts[index], part)) ? parts.slice(prefix.length) : undefined;
}

export const isAbsolute = (path: string): boolean => path.startsWith('/') || WINDOWS.test(path);

/** The path from the top of a workspace's folder, where it says that it is one. */
export function belowWorkspace(path: string): string | undefined {
  if (SANDBOX.test(path)) return path.replace(SANDBOX, '');
  return isAbsolute(path) || partsOf(path).includes('..') ? undefined : partsOf(path).join('/');
}

export type BestMatch =
  | { readonly kind: 'one'; readonly path: string }
  | { readonly kind: 'several'; readonly paths: readonly string[] }
  | { readonly kind: 'none' };

/** A file to choose from: `below` = its path from the top of the workspace's folder that holds it. */
export interface Candidate {
  readonly path: string;
  readonly below: string;
}

/**
 * The file of a workspace that shares the most names with a compiler's path, counted from the end. A name alone is enough only for a
 * file at the top of a folder: `read.c` of the C library is not the one somewhere in the workspace.
 */
export function bestMatch(path: string, candidates: readonly Candidate[]): BestMatch {
  const parts = partsOf(path);
  let most = 0;
  let best: string[] = [];
  for (const candidate of candidates) {
    const common = commonEnd(parts, partsOf(candidate.path));
    if (common === 0 || (common === 1 && (isOfSystem(path) || partsOf(candidate.below).length > 1))) continue;
    if (common > most) best = [];
    if (common >= most) best.push(candidate.path);
    most = Math.max(most, common);
  }
  const [first, ...more] = best;
  if (first === undefined) return { kind: 'none' };
  return more.length === 0 ? { kind: 'one', path: first } : { kind: 'several', paths: best };
}

function commonEnd(a: readonly string[], b: readonly string[]): number {
  let common = 0;
  while (common < Math.min(a.length, b.length) && sameName(a.at(-1 - common), b.at(-1 - common))) common++;
  return common;
}

/** A workspace may lie on a file system that does not tell A from a. */
function sameName(a: string | undefined, b: string | undefined): boolean {
  return a === b || (a !== undefined && a.toLowerCase() === b?.toLowerCase());
}

/** Folders of what others have compiled: the distribution's libraries, packages that were fetched, the languages' own libraries. */
const OF_SYSTEM = [
  /^\/(?:build|rustc|lib(?:32|64)?|nix\/store|gnu\/store)\//,
  /^\/usr\/(?:include|lib(?:32|64|exec)?|share|src\/(?:debug|linux\S*|kernels)|local\/(?:include|go))\//,
  /\/(?:\.cargo\/(?:registry|git)|\.rustup|go\/pkg\/mod|node_modules|liburing[^/]*\/src)\//,
];

/** Whether a source file is of others than the user, by its path alone. */
export function isOfSystem(path: string): boolean {
  return OF_SYSTEM.some((folder) => folder.test(path));
}

/** The entry of the map that leads from a compiler's path to the file the user has pointed to: the folders above what both share. */
export function entryFor(path: string, chosen: string): readonly [from: string, to: string] {
  const [a, b] = [partsOf(path), partsOf(chosen)];
  const common = commonEnd(a, b);
  if (common === 0 || common >= a.length || common >= b.length) return [path, chosen];
  return [folderAbove(path, common), folderAbove(chosen, common)];
}

function folderAbove(path: string, parts: number): string {
  let folder = path;
  for (let left = parts; left > 0; left--) folder = folder.replace(/[\\/]+[^\\/]*[\\/]*$/, '');
  return folder;
}
