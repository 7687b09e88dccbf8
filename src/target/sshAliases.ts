import { readdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, isAbsolute, join } from 'node:path';

/** Files that lead to each other, and how far. */
const MOST_FILES = 64;
const MOST_NAMES = 1000;

/** The names that ~/.ssh/config gives to hosts, in its order, for people to pick from. What cannot be read adds none. */
export async function sshAliases(home: string = homedir()): Promise<readonly string[]> {
  const names = new Set<string>();
  const files = [join(home, '.ssh', 'config')];
  for (let at = 0; at < Math.min(files.length, MOST_FILES); at++) {
    const { hosts, includes } = parseAliases(await textOf(files[at] ?? ''));
    for (const host of hosts) names.add(host);
    for (const include of includes)
      for (const file of await filesOf(include, home)) if (!files.includes(file)) files.push(file);
  }
  return [...names].slice(0, MOST_NAMES);
}

/** Of one file: the names that stand for one host each (no pattern, no negation), and the files it includes. */
export function parseAliases(text: string): {
  readonly hosts: readonly string[];
  readonly includes: readonly string[];
} {
  const hosts: string[] = [];
  const includes: string[] = [];
  for (const line of text.split('\n')) {
    const [, keyword = '', rest = ''] = /^\s*(\w+)(?:\s*=\s*|\s+)(.*?)\s*$/.exec(line) ?? [];
    const list = { host: hosts, include: includes }[keyword.toLowerCase()];
    if (list) list.push(...wordsOf(rest));
  }
  return { hosts: hosts.filter((name) => /^[^-*?!\s\p{Cc}][^*?!\s\p{Cc}]*$/u.test(name)), includes };
}

function wordsOf(text: string): readonly string[] {
  const words = [...text.matchAll(/"([^"]*)"|(#.*)|([^\s"#][^\s"]*)/g)];
  return words.flatMap(([, quoted, comment, bare]) => (comment === undefined ? [quoted ?? bare ?? ''] : []));
}

/** Patterns are of file names alone: of folders OpenSSH allows them, too, but nobody's names stand there. */
async function filesOf(include: string, home: string): Promise<readonly string[]> {
  const path = include.startsWith('~/') ? join(home, include.slice(2)) : include;
  const whole = isAbsolute(path) ? path : join(home, '.ssh', path);
  const pattern = basename(whole);
  if (!/[*?]/.test(pattern)) return [whole];
  const folder = dirname(whole);
  const entries = await readdir(folder).catch(() => []);
  return entries
    .filter((name) => matches(name, pattern))
    .sort()
    .map((name) => join(folder, name));
}

/** `*` and `?` as a shell has them for file names; a bracket stands for itself. */
function matches(name: string, pattern: string): boolean {
  const source = pattern.replace(/[\\^$.|+()[\]{}*?]/g, (sign) =>
    sign === '*' ? '.*' : sign === '?' ? '.' : `\\${sign}`,
  );
  return new RegExp(`^(?!\\.)${source}$`, 's').test(name);
}

async function textOf(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '');
}
