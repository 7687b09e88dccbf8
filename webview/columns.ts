import type { HistoryPoint } from '../src/model/history';

export type Value = (point: HistoryPoint) => number | undefined;

/** The numbers of one series, one for each point; NaN = unknown. */
export interface Column {
  readonly numbers: Float64Array;
  /** Something is known. */
  readonly known: boolean;
  /** Something has happened: a number above 0. */
  readonly happened: boolean;
}

interface Growing {
  numbers: Float64Array<ArrayBuffer>;
  known: boolean;
  happened: boolean;
  readonly value: Value;
  /** Points whose numbers it has. */
  filled: number;
}

/**
 * The points that the page holds, with the numbers of each series beside them: a chart of many points is drawn from plain arrays,
 * which are made once.
 */
export class Columns {
  private held: HistoryPoint[] = [];
  private allTimes = new Float64Array(0);
  private readonly made = new Map<string, Growing>();
  private readonly ringIds = new Set<number>();
  private readonly diskNames = new Set<string>();

  constructor(points: readonly HistoryPoint[] = []) {
    this.add(points);
  }

  /** Oldest first. */
  get points(): readonly HistoryPoint[] {
    return this.held;
  }

  /** When each was, milliseconds since 1970. */
  get times(): Float64Array {
    return this.allTimes.subarray(0, this.held.length);
  }

  get rings(): ReadonlySet<number> {
    return this.ringIds;
  }

  get disks(): ReadonlySet<string> {
    return this.diskNames;
  }

  /** Takes all points anew. */
  replace(points: readonly HistoryPoint[]): void {
    this.held = [];
    this.allTimes = new Float64Array(0);
    this.made.clear();
    this.ringIds.clear();
    this.diskNames.clear();
    this.add(points);
  }

  /** Takes later points. */
  add(points: readonly HistoryPoint[]): void {
    this.allTimes = roomFor(this.allTimes, this.held.length + points.length);
    for (const point of points) {
      this.allTimes[this.held.length] = point.at;
      this.held.push(point);
      for (const { id } of point.rings) this.ringIds.add(id);
      for (const { name } of point.devices) this.diskNames.add(name);
    }
  }

  /** The numbers that a series of this key has; the key says what `value` tells. */
  of(key: string, value: Value): Column {
    const column = this.made.get(key) ?? {
      numbers: new Float64Array(0),
      known: false,
      happened: false,
      value,
      filled: 0,
    };
    this.made.set(key, column);
    this.fill(column);
    return column;
  }

  private fill(column: Growing): void {
    const count = this.held.length;
    column.numbers = roomFor(column.numbers, count);
    for (let i = column.filled; i < count; i++) {
      const point = this.held[i];
      const number = (point && column.value(point)) ?? Number.NaN;
      column.numbers[i] = number;
      if (!Number.isNaN(number)) column.known = true;
      if (number > 0) column.happened = true;
    }
    column.filled = count;
  }
}

/** The same numbers with room for as many; it grows by more than is needed, seldom. */
function roomFor(numbers: Float64Array<ArrayBuffer>, count: number): Float64Array<ArrayBuffer> {
  if (numbers.length >= count) return numbers;
  const larger = new Float64Array(Math.max(256, count + (count >> 1)));
  larger.set(numbers);
  return larger;
}
