/**
 * The words of a command as a shell would tell them apart, by blanks, quotes and backslashes; nothing else of a shell is known.
 * undefined = a quote is not closed, or there is no word.
 */
export function splitWords(text: string): readonly string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    const next = text.charAt(at + 1);
    if (quote === "'" ? character === "'" : quote !== '' && character === quote) quote = '';
    else if (character === '\\' && quote !== "'" && (quote === '' || /["\\$`]/.test(next))) {
      word = (word ?? '') + next;
      at++;
    } else if (quote === '' && /["']/.test(character)) {
      quote = character;
      word ??= '';
    } else if (quote === '' && /\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + character;
  }
  if (word !== undefined) words.push(word);
  return quote === '' && words.length > 0 && words[0] !== '' ? words : undefined;
}
