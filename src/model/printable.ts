/** Where a row of text holds more than people read, it is cut here. Characters. */
const MAX_SHOWN = 4096;

/**
 * Text of the target made harmless for a terminal or a tree: control characters, line and paragraph
 * separators and direction overrides are shown as `\x1b` or `\u202e`; very long text is cut.
 */
export function printable(text: string, max: number = MAX_SHOWN): string {
  const cut = text.length > max ? `${text.slice(0, max)}…` : text;
  return cut.replace(UNSAFE, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`;
  });
}

const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
