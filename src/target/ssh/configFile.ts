import type { Directive, Line, Section } from 'ssh-config';
import { printable } from '../../model/printable';
import type { Library } from './loadLibrary';
import { matchPattern } from './pattern';
import { badConfig } from './sshErrors';
import { splitWords } from './words';

/** How files of the user's are read; where nothing can be read there is nothing. */
export interface ConfigFiles {
  read(path: string): Promise<string | undefined>;
  /** Names in a directory. */
  list(path: string): Promise<readonly string[]>;
}

/** One line of ssh_config that says something. Keywords in lower case. */
export type ConfigEntry =
  | { readonly kind: 'host'; readonly patterns: readonly string[] }
  | { readonly kind: 'match'; readonly words: readonly string[] }
  | { readonly kind: 'include'; readonly files: readonly (readonly ConfigEntry[])[] }
  | {
      readonly kind: 'option';
      readonly keyword: string;
      readonly words: readonly string[];
      /** The whole rest of the line, of commands. */
      readonly text: string;
    };

/** Their whole text is for a shell. */
const COMMANDS = /^(proxy|local|remote|knownhosts)command$/;
const COMMAND_LINES = /^([ \t]*(?:proxy|local|remote|knownhosts)command(?:[ \t]*=[ \t]*|[ \t]+))(.+)$/gim;

/** As in OpenSSH (readconf.c, READCONF_MAX_DEPTH). */
const MAX_DEPTH = 16;

export interface ConfigPlace {
  /** `~` is this. */
  readonly home: string;
  /** Where a relative Include is looked for. */
  readonly folder: string;
}

/** A file of ssh_config with all that it includes. Rejects with a UserError where it cannot be understood. */
export async function readConfig(
  path: string,
  place: ConfigPlace,
  files: ConfigFiles,
  library: Library,
  depth = 0,
): Promise<ConfigEntry[]> {
  const text = await files.read(path);
  if (text === undefined) return [];
  if (depth > MAX_DEPTH) throw badConfig(path, 'Its Include lines lead more than 16 files deep.');
  const include = async (patterns: readonly string[]): Promise<ConfigEntry[][]> => {
    const included: ConfigEntry[][] = [];
    for (const pattern of patterns)
      for (const file of await expand(absolute(pattern, place), files))
        included.push(await readConfig(file, place, files, library, depth + 1));
    return included;
  };
  const entries: ConfigEntry[] = [];
  const { plain, commands } = withoutCommands(text.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n'));
  for (const { keyword, text: written } of directives(parsed(plain, path, library))) {
    const rest = COMMANDS.test(keyword) ? (commands[Number(written)] ?? '') : written;
    const words = COMMANDS.test(keyword) ? [rest] : splitWords(rest);
    if (!words)
      throw badConfig(path, `The line "${printable(`${keyword} ${rest}`, 100)}" has an open quote.`);
    if (keyword === 'host') entries.push({ kind: 'host', patterns: words });
    else if (keyword === 'match') entries.push({ kind: 'match', words });
    else if (keyword === 'include') entries.push({ kind: 'include', files: await include(words) });
    else entries.push({ kind: 'option', keyword, words, text: rest });
  }
  return entries;
}

/** The parser keeps neither `\` nor `#` of a command: it is given the command's number instead. */
function withoutCommands(text: string): { plain: string; commands: readonly string[] } {
  const commands: string[] = [];
  const plain = text.replace(COMMAND_LINES, (_line, before: string, command: string) => {
    commands.push(command.trim());
    return `${before}${commands.length - 1}`;
  });
  return { plain, commands };
}

function parsed(text: string, path: string, library: Library): readonly Line[] {
  try {
    return library.parse(text);
  } catch (error) {
    throw badConfig(path, `${printable(error instanceof Error ? error.message : String(error), 200)}.`);
  }
}

interface RawDirective {
  readonly keyword: string;
  readonly text: string;
}

function* directives(lines: readonly Line[]): Generator<RawDirective> {
  for (const line of lines) {
    if (!('param' in line)) continue;
    yield { keyword: line.param.trim().toLowerCase(), text: rawValue(line) };
    yield* directives(sectionOf(line) ?? []);
  }
}

function sectionOf(line: Directive | Section): readonly Line[] | undefined {
  return 'config' in line ? line.config : undefined;
}

/** The value as it was written: the parser takes quotes away and OpenSSH's rules for them are their own. */
function rawValue({ value, quoted }: Directive): string {
  const written = (text: string, inQuotes: boolean | undefined) =>
    inQuotes === true ? `"${text.replaceAll('"', '\\"')}"` : text;
  if (typeof value === 'string') return written(value, quoted).trim();
  return value
    .map((part) => part.separator + written(part.val, part.quoted))
    .join('')
    .trim();
}

function absolute(pattern: string, { home, folder }: ConfigPlace): string {
  if (pattern === '~' || pattern.startsWith('~/')) return home + pattern.slice(1);
  return /^([/\\]|[A-Za-z]:)/.test(pattern) ? pattern : `${folder}/${pattern}`;
}

/** The files of a path with `*` and `?`, in the order of their names; hidden ones only where the pattern names the dot. */
async function expand(pattern: string, files: ConfigFiles): Promise<string[]> {
  let found = [''];
  const segments = pattern.split('/');
  for (const [index, segment] of segments.entries()) {
    const plain = !/[*?]/.test(segment);
    const next: string[] = [];
    for (const base of found) {
      const prefix = index === 0 ? '' : `${base}/`;
      if (plain) next.push(prefix + segment);
      else
        for (const name of [...(await files.list(base === '' ? '/' : base))].sort())
          if (matchPattern(name, segment) && (segment.startsWith('.') || !name.startsWith('.')))
            next.push(prefix + name);
    }
    found = next;
  }
  return found;
}
