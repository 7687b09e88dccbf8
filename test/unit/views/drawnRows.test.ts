import { describe, expect, it } from 'vitest';
import { type Node, withoutAges } from '../../../src/views/node';
import { rootNodes } from '../../../src/views/nodes';
import { type Row, Rows } from '../../../src/views/rows';
import { live, ring, stuck } from './samples';

const all = () => true;

/** What the editor does with rows that it draws: it asks for those below them, too. */
function draw(rows: Rows, from?: Row): void {
  for (const row of rows.under(from)) {
    row.draw();
    if (row.node.children) draw(rows, row);
  }
}

function drawn(nodes: readonly Node[]): Rows {
  const rows = new Rows();
  rows.renew(nodes, all);
  draw(rows);
  return rows;
}

const of = (sample: ReturnType<typeof stuck>) => rootNodes([live(sample)]);
const aged = (blocked: number) => stuck({ tasks: stuck().tasks.map((task) => ({ ...task, blocked })) });
const leaf = (id: string, label = id): Node => ({ id, label, tooltip: () => `about ${label}` });
const folder = (id: string, ...below: readonly Node[]): Node => ({ id, label: id, children: () => below });
const idsOf = (rows: Rows, nodes: readonly Node[], unfolded: (row: Row) => boolean = all) =>
  rows.renew(nodes, unfolded).map(({ row, why }) => `${row?.id ?? 'the whole tree'}: ${why}`);

describe('rows that are to be drawn anew', () => {
  it('are none when a look finds the same', () => {
    expect(drawn(of(stuck())).renew(of(stuck()), all)).toEqual([]);
  });

  it('tell the passing of time from anything else', () => {
    const reasons = (before: Parameters<typeof of>[0], after: Parameters<typeof of>[0]) =>
      new Set(
        drawn(of(before))
          .renew(of(after), all)
          .map(({ why }) => why),
      );
    for (const seconds of [0.4, 9.6, 45, 200, 4000, 10_000, 100_000, 500_000])
      expect(reasons(aged(40.2), aged(seconds)), `${seconds} s`).toEqual(new Set(['age']));
    expect(reasons(stuck(), stuck({ rings: [ring(1, { inFlight: 99, explained: 8 })] }))).toContain('more');
    expect(withoutAges('for 31 s')).toBe(withoutAges('for 2 h 5 min'));
  });

  it('are the changed ones alone, and the same objects as before', () => {
    const rows = drawn([folder('top', leaf('a'), folder('b', leaf('c'), leaf('d')))]);
    const [top] = rows.under();
    const [, b] = top?.below ?? [];
    const [, d] = b?.below ?? [];
    const after = [folder('top', leaf('a'), folder('b', leaf('c'), leaf('d', 'changed')))];
    expect(rows.renew(after, all)).toEqual([{ row: d, why: 'more' }]);
    expect(d?.draw().label).toBe('changed');
    expect(rows.renew(after, all)).toEqual([]);
  });

  it('are the one above where rows come or go, and the whole tree where top ones do', () => {
    const rows = drawn([folder('top', folder('b', leaf('c')))]);
    const longer = [folder('top', folder('b', leaf('c'), leaf('d')))];
    expect(idsOf(rows, longer)).toEqual(['b: more']);
    draw(rows);
    expect(idsOf(rows, longer)).toEqual([]);
    expect(idsOf(rows, [...longer, leaf('other')])).toEqual(['the whole tree: more']);
  });

  it('are only such as can be seen, until they are unfolded', () => {
    const rows = drawn([folder('top', leaf('a'))]);
    const after = [folder('top', leaf('a', 'changed'))];
    expect(idsOf(rows, after, () => false)).toEqual([]);
    expect(idsOf(rows, after)).toEqual(['a: more']);
  });

  it('are those whose tooltip was read and is no longer true, as if time had passed', () => {
    const saying = (words: string): readonly Node[] => [{ id: 'a', label: 'a', tooltip: () => words }];
    const rows = drawn(saying('first'));
    const [a] = rows.under();
    expect(idsOf(rows, saying('second'))).toEqual([]);
    expect(a?.tell()).toBe('second');
    expect(idsOf(rows, saying('third'))).toEqual(['a: age']);
    a?.draw();
    expect(idsOf(rows, saying('fourth'))).toEqual([]);
  });

  it('hold what stands below them', () => {
    const rows = drawn([folder('top', leaf('a')), leaf('b')]);
    const [top, b] = rows.under();
    const [a] = top?.below ?? [];
    if (!top || !a || !b) throw new Error('three rows');
    expect([top.holds(a), top.holds(top), a.holds(top), top.holds(b)]).toEqual([true, true, false, false]);
  });
});
