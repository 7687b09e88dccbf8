import { describe, expect, it } from 'vitest';
import { splitWords } from '../../../src/cli/words';

describe('the words of a command', () => {
  it.each<[string, readonly string[]]>([
    ['docker exec -i web', ['docker', 'exec', '-i', 'web']],
    ['  a\t b  ', ['a', 'b']],
    [`a "b c" 'd "e' f\\ g`, ['a', 'b c', 'd "e', 'f g']],
    [`a"b"'c' ""`, ['abc', '']],
    ['"a\\"b\\n" \'c\\d\'', ['a"b\\n', 'c\\d']],
    ['echo $HOME; rm *', ['echo', '$HOME;', 'rm', '*']],
  ])('of %j are %j', (text, words) => {
    expect(splitWords(text)).toEqual(words);
  });

  it.each(['', '   ', '"a', "a 'b", '"" x'])('are none in %j', (text) => {
    expect(splitWords(text)).toBeUndefined();
  });
});
