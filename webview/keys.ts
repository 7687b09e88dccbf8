import { t } from '../src/model/l10n';
import { indexAfter } from './buckets';
import type { Steered } from './steered';
import { clockTime, secondsText } from './words';

/** The keyboard over the charts: all that a pointer can do, and the numbers at the cursor in words. */
export class Keys {
  /** Where a range has begun. */
  private anchor: number | undefined;

  constructor(private readonly page: Steered) {
    const { node } = page.plots;
    node.tabIndex = 0;
    node.setAttribute('role', 'application');
    node.setAttribute(
      'aria-label',
      t(
        'Charts over time. Left and right move the cursor, with Shift they choose a range, plus and minus zoom, Enter shows the moment in the tree, and of a range what has changed, Escape shows the whole time.',
      ),
    );
    node.addEventListener('keydown', (event) => this.press(event));
  }

  /** A range that has been begun is no longer meant. */
  forget(): void {
    this.anchor = undefined;
  }

  private press(event: KeyboardEvent): void {
    const { page } = this;
    const { points, times } = page.held;
    const at = page.at ?? points.at(-1)?.at ?? 0;
    const step = indexAfter(times, at) - 1;
    const actions: Record<string, () => void> = {
      ArrowLeft: () => this.move(points[step - 1]?.at ?? at, event.shiftKey ? at : undefined),
      ArrowRight: () => this.move(points[step + 1]?.at ?? at, event.shiftKey ? at : undefined),
      Home: () => this.move(points[0]?.at ?? at),
      End: () => this.move(points.at(-1)?.at ?? at),
      PageUp: () => page.look((time) => time.pan(-0.5)),
      PageDown: () => page.look((time) => time.pan(0.5)),
      '+': () => page.look((time) => time.zoom(0.5, at)),
      '=': () => page.look((time) => time.zoom(0.5, at)),
      '-': () => page.look((time) => time.zoom(2, at)),
      Enter: () => this.enter(at),
      Escape: () => page.unrange(),
    };
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  }

  private enter(at: number): void {
    const { anchor, page } = this;
    this.anchor = undefined;
    if (anchor === undefined || anchor === at) page.select(at);
    else page.choose(anchor, at);
  }

  /** Moves the cursor, says what is there, and keeps it in sight; `start` = where a range begins, if none has begun. */
  private move(at: number, start?: number): void {
    const { page } = this;
    this.anchor = start === undefined ? undefined : (this.anchor ?? start);
    page.look((time) => time.reach(at));
    page.point(at);
    const range =
      this.anchor === undefined ? [] : [t('Range of {0}', secondsText(Math.abs(at - this.anchor) / 1000))];
    page.say([clockTime(at), ...range, ...page.plots.spoken(at)].join('. '));
  }
}
