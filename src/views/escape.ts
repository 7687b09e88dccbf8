/**
 * The editor gives meaning to parts of a text: Markdown in tooltips, `$(icon)` in the status bar and
 * in pick lists, `[title](link)` in messages. Names come from the inspected process, so they must
 * lose that meaning. Input is already printable (src/model/printable.ts).
 */

const WORD_JOINER = '\u2060';

/** For a tooltip: shows exactly the text. Line breaks become spaces. */
export function markdownText(text: string): string {
  return text
    .replace(/[\\`*_{}[\]()#+\-.!|~<>&$:@^="']/g, (character) =>
      character === '<'
        ? '&lt;'
        : character === '>'
          ? '&gt;'
          : character === '&'
            ? '&amp;'
            : `\\${character}`,
    )
    .replace(/\s+/g, ' ');
}

/** For a tooltip: a code span that the text cannot end. */
export function markdownCode(text: string): string {
  const line = text.replace(/\s+/g, ' ');
  const longest = Math.max(0, ...(line.match(/`+/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence} ${line} ${fence}`;
}

/** For pick lists and the status bar: `$(name)` stays text. */
export function withoutIcons(text: string): string {
  return text.replaceAll('$(', `$${WORD_JOINER}(`);
}

/** For messages: `[title](command:…)` stays text. */
export function withoutLinks(text: string): string {
  return text.replaceAll('](', `]${WORD_JOINER}(`);
}
