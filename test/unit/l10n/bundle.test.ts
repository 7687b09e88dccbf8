import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import german from '../../../l10n/bundle.l10n.de.json';
import { bundled, t, translateBy } from '../../../src/model/l10n';
import { count } from '../../../src/views/words';
import { callsOf, sources, stringIn } from './sources';

const words: Readonly<Record<string, string>> = german;
const all = sources();

/** Every text that the sources ask for: what `t` is given, and the nouns that `count` counts. */
function asked(): { readonly texts: ReadonlySet<string>; readonly unread: readonly string[] } {
  const texts = new Set<string>();
  const unread: string[] = [];
  const take = (name: string, written: string | undefined) => {
    const text = stringIn(written);
    if (text === undefined) unread.push(`${name}: ${written}`);
    else texts.add(text);
    return text;
  };
  for (const { name, text } of all) {
    for (const [message] of callsOf(text, 't')) take(name, message);
    if (name.startsWith('src/views/') && name !== 'src/views/words.ts')
      for (const [, one, many] of callsOf(text, 'count')) {
        if (one === undefined) continue;
        const noun = take(name, one);
        if (many === undefined && noun !== undefined) texts.add(`${noun}s`);
        if (many !== undefined) take(name, many);
      }
  }
  return { texts, unread };
}

const places = (text: string) => [...new Set(text.match(/\{\d+\}/g))].sort();
/** What makes markdown or an icon of a text. */
const marks = (text: string) => (text.match(/\*\*|\]\(|\$\(\w+\)|\\[_()]/g) ?? []).sort();

describe('the German bundle', () => {
  const { texts, unread } = asked();

  it('has every text that the sources ask for, and no other', () => {
    expect(texts.size).toBeGreaterThan(500);
    expect(unread).toEqual(['src/views/words.ts: n === 1 ? one : many']);
    expect(Object.keys(words).sort()).toEqual([...texts].sort());
  });

  it('keeps the places of what is put in, and what markdown makes of a text', () => {
    for (const [english, text] of Object.entries(words)) {
      expect([english, places(text)]).toEqual([english, places(english)]);
      expect([english, marks(text)]).toEqual([english, marks(english)]);
      expect([english, /^\s/.test(text), /\s$/.test(text)]).toEqual([
        english,
        /^\s/.test(english),
        /\s$/.test(english),
      ]);
    }
  });

  it('says the same as package.json of the same command', () => {
    const texts = (name: string) =>
      JSON.parse(readFileSync(join(import.meta.dirname, '../../..', name), 'utf8')) as Record<string, string>;
    const [english, translated] = [texts('package.nls.json'), texts('package.nls.de.json')];
    const shared = Object.keys(english).filter((key) => words[english[key] ?? ''] !== undefined);
    expect(shared.length).toBeGreaterThan(5);
    for (const key of shared) expect([key, words[english[key] ?? '']]).toEqual([key, translated[key]]);
  });
});

describe('the sources', () => {
  it('hold no sentence for a user of the editor that cannot be translated', () => {
    const bare = all
      .filter(({ name }) => name.startsWith('src/views/') || name.startsWith('webview/'))
      .flatMap(({ name, text }) => {
        const known = new Set(callsOf(text, 't').map(([message]) => message));
        return [...text.matchAll(/'(?:[^'\\\n]|\\.)*'/g)]
          .filter(([written]) => /^'[A-Z][a-z’]+ [^']*'$/.test(written) && !known.has(written))
          .map(([written]) => `${name}: ${written}`);
      });
    expect(bare).toEqual([]);
  });
});

describe('a text', () => {
  afterEach(() => translateBy(bundled({})));

  it('is English where nothing translates it', () => {
    expect(t('{0} of {1}', 3, 'b')).toBe('3 of b');
    expect(count(1234, 'entry', 'entries')).toBe('1,234 entries');
  });

  it('is German by the bundle, also where nouns are counted', () => {
    translateBy(bundled(german));
    expect(t('{0} of {1}', 3, 'b')).toBe('3 von b');
    expect(count(1, 'request')).toBe('1 Anfrage');
    expect(count(2, 'entry', 'entries')).toBe('2 Einträge');
  });

  it('takes nothing of what is put into it for a place or a message', () => {
    translateBy(bundled(german));
    expect(t('{0} of {1}', '{1}', '{0}$&')).toBe('{1} von {0}$&');
    expect(t('constructor')).toBe('constructor');
    expect(t('{0} of {1}', 'a')).toBe('a von {1}');
  });
});
