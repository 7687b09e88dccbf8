/** Whether a text is what a pattern of ssh_config says: `*` any characters, `?` one. In time of the product of the lengths. */
export function matchPattern(text: string, pattern: string): boolean {
  let at = 0;
  let place = 0;
  let star = -1;
  let resume = 0;
  while (at < text.length) {
    const wanted = pattern.charAt(place);
    if (wanted === '*') {
      star = place++;
      resume = at;
    } else if (wanted === '?' || (wanted !== '' && wanted === text.charAt(at))) {
      place++;
      at++;
    } else if (star >= 0) {
      place = star + 1;
      at = ++resume;
    } else return false;
  }
  while (pattern.charAt(place) === '*') place++;
  return place === pattern.length;
}

/** Whether one of the patterns matches and none of those with `!` does. */
export function matchPatterns(text: string, patterns: readonly string[]): boolean {
  let matched = false;
  for (const pattern of patterns) {
    const negated = pattern.startsWith('!');
    if (!matchPattern(text, negated ? pattern.slice(1) : pattern)) continue;
    if (negated) return false;
    matched = true;
  }
  return matched;
}
