import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { printable } from '../../../src/model/printable';

describe('printable', () => {
  it('shows escape sequences, line breaks and direction overrides instead of obeying them', () => {
    expect(printable('a\u001b[2Jb\r\nc')).toBe('a\\x1b[2Jb\\x0d\\x0ac');
    expect(printable('evil\u202etxt.exe')).toBe('evil\\u202etxt.exe');
    expect(printable('C1 \u009b31m')).toBe('C1 \\x9b31m');
  });

  it('leaves ordinary text of any language alone', () => {
    expect(printable('größe/日本語 🙂 a b')).toBe('größe/日本語 🙂 a b');
  });

  it('cuts what is too long, and says so', () => {
    expect(printable('x'.repeat(10), 4)).toBe('xxxx…');
  });

  it('never lets a control character through', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        for (const character of printable(text)) {
          const code = character.codePointAt(0) ?? 0;
          if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return false;
        }
        return true;
      }),
    );
  });
});
