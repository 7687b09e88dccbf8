import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchPattern, matchPatterns } from '../../../../src/target/ssh/pattern';
import { splitWords } from '../../../../src/target/ssh/words';

describe('splitWords', () => {
  it.each([
    ['', []],
    ['  a\t b ', ['a', 'b']],
    ['"a b" \'c d\'', ['a b', 'c d']],
    ['a"b c"d', ['ab cd']],
    ['"" x', ['', 'x']],
    ['a\\ b \\" \\\\', ['a b', '"', '\\']],
    ['"a\\"b" \'c"d\'', ['a"b', 'c"d']],
    ['a # b', ['a']],
    ['a#b', ['a#b']],
    ['C:\\keys\\id', ['C:\\keys\\id']],
    ['"open', undefined],
  ])('%j', (line, words) => {
    expect(splitWords(line)).toEqual(words);
  });

  it('never throws, and gives back what was quoted', () => {
    fc.assert(fc.property(fc.string(), (line) => void splitWords(line)));
    fc.assert(
      fc.property(fc.array(fc.string()), (words) => {
        const line = words.map((word) => `"${word.replace(/["\\]/g, '\\$&')}"`).join(' ');
        expect(splitWords(line)).toEqual(words);
      }),
    );
  });
});

describe('patterns', () => {
  it.each([
    ['db1', 'db1', true],
    ['db1', 'db', false],
    ['db1', 'db?', true],
    ['db', 'db?', false],
    ['db', 'db*', true],
    ['a.b.c', '*.*.c', true],
    ['abcabd', '*abd', true],
    ['', '*', true],
    ['', '?', false],
    ['a+b', 'a+b', true],
    ['aab', 'a+b', false],
  ])('%j as %j: %j', (text, pattern, matches) => {
    expect(matchPattern(text, pattern)).toBe(matches);
  });

  it('agrees with a regular expression', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 8 });
    const texts = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 10 });
    fc.assert(
      fc.property(texts, letters, (text, pattern) => {
        const expression = new RegExp(`^${pattern.replaceAll('?', '.').replaceAll('*', '.*')}$`);
        expect(matchPattern(text, pattern)).toBe(expression.test(text));
      }),
    );
  });

  it('takes no time for a pattern that a regular expression would not end with', () => {
    expect(matchPattern('a'.repeat(5000), `${'*a'.repeat(200)}*b`)).toBe(false);
  });

  it('one that is negated outweighs all others, and alone means nothing', () => {
    expect(matchPatterns('db3', ['db*', '!db3'])).toBe(false);
    expect(matchPatterns('db3', ['!db3', 'db*'])).toBe(false);
    expect(matchPatterns('db4', ['!db3', 'db*'])).toBe(true);
    expect(matchPatterns('db4', ['!db3'])).toBe(false);
  });
});
