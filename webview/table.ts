import type { HistoryPoint } from '../src/model/history';
import { spots, within } from './buckets';
import { element } from './element';
import type { ChartSpec } from './series';
import type { Span } from './window';
import { clockTime, valueText } from './words';

const ROWS = 50;

/** The charts' numbers as a table, for who cannot see them. */
export function tableOf(
  charts: readonly ChartSpec[],
  points: readonly HistoryPoint[],
  span: Span,
): HTMLTableElement {
  const all = charts.flatMap(({ title, unit, series }) =>
    series.map(({ label, value }) => ({ name: `${title}: ${label}`, unit, value })),
  );
  const lines = spots(
    within(points, span.from, span.to),
    all.map(({ value }) => value),
    ROWS,
  );
  const times = (lines[0] ?? []).map(({ x }) => x);
  const head = element('tr', undefined, header('Time', 'col'), ...all.map(({ name }) => header(name, 'col')));
  const rows = times.map((at, row) =>
    element(
      'tr',
      undefined,
      header(clockTime(at), 'row'),
      ...all.map(({ unit }, column) => element('td', undefined, valueText(lines[column]?.[row]?.y, unit))),
    ),
  );
  const caption = element(
    'caption',
    undefined,
    `The highest values, ${clockTime(span.from)} to ${clockTime(span.to)}`,
  );
  return element(
    'table',
    'numbers',
    caption,
    element('thead', undefined, head),
    element('tbody', undefined, ...rows),
  );
}

function header(text: string, scope: 'col' | 'row'): HTMLTableCellElement {
  const cell = element('th', undefined, text);
  cell.scope = scope;
  return cell;
}
