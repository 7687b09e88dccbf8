import { describe, expect, it } from 'vitest';
import manifest from '../../../package.json';
import german from '../../../package.nls.de.json';
import english from '../../../package.nls.json';

/** Where an editor shows a text to its user; the name of the product is the same in every language. */
const SHOWN =
  /\.(?:title|label|description|markdownDescription|contextualTitle|contents|altText|category|body\.name|views\.\w+\.\d+\.name|initialConfigurations\.\d+\.name|enumDescriptions\.\d+)$/;
const PRODUCT = 'io_uring Inspector';

/** Every text of package.json by its path: `.contributes.commands.0.title`. */
function textsOf(value: unknown, path = ''): readonly (readonly [string, string])[] {
  if (typeof value === 'string') return [[path, value]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, below]) => textsOf(below, `${path}.${key}`));
}

/** What is no word in a text: variables, code, links and the commands that they lead to. */
function fixed(text: string): readonly string[] {
  return [...text.matchAll(/\$\{\w+|`[^`]*`|\((?:command|https?):[^)]*\)|https?:[^\s,)]+|~\/\S+/g)]
    .map(([found]) => found.replace(/[.,:]+$/, ''))
    .sort();
}

const texts = textsOf(manifest);
const keys = texts.flatMap(([, text]) => /^%(.+)%$/.exec(text)?.[1] ?? []);

describe('the texts of package.json', () => {
  it('stand in package.nls.json, all that are shown and no other', () => {
    const bare = texts.filter(([path, text]) => SHOWN.test(path) && !/^%.+%$/.test(text) && text !== PRODUCT);
    expect(bare).toEqual([]);
    expect([...new Set(keys)].sort()).toEqual(Object.keys(english).sort());
  });

  it('are all there in German, in the same order', () => {
    expect(Object.keys(german)).toEqual(Object.keys(english));
    for (const text of Object.values(german)) expect(text.trim()).not.toBe('');
  });

  it('keep variables, code, links and addresses in German', () => {
    const words: Readonly<Record<string, string>> = german;
    for (const [key, text] of Object.entries(english))
      expect([key, fixed(words[key] ?? '')]).toEqual([key, fixed(text)]);
  });

  it('differ from the English ones but where both languages have the same word', () => {
    const words: Readonly<Record<string, string>> = german;
    const same = Object.entries(english).filter(([key, text]) => words[key] === text);
    expect(same.map(([, text]) => text)).toEqual(['Hosts']);
  });
});
