import type { RingPoint } from '../src/model/history';
import { t } from '../src/model/l10n';
import type { RequestState } from '../src/model/request';
import type { Columns, Value } from './columns';

export type Unit = 'count' | 'rate' | 'seconds' | 'share' | 'latency';

/** The editor's colours for charts. */
export type Color = 'blue' | 'green' | 'orange' | 'purple' | 'red' | 'yellow' | 'foreground';

export interface Series {
  readonly label: string;
  readonly color: Color;
  /** Lengths of dashes and gaps, so that series differ without colour. */
  readonly dash: readonly number[];
  readonly value: Value;
  /** What the others may reach: alone it is worth no chart. */
  readonly bound?: boolean;
}

export interface ChartSpec {
  readonly id: string;
  readonly title: string;
  readonly unit: Unit;
  /** Its series lie one upon the other. */
  readonly stacked: boolean;
  readonly series: readonly Series[];
}

export const COLORS: readonly Color[] = ['blue', 'green', 'orange', 'purple', 'yellow', 'red', 'foreground'];
const DASHES: readonly (readonly number[])[] = [
  [],
  [6, 3],
  [2, 2],
  [8, 3, 2, 3],
  [1, 3],
  [10, 4],
  [4, 4],
  [1, 1],
];
const SOLID: readonly number[] = [];

/** Rings and disks with a series of their own; all further ones share one. */
const MOST = 6;

/** Charts that stand there whatever happens. */
const ALWAYS = 3;

const STATES: readonly (readonly [string, readonly RequestState[], Color])[] = [
  [t('in the device or file system'), ['issued'], 'blue'],
  [t('in a worker'), ['running'], 'orange'],
  [t('queued for a worker'), ['queued'], 'yellow'],
  [t('armed for readiness'), ['polling'], 'green'],
  [t('waiting'), ['waiting'], 'purple'],
  [t('behind another request'), ['linked', 'drained'], 'foreground'],
  [t('timers'), ['timeout'], 'red'],
];

/** What is worth a chart; those in which nothing has happened are left out, but for the first three. */
export function chartsOf(held: Columns, by: 'state' | 'ring'): ChartSpec[] {
  const workers: Series[] = [
    line(t('busy'), 'orange', 0, ({ workers: { busy } }) => busy),
    line(t('all'), 'blue', 1, ({ workers: { all } }) => all),
    { ...line(t('limit'), 'red', 2, ({ workers: { limit } }) => limit), bound: true },
  ];
  const shares: Series[] = [
    line(t('SQPOLL thread at work'), 'green', 0, ({ rings }) => peak(rings, ({ sqpollBusy }) => sqpollBusy)),
    line(t('some task of the host waits for I/O'), 'yellow', 1, ({ pressure }) => pressure?.some),
    line(t('all do'), 'red', 2, ({ pressure }) => pressure?.full),
  ];
  const marks: Series[] = [
    line(t('not reaped'), 'yellow', 0, ({ rings }) => sum(rings, ({ unreaped }) => unreaped)),
    line(t('overflowed'), 'red', 1, ({ rings }) => sum(rings, ({ overflowed }) => overflowed)),
  ];
  const latencies: Series[] = [
    line('p50', 'green', 0, ({ latency }) => latency?.p50),
    line('p99', 'blue', 1, ({ latency }) => latency?.p99),
    line(t('longest'), 'red', 2, ({ latency }) => latency?.most),
  ];
  const all: ChartSpec[] = [
    {
      id: 'in-flight',
      title: t('In flight'),
      unit: 'count',
      stacked: true,
      series: by === 'state' ? byState() : byRing(held),
    },
    {
      id: 'rates',
      title: t('Requests a second'),
      unit: 'rate',
      stacked: false,
      series: [
        line(t('submitted'), 'blue', 1, ({ rings }) => sum(rings, ({ submitted }) => submitted)),
        line(t('completed'), 'green', 0, ({ rings }) => sum(rings, ({ completed }) => completed)),
      ],
    },
    {
      id: 'oldest',
      title: t('Oldest pending request'),
      unit: 'seconds',
      stacked: false,
      series: [line(t('age, at least'), 'purple', 0, ({ oldest }) => oldest)],
    },
    {
      id: 'latency',
      title: t('Latency of traced requests'),
      unit: 'latency',
      stacked: false,
      series: latencies,
    },
    { id: 'unreaped', title: t('Completions'), unit: 'count', stacked: false, series: marks },
    { id: 'workers', title: t('io-wq workers'), unit: 'count', stacked: false, series: workers },
    {
      id: 'stuck',
      title: t('Stuck requests'),
      unit: 'count',
      stacked: false,
      series: [line(t('stuck'), 'red', 0, ({ stuck }) => stuck)],
    },
    { id: 'disks', title: t('In the disks'), unit: 'count', stacked: false, series: byDisk(held) },
    { id: 'shares', title: t('Share of the time'), unit: 'share', stacked: false, series: shares },
  ];
  return all
    .map((chart, index) => ({
      ...chart,
      series: chart.series.filter((one) => isWorth(held, chart.id, one, index < ALWAYS)),
    }))
    .filter(
      ({ id, series }, index) =>
        index < ALWAYS || series.some((one) => !one.bound && columnOf(held, id, one).happened),
    );
}

