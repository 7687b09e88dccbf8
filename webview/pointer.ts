import type { Steered } from './steered';

/** Pixels that a pointer moves before it chooses a range and not a moment. */
const DRAG = 5;

/** The pointer over the charts: it moves the cursor, chooses a moment or a range, zooms and moves. */
export class Pointer {
  private drag: { readonly x: number; readonly at: number } | undefined;

  constructor(private readonly page: Steered) {
    const { node } = page.plots;
    node.addEventListener('pointermove', (event) => this.move(event));
    node.addEventListener('pointerleave', () => page.point(undefined));
    node.addEventListener('pointerdown', (event) => this.press(event));
    node.addEventListener('pointerup', (event) => this.release(event));
    node.addEventListener('pointercancel', () => this.drop());
    node.addEventListener('dblclick', () => page.unrange());
    node.addEventListener('wheel', (event) => this.wheel(event), { passive: false });
  }

  private move({ clientX }: PointerEvent): void {
    const { page, drag } = this;
    page.point(page.plots.timeAt(clientX));
    if (drag && Math.abs(clientX - drag.x) > DRAG) page.plots.mark(drag.x, clientX);
  }

  private press({ button, clientX, pointerId }: PointerEvent): void {
    const { plots } = this.page;
    const at = plots.timeAt(clientX);
    if (button !== 0 || at === undefined) return;
    this.drag = { x: clientX, at };
    plots.node.setPointerCapture(pointerId);
  }

  private release({ clientX }: PointerEvent): void {
    const { drag, page } = this;
    const at = page.plots.timeAt(clientX);
    this.drop();
    if (!drag || at === undefined) return;
    if (Math.abs(clientX - drag.x) > DRAG) page.choose(drag.at, at);
    else page.select(at);
  }

  private drop(): void {
    this.drag = undefined;
    this.page.plots.unmark();
  }

  private wheel(event: WheelEvent): void {
    if (!event.ctrlKey && !event.metaKey && !event.shiftKey) return;
    event.preventDefault();
    const { page } = this;
    const at = page.plots.timeAt(event.clientX);
    if (event.shiftKey) page.look((time) => time.pan(Math.sign(event.deltaY || event.deltaX) * 0.2));
    else if (at !== undefined) page.look((time) => time.zoom(event.deltaY > 0 ? 1.25 : 0.8, at));
  }
}
