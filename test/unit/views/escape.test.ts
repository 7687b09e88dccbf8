import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { markdownCode, markdownText, withoutIcons, withoutLinks } from '../../../src/views/escape';

describe('text in a tooltip', () => {
  it('loses every meaning it has in Markdown', () => {
    expect(markdownText('[x](command:y) <img> **b** `c` &amp; https://a.b')).toBe(
      '\\[x\\]\\(command\\:y\\) &lt;img&gt; \\*\\*b\\*\\* \\`c\\` &amp;amp\\; https\\://a\\.b'.replace(
        '\\;',
        ';',
      ),
    );
  });

  it('is one line, so that it cannot begin a list or a heading', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(markdownText(text)).not.toMatch(/[\n\r]/);
        expect(markdownText(text).replace(/\\./g, '')).not.toMatch(/[*_`[\]<>#|~]/);
      }),
    );
  });

  it('cannot end its code span', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('`', '``', 'a', ' ', '\n')), (parts) => {
        const code = markdownCode(parts.join(''));
        const fence = code.match(/^`+/)?.[0] ?? '';
        const inside = code.slice(fence.length, -fence.length);
        expect(inside.match(/`+/g) ?? []).not.toContain(fence);
        expect(code.endsWith(` ${fence}`)).toBe(true);
      }),
    );
  });
});

describe('text of the target elsewhere', () => {
  it('draws no icon', () => {
    expect(withoutIcons('$(alert) a $(x')).not.toContain('$(');
  });

  it('makes no link in a message', () => {
    expect(withoutLinks('[Click](command:evil) [b](http://c)')).not.toContain('](');
  });
});
