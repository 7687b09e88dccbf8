import type { HistoryPoint } from '../model/history';
import type { ToPage } from '../model/timeline';

/** What a page has been told of a history. */
export class ToldPoints {
  /** Time of the oldest point the page has, and of its newest. */
  private ends: { readonly first: number; readonly last: number } | undefined;

  /** The page has forgotten. */
  forget(): void {
    this.ends = undefined;
  }

  /** The message that makes the page's points these; undefined = it has them. Where older ones were thinned out it has all of them. */
  next(points: readonly HistoryPoint[]): (ToPage & { readonly kind: 'points' }) | undefined {
    const { ends } = this;
    const [first, last] = [points[0], points.at(-1)];
    if (!first || !last) return undefined;
    const whole = ends === undefined || first.at !== ends.first;
    const fresh = whole ? points : points.filter(({ at }) => at > ends.last);
    this.ends = { first: first.at, last: last.at };
    return fresh.length > 0 ? { kind: 'points', whole, points: fresh } : undefined;
  }
}