/** The numbers of a series of a chart. */
export function columnOf(held: Columns, chart: string, { label, value }: Series): ReturnType<Columns['of']> {
  return held.of(`${chart}/${label}`, value);
}

/** Of the states only those in which something has stood. */
function isWorth(held: Columns, chart: string, series: Series, always: boolean): boolean {
  const { known, happened } = columnOf(held, chart, series);
  return chart === 'in-flight' ? happened : known || always;
}

function byState(): Series[] {
  const known = STATES.map(([label, states, color], index) =>
    line(label, color, index, ({ rings }) =>
      sum(rings, (ring) => states.reduce((n, state) => n + (ring.states[state] ?? 0), 0)),
    ),
  );
  return [...known, line(t('not told apart'), 'foreground', 7, ({ rings }) => sum(rings, unlistedOf))];
}

/** In flight by the counters, and no row for it. */
function unlistedOf({ inFlight, states }: RingPoint): number {
  const listed = STATES.reduce((n, [, all]) => n + all.reduce((m, state) => m + (states[state] ?? 0), 0), 0);
  return Math.max(0, (inFlight ?? 0) - listed);
}

function byRing({ rings: ids }: Columns): Series[] {
  const first = [...ids].slice(0, MOST);
  const others = line(t('{0} others', ids.size - MOST), 'foreground', MOST, ({ rings }) =>
    sum(
      rings.filter(({ id }) => !first.includes(id)),
      ({ inFlight }) => inFlight,
    ),
  );
  const single = first.map((id, index) =>
    line(
      t('ring {0}', id),
      colorOf(index),
      index,
      ({ rings }) => rings.find((ring) => ring.id === id)?.inFlight,
    ),
  );
  return ids.size > MOST ? [...single, others] : single;
}

function byDisk({ disks }: Columns): Series[] {
  const first = [...disks].slice(0, MOST);
  const others = line(t('{0} others', disks.size - MOST), 'foreground', MOST, ({ devices }) =>
    devices.reduce((total, { name, inFlight }) => total + (first.includes(name) ? 0 : inFlight), 0),
  );
  const single = first.map((name, index) =>
    line(
      name,
      colorOf(index),
      index,
      ({ devices }) => devices.find((device) => device.name === name)?.inFlight,
    ),
  );
  return disks.size > MOST ? [...single, others] : single;
}

function colorOf(index: number): Color {
  return COLORS[index % COLORS.length] ?? 'blue';
}

function line(label: string, color: Color, dash: number, value: Series['value']): Series {
  return { label, color, dash: DASHES[dash % DASHES.length] ?? SOLID, value };
}

function sum(rings: readonly RingPoint[], of: (ring: RingPoint) => number | undefined): number | undefined {
  let total: number | undefined;
  for (const ring of rings) {
    const value = of(ring);
    if (value !== undefined) total = (total ?? 0) + value;
  }
  return total;
}

function peak(rings: readonly RingPoint[], of: (ring: RingPoint) => number | undefined): number | undefined {
  let most: number | undefined;
  for (const ring of rings) {
    const value = of(ring);
    if (value !== undefined) most = Math.max(most ?? 0, value);
  }
  return most;
}
