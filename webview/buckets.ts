import type { HistoryPoint } from '../src/model/history';

export interface Spot {
  /** Milliseconds since 1970. */
  readonly x: number;
  /** null = unknown: the line has a gap. */
  readonly y: number | null;
}

/** Where the points of a window begin and end: those within, and one on either side so that lines reach the edges. */
export function within(points: readonly HistoryPoint[], from: number, to: number): readonly HistoryPoint[] {
  const first = Math.max(0, indexAfter(points, from) - 1);
  return points.slice(first, indexAfter(points, to) + 1);
}

/** Index of the first point later than a time; the points are in their order. */
export function indexAfter(points: readonly { readonly at: number }[], time: number): number {
  let [low, high] = [0, points.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((points[middle]?.at ?? Number.POSITIVE_INFINITY) <= time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * At most `most` spots that look the same: of all points of a column of the picture the highest, at the column's last point. All series
 * of a chart get the same times, so that they can be stacked.
 */
export function spots(
  points: readonly HistoryPoint[],
  values: readonly ((point: HistoryPoint) => number | undefined)[],
  most: number,
): Spot[][] {
  const columns = columnsOf(points, most);
  return values.map((value) =>
    columns.map(([first, end]) => {
      let y: number | null = null;
      for (let i = first; i < end; i++) {
        const point = points[i];
        const found = point && value(point);
        if (found !== undefined) y = y === null ? found : Math.max(y, found);
      }
      return { x: points[end - 1]?.at ?? 0, y };
    }),
  );
}

/** Ranges of indexes [first, end), one for each column of time that has points. */
function columnsOf(points: readonly HistoryPoint[], most: number): (readonly [number, number])[] {
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last) return [];
  if (points.length <= most) return points.map((_, index) => [index, index + 1] as const);
  const width = (last.at - first.at) / most || 1;
  const columns: (readonly [number, number])[] = [];
  let start = 0;
  for (let i = 1; i <= points.length; i++) {
    const at = points[i]?.at;
    const same =
      at !== undefined && columnOf(at, first.at, width) === columnOf(points[start]?.at ?? 0, first.at, width);
    if (same) continue;
    columns.push([start, i]);
    start = i;
  }
  return columns;
}

function columnOf(at: number, from: number, width: number): number {
  return Math.floor((at - from) / width);
}
