import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EditedLines, type LineEdit } from '../../../src/views/editedLines';

/** Replaces whole or part lines as an editor does, and tells the edit. */
function replace(
  text: string,
  from: readonly [line: number, column: number],
  to: readonly [line: number, column: number],
  by: string,
): { text: string; edit: LineEdit } {
  const lines = text.split('\n');
  const before = lines
    .slice(0, from[0])
    .concat((lines[from[0]] ?? '').slice(0, from[1]))
    .join('\n');
  const after = [(lines[to[0]] ?? '').slice(to[1]), ...lines.slice(to[0] + 1)].join('\n');
  const atStart = (lines[from[0]] ?? '').slice(0, from[1]).trim() === '';
  const edit = { start: from[0], end: to[0], added: by.split('\n').length - 1, atStart };
  return { text: before + by + after, edit };
}

const TEXT = ['a', '  b', 'c', 'd', 'e'].join('\n');

function afterEdit(
  from: readonly [number, number],
  to: readonly [number, number],
  by: string,
): (line: number) => number | undefined {
  const lines = new EditedLines();
  lines.edited([replace(TEXT, from, to, by).edit], 1);
  return (line) => lines.lineNow(line, undefined);
}

describe('lines follow edits', () => {
  it('of other lines', () => {
    const now = afterEdit([1, 0], [1, 0], 'x\ny\n');
    expect([0, 1, 2].map(now)).toEqual([0, 3, 4]);
  });

  it('that break their own line: before its text it moves, behind it it stays', () => {
    expect(afterEdit([1, 2], [1, 2], '\n  ')(1)).toBe(2);
    expect(afterEdit([1, 3], [1, 3], '\n  ')(1)).toBe(1);
    expect(afterEdit([1, 3], [1, 3], 'xyz')(1)).toBe(1);
  });

  it('that delete them', () => {
    const now = afterEdit([1, 0], [3, 0], '');
    expect([0, 1, 2, 3, 4].map(now)).toEqual([0, undefined, undefined, 1, 2]);
    // From the end of one line to the end of another.
    expect([0, 1].map(afterEdit([0, 1], [3, 0], ''))).toEqual([0, undefined]);
  });

  it('that join them with the line above', () => {
    expect([1, 2, 3].map(afterEdit([1, 3], [2, 0], ''))).toEqual([1, 1, 2]);
  });

  it('that replace as many lines as there were', () => {
    const now = afterEdit([1, 0], [4, 0], 'B\nC\nD\n');
    expect([0, 1, 2, 3, 4].map(now)).toEqual([0, 1, 2, 3, 4]);
  });

  it('of whole lines, wherever they were put in, taken out or replaced', () => {
    const step = fc.tuple(fc.nat(8), fc.nat(3), fc.constantFrom('', 'x\n', 'x\ny\n', 'x\ny\nz\n'));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 8 }), (steps) => {
        let text = `${Array.from({ length: 8 }, (_, line) => `L${line}`).join('\n')}\n`;
        const lines = new EditedLines();
        for (const [from, many, by] of steps) {
          const last = text.split('\n').length - 1;
          const start = Math.min(from, last);
          const done = replace(text, [start, 0], [Math.min(start + many, last), 0], by);
          text = done.text;
          lines.edited([done.edit], 1);
        }
        const now = text.split('\n');
        for (let line = 0; line < 8; line++)
          if (now.includes(`L${line}`)) expect(lines.lineNow(line, undefined)).toBe(now.indexOf(`L${line}`));
      }),
      { numRuns: 500 },
    );
  });
});

describe('what the compiler has read', () => {
  const down = (): LineEdit => ({ start: 0, end: 0, added: 1, atStart: true });

  it('is what was saved before the binary was made', () => {
    const lines = new EditedLines();
    lines.edited([down()], 10);
    lines.saved(11);
    lines.edited([down()], 12);
    lines.saved(30);
    lines.edited([down()], 31);
    expect(lines.lineNow(5, undefined)).toBe(8);
    expect(lines.lineNow(5, 9)).toBe(8);
    expect(lines.lineNow(5, 20)).toBe(7);
    expect(lines.lineNow(5, 30)).toBe(6);
  });

  it('is not what was never saved', () => {
    const lines = new EditedLines();
    lines.edited([down()], 10);
    expect(lines.lineNow(5, 20)).toBe(6);
    lines.backToSaved();
    expect(lines.lineNow(5, 20)).toBe(5);
    expect(lines.hasEdits).toBe(false);
  });

  it('has the lines again whose deletion was undone, saved in between or not', () => {
    const lines = new EditedLines();
    const gone = { start: 4, end: 6, added: 0, atStart: true };
    lines.edited([gone], 10);
    lines.saved(11);
    expect(lines.lineNow(5, 9)).toBeUndefined();
    lines.edited([{ start: 4, end: 4, added: 2, atStart: true, undoes: true }], 12);
    expect([4, 5, 6].map((line) => lines.lineNow(line, 9))).toEqual([4, 5, 6]);
    // A program that was compiled without them.
    expect([3, 4].map((line) => lines.lineNow(line, 11))).toEqual([3, 6]);
    lines.edited([{ ...gone, undoes: true }], 13);
    expect([3, 4].map((line) => lines.lineNow(line, 11))).toEqual([3, 4]);
    expect(lines.lineNow(5, 9)).toBeUndefined();
  });

  it('survives more edits than are kept', () => {
    const lines = new EditedLines();
    for (let n = 0; n < 50_000; n++) lines.edited([down()], n);
    expect(lines.lineNow(0, undefined)).toBeGreaterThan(9000);
  });
});
