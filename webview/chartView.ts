import {
  Chart,
  Filler,
  LinearScale,
  LineController,
  LineElement,
  LogarithmicScale,
  PointElement,
  type Scale,
} from 'chart.js';
import { t } from '../src/model/l10n';
import { columnsOf, indexAfter, type Range, spots, within } from './buckets';
import type { Columns } from './columns';
import { element } from './element';
import { type ChartSpec, columnOf, type Series } from './series';
import { swatchOf } from './swatch';
import { faded, type Theme } from './theme';
import type { Span } from './window';
import { clockTime, timeTicks, valueText } from './words';

Chart.register(Filler, LinearScale, LogarithmicScale, LineController, LineElement, PointElement);

/** Pixels that a time on the axis takes, with the room around it. */
const LABEL = 90;

/** One chart with its title and its legend, which tells the values under the cursor. */
export class ChartView {
  readonly node = element('section', 'chart');
  readonly canvas = element('canvas', 'plot');
  private readonly title = element('h2', 'chart-title');
  private readonly legend = element('div', 'legend');
  private readonly cursor = element('div', 'cursor');
  private readonly nothing = element('p', 'nothing');
  private readonly chart: Chart<'line'>;
  private span: Span = { from: 0, to: 1 };
  /** Somebody can see it. */
  visible = false;
  /** No point is held. */
  private empty = true;
  /** What it shows is no longer so. */
  stale = true;
  private entries: { readonly series: Series; readonly value: HTMLElement; readonly swatch: SVGElement }[] =
    [];

  constructor(
    private spec: ChartSpec,
    private theme: Theme,
  ) {
    const plot = element('div', 'plot-area');
    plot.append(this.canvas, this.cursor, this.nothing);
    const head = element('div', 'chart-head');
    head.append(this.title, this.legend);
    this.node.append(head, plot);
    this.canvas.setAttribute('aria-hidden', 'true');
    this.chart = new Chart(this.canvas, { type: 'line', data: { datasets: [] }, options: this.options() });
    this.take(spec);
  }

  get id(): string {
    return this.spec.id;
  }

  /** The pixels between which time runs, within the canvas. */
  get area(): { readonly left: number; readonly right: number } {
    const { left, right } = this.chart.chartArea;
    return { left, right };
  }

  /** Its title and series, which may have come or gone. */
  take(spec: ChartSpec): void {
    const same =
      spec.series.map(({ label }) => label).join() === this.entries.map(({ series }) => series.label).join();
    this.spec = spec;
    this.title.textContent = spec.title;
    if (same) {
      this.entries = this.entries.map((entry, index) => ({
        ...entry,
        series: spec.series[index] ?? entry.series,
      }));
      return;
    }
    this.entries = spec.series.map((series) => {
      const swatch = swatchOf(series.dash);
      const value = element('span', 'value');
      return { series, swatch, value };
    });
    this.legend.replaceChildren(
      ...this.entries.map(({ series, swatch, value }) => {
        const entry = element('span', 'entry');
        entry.append(swatch, series.label, ' ', value);
        return entry;
      }),
    );
    this.paint(this.theme);
  }

  paint(theme: Theme): void {
    this.theme = theme;
    for (const { swatch, series } of this.entries)
      swatch.style.setProperty('--color', theme.color(series.color));
    this.chart.options = this.options();
  }

  /** The columns in which it draws a part of the time; those of charts of one width are the same. */
  columns({ times }: Columns, span: Span): readonly Range[] {
    const most = Math.max(64, Math.floor(this.canvas.clientWidth / 2));
    return columnsOf(times, within(times, span.from, span.to), most);
  }

  /** Draws a part of the time. */
  draw(held: Columns, span: Span, columns: readonly Range[]): void {
    const { id, series, stacked } = this.spec;
    const { datasets } = this.chart.data;
    for (const [index, one] of series.entries()) {
      const { label, color, dash } = one;
      const data = spots(held.times, columns, columnOf(held, id, one).numbers);
      // One that is drawn already is changed: for a new one the chart would make all its parts anew.
      datasets[index] = Object.assign(datasets[index] ?? {}, {
        label,
        data,
        borderColor: this.theme.color(color),
        backgroundColor: faded(this.theme.color(color), 35),
        // Wider lines take a browser without a graphics processor twice as long.
        borderWidth: this.theme.highContrast ? 2 : 1,
        borderDash: [...dash],
        pointRadius: data.length === 1 ? 2 : 0,
        fill: stacked ? (index === 0 ? 'origin' : '-1') : false,
      });
    }
    datasets.length = series.length;
    this.empty = held.points.length === 0;
    this.nothing.textContent = this.wordsOfNothing(held);
    this.span = span;
    this.stale = false;
    Object.assign(this.chart.options.scales?.['x'] ?? {}, { min: span.from, max: span.to });
    this.chart.update('none');
  }

