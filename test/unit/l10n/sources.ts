import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../../..');

/** A file that asks for texts in the language of its reader. */
export interface SourceText {
  readonly name: string;
  readonly text: string;
}

/** All sources that may say something to a user of the editor. */
export function sources(): readonly SourceText[] {
  return ['src', 'webview'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(folder, name))
      .map((name) => ({ name, text: withoutComments(readFileSync(join(root, name), 'utf8')) }))
      .filter(({ text }) => /from '[./]*(?:src)?\/model\/l10n'|from '\.\/words'/.test(text)),
  );
}

/** A comment of ours begins a line. */
function withoutComments(text: string): string {
  return text.replace(/^\s*(?:\/\*\*?[\s\S]*?\*\/|\/\/.*)$/gm, '');
}

/** What stands between the brackets of each call of a function, split at its own commas. */
export function callsOf(text: string, name: string): readonly (readonly string[])[] {
  return [...text.matchAll(new RegExp(`(?<![\\w.$]|function )${name}\\(`, 'g'))].map((found) =>
    givenAt(text, found.index + found[0].length),
  );
}

const STRING = /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/y;

function givenAt(text: string, from: number): readonly string[] {
  const given: string[] = [];
  let depth = 0;
  let start = from;
  for (let at = from; at < text.length; at++) {
    STRING.lastIndex = at;
    const quoted = STRING.exec(text);
    if (quoted) at += quoted[0].length - 1;
    else if ('([{'.includes(text[at] ?? '')) depth++;
    else if (depth > 0 && ')]}'.includes(text[at] ?? '')) depth--;
    else if (depth === 0 && ',)'.includes(text[at] ?? '')) {
      const one = text.slice(start, at).trim();
      if (one !== '') given.push(one);
      start = at + 1;
      if (text[at] === ')') return given;
    }
  }
  return given;
}

/** The value of a string as it is written; undefined where it is no string. */
export function stringIn(written: string | undefined): string | undefined {
  if (written === undefined || !/^(['"]).*\1$/s.test(written)) return undefined;
  const inside = written.slice(1, -1).replace(/\\(.)/gs, (_, sign: string) => (sign === 'n' ? '\n' : sign));
  STRING.lastIndex = 0;
  return STRING.exec(written)?.[0] === written ? inside : undefined;
}
