/** What part of the time is drawn. Milliseconds since 1970. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** No more than that many milliseconds fill the picture. */
const CLOSEST = 500;

/** The part of the time that is looked at: it follows the newest point until somebody looks closer. */
export class TimeWindow {
  private chosen: Span | undefined;
  private whole: Span = { from: 0, to: 1 };

  /** Undefined = everything. */
  constructor(chosen?: Span) {
    this.chosen = chosen;
  }

  get span(): Span {
    return this.chosen ?? this.whole;
  }

  /** What to remember; undefined = it follows. */
  get kept(): Span | undefined {
    return this.chosen;
  }

  /** Takes the time of the first point and of the last. */
  extend(from: number, to: number): void {
    this.whole = { from, to: Math.max(to, from + CLOSEST) };
    if (this.chosen && (this.chosen.to < from || this.chosen.from > to)) this.chosen = undefined;
  }

  /** Looks at a part. */
  show(from: number, to: number): void {
    const [a, b] = from < to ? [from, to] : [to, from];
    const middle = (a + b) / 2;
    const half = Math.max(CLOSEST, b - a) / 2;
    this.chosen = this.clipped({ from: middle - half, to: middle + half });
  }

  /** Has a time in sight, in the middle if it was not. */
  reach(at: number): void {
    const { from, to } = this.span;
    if (at < from || at > to) this.show(at - (to - from) / 2, at + (to - from) / 2);
  }

  /** Makes a part of it fill the picture: `factor` below 1 looks closer; `around` stays where it is. */
  zoom(factor: number, around: number): void {
    const { from, to } = this.span;
    if (factor > 1 && !this.chosen) return;
    this.show(around - (around - from) * factor, around + (to - around) * factor);
  }

  /** Moves by a part of its own length. */
  pan(part: number): void {
    if (!this.chosen) return;
    const { from, to } = this.chosen;
    const way = part * (to - from);
    const room = way < 0 ? Math.min(0, this.whole.from - from) : Math.max(0, this.whole.to - to);
    const step = way < 0 ? Math.max(way, room) : Math.min(way, room);
    this.chosen = { from: from + step, to: to + step };
  }

  reset(): void {
    this.chosen = undefined;
  }

  private clipped({ from, to }: Span): Span | undefined {
    const { whole } = this;
    const start = Math.min(Math.max(from, whole.from), whole.to - CLOSEST);
    const span = { from: start, to: Math.max(Math.min(to, whole.to), start + CLOSEST) };
    return span.from <= whole.from && span.to >= whole.to ? undefined : span;
  }
}