  /** Why there is no line; '' where there is one. */
  private wordsOfNothing(held: Columns): string {
    const { id, title, series } = this.spec;
    if (this.empty) return t('No look has been taken yet.');
    if (series.length === 0) return t('{0}: nothing has been seen.', title);
    return series.some((one) => columnOf(held, id, one).known) ? '' : t('Nothing is known of it.');
  }

  /** Where the cursor stands, and the values there; undefined = nowhere: the newest values. */
  point({ points, times }: Columns, span: Span, at: number | undefined): void {
    const index = at === undefined ? points.length - 1 : indexAfter(times, at) - 1;
    const point = points[Math.max(0, index)];
    for (const { series, value } of this.entries) {
      const text = valueText(point && series.value(point), this.spec.unit);
      if (value.textContent !== text) value.textContent = text;
    }
    const { left, right } = this.area;
    const shown = at !== undefined && at >= span.from && at <= span.to && right > left;
    this.cursor.hidden = !shown;
    if (!shown) return;
    const x = left + ((at - span.from) / (span.to - span.from)) * (right - left);
    this.cursor.style.setProperty('transform', `translateX(${Math.round(x)}px)`);
  }

  /** What it shows in words, for those who do not see it. */
  spoken({ points, times }: Columns, at: number): string {
    const point = points[Math.max(0, indexAfter(times, at) - 1)];
    const values = this.entries.map(
      ({ series }) => `${series.label} ${valueText(point && series.value(point), this.spec.unit)}`,
    );
    return `${this.spec.title}: ${values.join(', ')}`;
  }

  dispose(): void {
    this.chart.destroy();
    this.node.remove();
  }

  private options(): NonNullable<Chart<'line'>['options']> {
    const { unit, stacked } = this.spec;
    const { faint, grid, font } = this.theme;
    // No label is measured that is as large as another.
    const ticks = { color: faint, font: { family: font, size: 11 }, maxRotation: 0, sampleSize: 1 };
    const vertical = {
      afterFit: (axis: Scale) => {
        axis.width = 68;
      },
      ticks: {
        ...ticks,
        maxTicksLimit: 4,
        precision: unit === 'count' ? 0 : 2,
        callback: (value: number | string) => valueText(Number(value), unit),
      },
      grid: { color: grid, drawTicks: false },
      border: { display: false },
    };
    return {
      animation: false,
      responsive: true,
      maintainAspectRatio: false,
      parsing: false,
      normalized: true,
      events: [],
      spanGaps: false,
      scales: {
        x: {
          type: 'linear',
          min: this.span.from,
          max: this.span.to,
          afterBuildTicks: (axis) => {
            const times = this.empty ? [] : timeTicks(this.span, Math.floor(axis.width / LABEL));
            axis.ticks = times.map((value) => ({ value }));
          },
          ticks: {
            ...ticks,
            autoSkip: false,
            callback: (value) => clockTime(Number(value), this.span),
          },
          grid: { color: grid, drawTicks: false },
          border: { color: grid },
        },
        // Percentiles lie powers of ten apart.
        y:
          unit === 'latency'
            ? { ...vertical, type: 'logarithmic', afterBuildTicks: decades }
            : {
                ...vertical,
                type: 'linear',
                stacked,
                beginAtZero: true,
                ...(unit === 'share' ? { max: 1 } : { suggestedMax: 1 }),
              },
      },
    };
  }
}

/** Marks at powers of ten, few enough to be read. */
function decades(axis: Scale): void {
  const powers = axis.ticks.filter(({ value }) =>
    Number.isInteger(Math.round(Math.log10(value) * 1e6) / 1e6),
  );
  const every = Math.ceil(powers.length / 4);
  if (powers.length > 1) axis.ticks = powers.filter((_, index) => index % every === 0);
}
