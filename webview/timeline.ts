import type { FromPage, Shown, ToPage } from '../src/model/timeline';
import { indexAfter } from './buckets';
import { Changes } from './changes';
import { ChartView } from './chartView';
import { Columns } from './columns';
import { costText } from './cost';
import { element } from './element';
import { Lanes } from './lanes';
import { pictureOf } from './picture';
import { type ChartSpec, chartsOf } from './series';
import { tableOf } from './table';
import { currentTheme, onThemeChange } from './theme';
import { TracingControls } from './tracing';
import { type Span, TimeWindow } from './window';
import { clockTime, secondsText } from './words';

declare function acquireVsCodeApi(): {
  postMessage(message: FromPage): void;
  getState(): unknown;
  setState(state: unknown): void;
};

/** What the page remembers while it is hidden. */
interface Kept {
  readonly by: 'state' | 'ring';
  readonly table: boolean;
  readonly span?: Span | undefined;
}

/** Milliseconds between two drawings for what has come by itself. */
const PACE = 200;

/** Pixels that a pointer moves before it chooses a range and not a moment. */
const DRAG = 5;

/** The page: charts over one time axis, the lanes of the moment shown, and a table that says the same. */
class Timeline {
  private readonly vscode = acquireVsCodeApi();
  private readonly kept = keptFrom(this.vscode.getState());
  private by = this.kept.by;
  private asTable = this.kept.table;
  private readonly time = new TimeWindow(this.kept.span);
  private theme = currentTheme();
  private readonly held = new Columns();
  private shown: Shown | undefined;
  private specs: ChartSpec[] = [];
  private charts: ChartView[] = [];
  private cursor: number | undefined;
  private dirty = false;
  /** When it was drawn last, and the timer for what has come since. */
  private drawnAt = Number.NEGATIVE_INFINITY;
  private soon: ReturnType<typeof setTimeout> | undefined;
  /** Charts that have scrolled out of sight are drawn when they come back. */
  private readonly sight = new IntersectionObserver((seen) => this.see(seen), { rootMargin: '50px' });
  private drag: { readonly x: number; readonly at: number } | undefined;

  private readonly title = element('h1', 'title');
  private readonly answer = element('p', 'answer');
  private readonly moment = element('p', 'faint');
  private readonly pause = button('Pause', () =>
    this.tell({ kind: this.shown?.state === 'paused' ? 'resume' : 'pause' }),
  );
  private readonly reset = button('Whole time', () => this.unrange());
  private readonly split = button('', () =>
    this.change(() => (this.by = this.by === 'state' ? 'ring' : 'state')),
  );
  private readonly table = button('', () => this.change(() => (this.asTable = !this.asTable)));
  private readonly save = button('Save picture…', () => this.picture());
  private readonly tracing = new TracingControls((message) => this.tell(message));
  private readonly plots = element('div', 'plots');
  private readonly range = element('div', 'range');
  private readonly numbers = element('div', 'numbers-area');
  private readonly spoken = element('p', 'hidden-words');
  private readonly lanes = new Lanes();
  private readonly changes = new Changes();
  private readonly cost = element('p', 'faint');
  /** Where the keyboard has begun a range. */
  private anchor: number | undefined;

  start(): void {
    const buttons = element(
      'div',
      'buttons',
      this.pause,
      this.tracing.button,
      this.reset,
      this.split,
      this.table,
      this.save,
    );
    const head = element(
      'header',
      undefined,
      this.title,
      this.answer,
      buttons,
      this.tracing.words,
      this.moment,
    );
    this.plots.tabIndex = 0;
    this.plots.setAttribute('role', 'application');
    this.plots.setAttribute(
      'aria-label',
      'Charts over time. Left and right move the cursor, with Shift they choose a range, plus and minus zoom, Enter shows the moment in the tree, and of a range what has changed, Escape shows the whole time.',
    );
    this.spoken.setAttribute('aria-live', 'polite');
    this.numbers.tabIndex = 0;
    this.numbers.setAttribute('role', 'region');
    this.numbers.setAttribute('aria-label', 'The charts as a table');
    this.range.hidden = true;
    document.body.append(
      element(
        'main',
        undefined,
        head,
        this.plots,
        this.numbers,
        this.spoken,
        this.changes.node,
        this.lanes.node,
        this.cost,
      ),
    );
    this.listen();
    this.name();
    this.tell({ kind: 'ready' });
  }

