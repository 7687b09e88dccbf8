/**
 * The words of a line as OpenSSH takes them (misc.c, argv_split): blanks part them, both quotes keep them together, `\`
 * escapes quotes and itself, `#` at a word's start ends the line. Undefined where a quote is not closed.
 */
export function splitWords(line: string): string[] | undefined {
  const words: string[] = [];
  for (let at = 0; at < line.length; ) {
    const start = line.charAt(at);
    if (start === ' ' || start === '\t') {
      at++;
      continue;
    }
    if (start === '#') break;
    let word = '';
    let quote = '';
    for (; at < line.length; at++) {
      const character = line.charAt(at);
      const next = line.charAt(at + 1);
      const escapes = quote === '' ? `'"\\ ` : `'"\\`;
      if (character === '\\' && next !== '' && escapes.includes(next)) {
        word += next;
        at++;
      } else if (quote === '' && (character === ' ' || character === '\t')) break;
      else if (quote === '' && (character === '"' || character === "'")) quote = character;
      else if (quote !== '' && character === quote) quote = '';
      else word += character;
    }
    if (quote !== '') return undefined;
    words.push(word);
  }
  return words;
}
