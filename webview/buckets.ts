export interface Spot {
  /** Milliseconds since 1970. */
  readonly x: number;
  /** null = unknown: the line has a gap. */
  readonly y: number | null;
}

/** Times of points in their order, milliseconds since 1970. */
type Times = ArrayLike<number>;

/** A range of indexes, [first, end). */
export type Range = readonly [first: number, end: number];

/** The points of a window: those within, and one on either side so that lines reach the edges. */
export function within(times: Times, from: number, to: number): Range {
  return [Math.max(0, indexAfter(times, from) - 1), Math.min(times.length, indexAfter(times, to) + 1)];
}

/** Index of the first point later than a time, from one on. */
export function indexAfter(times: Times, time: number, start = 0): number {
  let [low, high] = [start, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? Number.POSITIVE_INFINITY) <= time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The range in at most `most` ranges, one for each column of a picture that has points; in as many as it has points where these are few. */
export function columnsOf(times: Times, [first, end]: Range, most: number): readonly Range[] {
  if (end - first <= most)
    return Array.from({ length: Math.max(0, end - first) }, (_, i) => [first + i, first + i + 1]);
  const from = times[first] ?? 0;
  const width = ((times[end - 1] ?? 0) - from) / most || 1;
  const columns: Range[] = [];
  let start = first;
  for (let column = 0; start < end; column++) {
    column = Math.max(column, Math.floor(((times[start] ?? 0) - from) / width));
    // The last column takes all that is left, its own end as well.
    const last = column >= most - 1 ? end : indexAfter(times, from + (column + 1) * width, start + 1);
    columns.push([start, Math.min(end, last)]);
    start = Math.min(end, last);
  }
  return columns;
}

/** Of each column the highest number, at the time of its last point: nothing short is lost. */
export function spots(times: Times, columns: readonly Range[], numbers: Float64Array): Spot[] {
  return columns.map(([first, end]) => {
    let most = Number.NaN;
    for (let i = first; i < end; i++) {
      const number = numbers[i] ?? Number.NaN;
      if (number > most || Number.isNaN(most)) most = number;
    }
    return { x: times[end - 1] ?? 0, y: Number.isNaN(most) ? null : most };
  });
}