  private listen(): void {
    window.addEventListener('message', ({ data }: MessageEvent<ToPage>) => this.take(data));
    window.addEventListener('resize', () => this.later());
    document.addEventListener('visibilitychange', () => this.later());
    onThemeChange(() => {
      this.theme = currentTheme();
      for (const chart of this.charts) chart.paint(this.theme);
      this.later();
    });
    this.plots.addEventListener('pointermove', (event) => this.hover(event));
    this.plots.addEventListener('pointerleave', () => this.leave());
    this.plots.addEventListener('pointerdown', (event) => this.press(event));
    this.plots.addEventListener('pointerup', (event) => this.release(event));
    this.plots.addEventListener('pointercancel', () => this.drop());
    this.plots.addEventListener('dblclick', () => this.unrange());
    this.plots.addEventListener('wheel', (event) => this.wheel(event), { passive: false });
    this.plots.addEventListener('keydown', (event) => this.key(event));
  }

  private take(message: ToPage): void {
    if (message.kind === 'shown') {
      this.shown = message.shown;
      this.lanes.show(message.shown);
      this.tracing.show(message.shown);
      this.name();
    } else if (message.kind === 'change') {
      this.changes.show(message.change);
      return;
    } else {
      if (message.whole) this.held.replace(message.points);
      else this.held.add(message.points);
      const [first, last] = [this.held.points[0], this.held.points.at(-1)];
      if (first && last) this.time.extend(first.at, last.at);
    }
    const wait = this.drawnAt + PACE - performance.now();
    if (wait <= 0) this.later();
    else
      this.soon ??= setTimeout(() => {
        this.soon = undefined;
        this.later();
      }, wait);
  }

  private see(seen: readonly IntersectionObserverEntry[]): void {
    for (const chart of this.charts) {
      const entry = seen.find(({ target }) => target === chart.node);
      if (entry) chart.visible = entry.isIntersecting;
    }
    if (this.charts.some(({ visible, stale }) => visible && stale)) this.later();
  }

  /** Draws with the next frame, and only while somebody can see it. */
  private later(): void {
    if (this.dirty) return;
    this.dirty = true;
    requestAnimationFrame(() => {
      this.dirty = false;
      if (document.visibilityState === 'visible') this.draw();
    });
  }

  private draw(): void {
    this.drawnAt = performance.now();
    this.specs = chartsOf(this.held, this.by);
    const { span } = this.time;
    // What is drawn, for tests.
    Object.assign(document.body.dataset, {
      points: this.held.points.length,
      seconds: (span.to - span.from) / 1000,
    });
    this.cost.textContent = costText(this.held.points);
    this.numbers.hidden = !this.asTable;
    this.plots.hidden = this.asTable;
    if (this.asTable) {
      this.numbers.replaceChildren(tableOf(this.specs, this.held, span));
      return;
    }
    this.arrange();
    for (const chart of this.charts) chart.stale = true;
    this.drawCharts(this.charts.filter(({ visible }) => visible));
    this.pointAt();
  }

  private drawCharts(charts: readonly ChartView[]): void {
    const { span } = this.time;
    const columns = charts[0]?.columns(this.held, span) ?? [];
    for (const chart of charts) chart.draw(this.held, span, columns);
  }

