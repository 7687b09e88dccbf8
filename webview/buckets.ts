export interface Spot {
  /** Milliseconds since 1970. */
  readonly x: number;
  /** null = unknown: the line has a gap. */
  readonly y: number | null;
}

interface Timed {
  readonly at: number;
}

/** A range of indexes, [first, end). */
export type Range = readonly [first: number, end: number];

/** The points of a window: those within, and one on either side so that lines reach the edges. */
export function within(points: readonly Timed[], from: number, to: number): Range {
  return [Math.max(0, indexAfter(points, from) - 1), Math.min(points.length, indexAfter(points, to) + 1)];
}

/** Index of the first point later than a time; the points are in their order. */
export function indexAfter(points: readonly Timed[], time: number): number {
  let [low, high] = [0, points.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((points[middle]?.at ?? Number.POSITIVE_INFINITY) <= time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The range in at most `most` ranges, one for each column of a picture that has points; in as many as it has points where these are few. */
export function columnsOf(points: readonly Timed[], [first, end]: Range, most: number): readonly Range[] {
  if (end - first <= most)
    return Array.from({ length: Math.max(0, end - first) }, (_, i) => [first + i, first + i + 1]);
  const from = points[first]?.at ?? 0;
  // The last point stands in the last column, not at the start of one more.
  const width = (((points[end - 1]?.at ?? 0) - from) * (1 + 1e-9)) / most || 1;
  const columns: Range[] = [];
  let start = first;
  let column = 0;
  for (let i = first + 1; i < end; i++) {
    const own = Math.floor(((points[i]?.at ?? 0) - from) / width);
    if (own === column) continue;
    columns.push([start, i]);
    start = i;
    column = own;
  }
  columns.push([start, end]);
  return columns;
}

/** Of each column the highest number, at the time of its last point: nothing short is lost. */
export function spots(points: readonly Timed[], columns: readonly Range[], numbers: Float64Array): Spot[] {
  return columns.map(([first, end]) => {
    let most = Number.NaN;
    for (let i = first; i < end; i++) {
      const number = numbers[i] ?? Number.NaN;
      if (number > most || Number.isNaN(most)) most = number;
    }
    return { x: points[end - 1]?.at ?? 0, y: Number.isNaN(most) ? null : most };
  });
}
