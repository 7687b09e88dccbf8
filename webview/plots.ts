import { ChartView } from './chartView';
import type { Columns } from './columns';
import { element } from './element';
import type { ChartSpec } from './series';
import type { Theme } from './theme';
import type { TimeWindow } from './window';

/** The charts below one another, over one time axis. One that has scrolled out of sight is drawn when it comes back. */
export class Plots {
  readonly node = element('div', 'plots');
  private charts: ChartView[] = [];
  private readonly range = element('div', 'range');
  private readonly sight = new IntersectionObserver((seen) => this.see(seen), { rootMargin: '50px' });

  /** `redraw` is called when something has come into sight that is not drawn yet. */
  constructor(
    private readonly held: Columns,
    private readonly time: TimeWindow,
    private theme: Theme,
    private readonly redraw: () => void,
  ) {
    this.range.hidden = true;
  }

  paint(theme: Theme): void {
    this.theme = theme;
    for (const chart of this.charts) chart.paint(theme);
  }

  /** Draws those that are in sight; makes charts of what has come, and lets go of what has gone. */
  draw(specs: readonly ChartSpec[]): void {
    this.arrange(specs);
    for (const chart of this.charts) chart.stale = true;
    this.drawCharts(this.charts.filter(({ visible }) => visible));
  }

  /** All charts, each drawn. */
  drawn(): readonly ChartView[] {
    this.drawCharts(this.charts);
    return this.charts;
  }

  /** Where the cursor stands; undefined = nowhere. */
  point(at: number | undefined): void {
    for (const chart of this.charts) if (chart.visible) chart.point(this.held, this.time.span, at);
  }

  /** What all charts show, in words. */
  spoken(at: number): string[] {
    return this.charts.map((chart) => chart.spoken(this.held, at));
  }

  /** The time at a place of the screen, of those that are drawn; undefined = nothing is. */
  timeAt(clientX: number): number | undefined {
    const chart = this.charts.find(({ area: { left, right } }) => right > left);
    if (!chart) return undefined;
    const { left, right } = chart.area;
    const part = (clientX - chart.canvas.getBoundingClientRect().left - left) / (right - left);
    const { from, to } = this.time.span;
    return from + Math.min(1, Math.max(0, part)) * (to - from);
  }

  /** Marks what lies between two places of the screen. */
  mark(from: number, to: number): void {
    const { left } = this.node.getBoundingClientRect();
    this.range.hidden = false;
    this.range.style.setProperty('left', `${Math.min(from, to) - left}px`);
    this.range.style.setProperty('width', `${Math.abs(to - from)}px`);
  }

  unmark(): void {
    this.range.hidden = true;
  }

  private see(seen: readonly IntersectionObserverEntry[]): void {
    for (const chart of this.charts) {
      const entry = seen.findLast(({ target }) => target === chart.node);
      if (entry) chart.visible = entry.isIntersecting;
    }
    if (this.charts.some(({ visible, stale }) => visible && stale)) this.redraw();
  }

  private drawCharts(charts: readonly ChartView[]): void {
    const { span } = this.time;
    const columns = charts[0]?.columns(this.held, span) ?? [];
    for (const chart of charts) chart.draw(this.held, span, columns);
  }

  private arrange(specs: readonly ChartSpec[]): void {
    const known = new Map(this.charts.map((chart) => [chart.id, chart]));
    this.charts = specs.map((spec) => {
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
    if (nodes.some((node, index) => this.node.children[index] !== node))
      this.node.replaceChildren(...nodes, this.range);
  }

  private chartOf(spec: ChartSpec): ChartView {
    const chart = new ChartView(spec, this.theme);
    this.sight.observe(chart.node);
    return chart;
  }
}