  /** Makes charts of what has come, and lets go of what has gone. */
  private arrange(): void {
    const known = new Map(this.charts.map((chart) => [chart.id, chart]));
    this.charts = this.specs.map((spec) => {
      const chart = known.get(spec.id) ?? this.chartOf(spec);
      known.delete(spec.id);
      chart.take(spec);
      return chart;
    });
    for (const gone of known.values()) {
      this.sight.unobserve(gone.node);
      gone.dispose();
    }
    const nodes = this.charts.map(({ node }) => node);
    if (nodes.some((node, index) => this.plots.children[index] !== node))
      this.plots.replaceChildren(...nodes, this.range);
  }

  private chartOf(spec: ChartSpec): ChartView {
    const chart = new ChartView(spec, this.theme);
    this.sight.observe(chart.node);
    return chart;
  }

  private pointAt(): void {
    const { span } = this.time;
    const at = this.cursor ?? this.frozenAt();
    for (const chart of this.charts) if (chart.visible) chart.point(this.held, span, at);
  }

  private frozenAt(): number | undefined {
    return this.shown?.state === 'paused' ? this.shown.at : undefined;
  }

  private name(): void {
    const { shown } = this;
    const state = shown?.state ?? 'starting';
    this.title.textContent = shown?.title ?? '';
    this.answer.textContent = shown?.answer ?? '';
    this.answer.className = `answer ${shown?.severity ?? ''}`;
    const at = this.frozenAt();
    this.moment.textContent =
      state === 'paused' && at !== undefined
        ? `The tree shows ${clockTime(at)}. The process itself goes on.`
        : state === 'ended'
          ? 'It has ended.'
          : 'Drag over the charts to look closer; click to see that moment in the tree.';
    this.pause.textContent = state === 'paused' ? 'Resume' : 'Pause';
    this.pause.disabled = state !== 'live' && state !== 'paused';
    this.split.textContent = this.by === 'state' ? 'In flight by ring' : 'In flight by state';
    this.table.textContent = this.asTable ? 'Show charts' : 'Show as table';
    this.save.disabled = this.asTable;
  }

  private hover(event: PointerEvent): void {
    this.cursor = this.timeAt(event.clientX);
    if (this.drag && Math.abs(event.clientX - this.drag.x) > DRAG) this.mark(this.drag.x, event.clientX);
    this.pointAt();
  }

  private leave(): void {
    this.cursor = undefined;
    this.pointAt();
  }

  private press(event: PointerEvent): void {
    const at = this.timeAt(event.clientX);
    if (event.button !== 0 || at === undefined) return;
    this.drag = { x: event.clientX, at };
    this.plots.setPointerCapture(event.pointerId);
  }

  private release(event: PointerEvent): void {
    const { drag } = this;
    const at = this.timeAt(event.clientX);
    this.drop();
    if (!drag || at === undefined) return;
    const ranged = Math.abs(event.clientX - drag.x) > DRAG;
    if (ranged) this.choose(drag.at, at);
    else this.tell({ kind: 'select', at });
  }

  /** A range fills the picture, its end is the moment to see, and what has changed in it is told. */
  private choose(one: number, other: number): void {
    this.look(() => this.time.show(one, other));
    this.tell({ kind: 'select', at: Math.max(one, other), from: Math.min(one, other) });
  }

  private unrange(): void {
    this.anchor = undefined;
    this.changes.hide();
    this.look(() => this.time.reset());
  }

  private drop(): void {
    this.drag = undefined;
    this.range.hidden = true;
  }

  /** Marks what lies between two places of the screen. */
  private mark(from: number, to: number): void {
    const { left } = this.plots.getBoundingClientRect();
    this.range.hidden = false;
    this.range.style.setProperty('left', `${Math.min(from, to) - left}px`);
    this.range.style.setProperty('width', `${Math.abs(to - from)}px`);
  }

