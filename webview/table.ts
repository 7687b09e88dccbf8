import { t } from '../src/model/l10n';
import { columnsOf, spots, within } from './buckets';
import type { Columns } from './columns';
import { element } from './element';
import { type ChartSpec, columnOf } from './series';
import type { Span } from './window';
import { clockTime, valueText } from './words';

const ROWS = 50;

/** The charts' numbers as a table, for who cannot see them. */
export function tableOf(charts: readonly ChartSpec[], held: Columns, span: Span): HTMLTableElement {
  const { times } = held;
  const columns = columnsOf(times, within(times, span.from, span.to), ROWS);
  const all = charts.flatMap(({ id, title, unit, series }) =>
    series.map((one) => ({
      name: `${title}: ${one.label}`,
      unit,
      line: spots(times, columns, columnOf(held, id, one).numbers),
    })),
  );
  const ends = columns.map(([, end]) => times[end - 1] ?? 0);
  const gaps = columns.map(([from, end]) =>
    held.points.slice(from, end).reduce((sum, { asleep = 0 }) => sum + asleep, 0),
  );
  const head = element(
    'tr',
    undefined,
    header(t('Time'), 'col'),
    ...all.map(({ name }) => header(name, 'col')),
  );
  const rows = ends.map((at, row) =>
    element(
      'tr',
      undefined,
      header(`${clockTime(at)}${gapWords(gaps[row])}`, 'row'),
      ...all.map(({ unit, line }) => element('td', undefined, valueText(line[row]?.y, unit))),
    ),
  );
  const caption = element(
    'caption',
    undefined,
    t('The highest values, {0} to {1}', clockTime(span.from), clockTime(span.to)),
  );
  return element(
    'table',
    'numbers',
    caption,
    element('thead', undefined, head),
    element('tbody', undefined, ...rows),
  );
}

/** Why nothing was seen before a moment. */
function gapWords(asleep = 0): string {
  return asleep > 0 ? ` (${t('the host was suspended for {0} before', valueText(asleep, 'seconds'))})` : '';
}

function header(text: string, scope: 'col' | 'row'): HTMLTableCellElement {
  const cell = element('th', undefined, text);
  cell.scope = scope;
  return cell;
}