  private wheel(event: WheelEvent): void {
    if (!event.ctrlKey && !event.metaKey && !event.shiftKey) return;
    event.preventDefault();
    const at = this.timeAt(event.clientX);
    if (event.shiftKey) this.look(() => this.time.pan(Math.sign(event.deltaY || event.deltaX) * 0.2));
    else if (at !== undefined) this.look(() => this.time.zoom(event.deltaY > 0 ? 1.25 : 0.8, at));
  }

  private key(event: KeyboardEvent): void {
    const { span } = this.time;
    const { points, times } = this.held;
    const at = this.cursor ?? this.frozenAt() ?? points.at(-1)?.at ?? span.to;
    const step = indexAfter(times, at) - 1;
    const actions: Record<string, () => void> = {
      ArrowLeft: () => this.move(points[step - 1]?.at ?? at, event.shiftKey ? at : undefined),
      ArrowRight: () => this.move(points[step + 1]?.at ?? at, event.shiftKey ? at : undefined),
      Home: () => this.move(points[0]?.at ?? at),
      End: () => this.move(points.at(-1)?.at ?? at),
      PageUp: () => this.look(() => this.time.pan(-0.5)),
      PageDown: () => this.look(() => this.time.pan(0.5)),
      '+': () => this.look(() => this.time.zoom(0.5, at)),
      '=': () => this.look(() => this.time.zoom(0.5, at)),
      '-': () => this.look(() => this.time.zoom(2, at)),
      Enter: () => this.enter(at),
      Escape: () => this.unrange(),
    };
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  }

  private enter(at: number): void {
    const { anchor } = this;
    this.anchor = undefined;
    if (anchor === undefined || anchor === at) this.tell({ kind: 'select', at });
    else this.choose(anchor, at);
  }

  /** Moves the cursor, says what is there, and keeps it in sight; `start` = where a range begins, if none has begun. */
  private move(at: number, start?: number): void {
    this.anchor = start === undefined ? undefined : (this.anchor ?? start);
    this.cursor = at;
    const { from, to } = this.time.span;
    if (at < from || at > to) this.look(() => this.time.show(at - (to - from) / 2, at + (to - from) / 2));
    this.pointAt();
    const range =
      this.anchor === undefined ? [] : [`Range of ${secondsText(Math.abs(at - this.anchor) / 1000)}`];
    this.spoken.textContent = [
      clockTime(at),
      ...range,
      ...this.charts.map((chart) => chart.spoken(this.held, at)),
    ].join('. ');
  }

  private timeAt(clientX: number): number | undefined {
    const chart = this.charts.find(({ area: { left, right } }) => right > left);
    if (!chart) return undefined;
    const { left, right } = chart.area;
    const part = (clientX - chart.canvas.getBoundingClientRect().left - left) / (right - left);
    const { from, to } = this.time.span;
    return from + Math.min(1, Math.max(0, part)) * (to - from);
  }

  private look(change: () => void): void {
    change();
    this.remember();
    this.later();
  }

  private change(change: () => void): void {
    change();
    this.remember();
    this.name();
    this.later();
  }

  private remember(): void {
    this.vscode.setState({ by: this.by, table: this.asTable, span: this.time.kept } satisfies Kept);
  }

  private picture(): void {
    this.drawCharts(this.charts);
    const png = pictureOf(
      `${this.shown?.title ?? ''} · ${this.shown?.answer ?? ''}`,
      this.charts,
      this.theme,
    );
    if (png !== '') this.tell({ kind: 'picture', png });
  }

  private tell(message: FromPage): void {
    this.vscode.postMessage(message);
  }
}

function keptFrom(state: unknown): Kept {
  const { by, table, span } = (state ?? {}) as Partial<Kept>;
  return { by: by === 'ring' ? 'ring' : 'state', table: table === true, span };
}

function button(text: string, act: () => void): HTMLButtonElement {
  const made = element('button', undefined, text);
  made.type = 'button';
  made.addEventListener('click', act);
  return made;
}

new Timeline().start();
