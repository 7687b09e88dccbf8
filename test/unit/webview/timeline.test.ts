import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HistoryPoint, RingPoint } from '../../../src/model/history';
import { columnsOf, indexAfter, spots, within } from '../../../webview/buckets';
import { Columns } from '../../../webview/columns';
import { chartsOf } from '../../../webview/series';
import { TimeWindow } from '../../../webview/window';
import { clockTime, timeTicks, valueText } from '../../../webview/words';

const IDLE = { busy: 0, all: 0 };

function point(at: number, ring: Partial<RingPoint> = {}, more: Partial<HistoryPoint> = {}): HistoryPoint {
  const rings = [{ id: 1, states: {}, unreaped: 0, overflowed: 0, ...ring }];
  return { at, span: 1, rings, stuck: 0, workers: IDLE, devices: [], ...more };
}

const inFlight = ({ rings }: HistoryPoint) => rings[0]?.inFlight;

/** What is drawn of one number of some points. */
function drawn(
  points: readonly HistoryPoint[],
  value: (point: HistoryPoint) => number | undefined,
  most: number,
) {
  const held = new Columns(points);
  return spots(held.times, columnsOf(held.times, [0, points.length], most), held.of('x', value).numbers);
}

describe('the spots of a chart', () => {
  it('are the points themselves while these are few, with gaps where nothing is known', () => {
    const points = [point(1, { inFlight: 3 }), point(2), point(3, { inFlight: 0 })];
    expect(drawn(points, inFlight, 10)).toEqual([
      { x: 1, y: 3 },
      { x: 2, y: null },
      { x: 3, y: 0 },
    ]);
    expect(drawn([], inFlight, 10)).toEqual([]);
  });

  it('lose no peak and are no more than asked for', () => {
    const counts = fc.array(fc.integer({ min: 0, max: 1e6 }), { minLength: 1, maxLength: 3000 });
    fc.assert(
      fc.property(counts, fc.integer({ min: 2, max: 400 }), (values, most) => {
        const points = values.map((value, index) => point(index * 1000, { inFlight: value }));
        const line = drawn(points, inFlight, most);
        expect(line.length).toBeLessThanOrEqual(most);
        expect(Math.max(...line.map(({ y }) => y ?? -1))).toBe(Math.max(...values));
        expect(line.map(({ x }) => x)).toEqual([...line.map(({ x }) => x)].sort((a, b) => a - b));
        expect(line.at(-1)?.x).toBe(points.at(-1)?.at);
      }),
      { numRuns: 60 },
    );
  });

  it('reach over the edges of what is looked at', () => {
    const times = [1, 2, 3, 4, 5];
    expect(within(times, 2.5, 3.5)).toEqual([1, 4]);
    expect(within(times, 0, 9)).toEqual([0, 5]);
    expect([indexAfter(times, 0), indexAfter(times, 3), indexAfter(times, 9), indexAfter([], 1)]).toEqual([
      0, 3, 5, 0,
    ]);
  });

  it('grow with the points, as if all had been there', () => {
    const all = Array.from({ length: 700 }, (_, at) => point(at, { inFlight: at % 13 }));
    const held = new Columns(all.slice(0, 3));
    for (let at = 3; at < all.length; at++) {
      held.of('x', inFlight);
      held.add(all.slice(at, at + 1));
    }
    const { numbers, known, happened } = held.of('x', inFlight);
    expect([...numbers.slice(0, 700)]).toEqual(all.map(inFlight));
    expect([known, happened, [...held.rings]]).toEqual([true, true, [1]]);
    held.replace([point(1)]);
    expect(held.of('x', inFlight)).toMatchObject({ known: false, happened: false });
  });
});

describe('the charts', () => {
  it('are three while nothing else happens, and more when it does', () => {
    const quiet = [point(1, { inFlight: 1, states: { polling: 1 } })];
    expect(chartsOf(new Columns(quiet), 'state').map(({ id }) => id)).toEqual([
      'in-flight',
      'rates',
      'oldest',
    ]);
    const limit = [point(1, {}, { workers: { busy: 0, all: 0, limit: 8 } })];
    expect(chartsOf(new Columns(limit), 'state').map(({ id }) => id)).not.toContain('workers');
    const busy = [
      point(
        1,
        { unreaped: 2 },
        { stuck: 3, workers: { busy: 1, all: 2, limit: 8 }, pressure: { some: 0.5 } },
      ),
      point(2, {}, { devices: [{ name: 'sda', inFlight: 4 }] }),
    ];
    expect(chartsOf(new Columns(busy), 'state').map(({ id }) => id)).toEqual([
      'in-flight',
      'rates',
      'oldest',
      'unreaped',
      'workers',
      'stuck',
      'disks',
      'shares',
    ]);
  });

  it('leave out no ring and no disk where these are many', () => {
    const ids = Array.from({ length: 100 }, (_, index) => index + 1);
    const rings = ids.map((id) => ({ id, inFlight: 1, states: {}, unreaped: 0, overflowed: 0 }));
    const devices = ids.map((id) => ({ name: `disk${id}`, inFlight: 2 }));
    const one = { ...point(1), rings, devices };
    const charts = chartsOf(new Columns([one]), 'ring');
    const total = (id: string) =>
      charts.find((chart) => chart.id === id)?.series.reduce((all, { value }) => all + (value(one) ?? 0), 0);
    expect(charts[0]?.series.map(({ label }) => label).slice(-2)).toEqual(['ring 6', '94 others']);
    expect([total('in-flight'), total('disks')]).toEqual([100, 200]);
  });

  it('count each request in flight once, also those that no row stands for', () => {
    const points = [point(1, { inFlight: 10, states: { issued: 3, linked: 1, drained: 1, completed: 9 } })];
    const [chart] = chartsOf(new Columns(points), 'state');
    const told = chart?.series.map(({ label, value }) => [label, points.map((one) => value(one))]);
    expect(told).toEqual([
      ['in the device or file system', [3]],
      ['behind another request', [2]],
      ['not told apart', [5]],
    ]);
  });

  it('can be told apart without colours', () => {
    const states = {
      issued: 1,
      running: 1,
      queued: 1,
      polling: 1,
      waiting: 1,
      linked: 1,
      timeout: 1,
    } as const;
    const [chart] = chartsOf(new Columns([point(1, { inFlight: 9, states })]), 'state');
    const dashes = chart?.series.map(({ dash, color }) => `${dash.join()} ${color}`) ?? [];
    expect(new Set(dashes).size).toBe(8);
  });
});

describe('the part of the time that is drawn', () => {
  it('follows until somebody looks closer, and again after that', () => {
    const time = new TimeWindow();
    time.extend(0, 10_000);
    expect(time.span).toEqual({ from: 0, to: 10_000 });
    time.show(8000, 2000);
    time.extend(0, 20_000);
    expect(time.span).toEqual({ from: 2000, to: 8000 });
    time.pan(-0.5);
    expect(time.span).toEqual({ from: 0, to: 6000 });
    time.pan(10);
    expect(time.span).toEqual({ from: 14_000, to: 20_000 });
    time.reset();
    expect(time.span).toEqual({ from: 0, to: 20_000 });
  });

  it('stays within what there is, whatever is done', () => {
    const act = fc.oneof(
      fc.record({
        kind: fc.constant('zoom' as const),
        by: fc.double({ min: 0.1, max: 10, noNaN: true }),
        at: fc.integer({ min: 0, max: 10_000 }),
      }),
      fc.record({ kind: fc.constant('pan' as const), by: fc.double({ min: -2, max: 2, noNaN: true }) }),
      fc.record({
        kind: fc.constant('show' as const),
        from: fc.integer({ min: -5000, max: 20_000 }),
        to: fc.integer({ min: -5000, max: 20_000 }),
      }),
    );
    fc.assert(
      fc.property(fc.array(act, { maxLength: 20 }), (acts) => {
        const time = new TimeWindow();
        time.extend(0, 10_000);
        for (const one of acts) {
          if (one.kind === 'zoom') time.zoom(one.by, one.at);
          else if (one.kind === 'pan') time.pan(one.by);
          else time.show(one.from, one.to);
        }
        const { from, to } = time.span;
        expect(from).toBeGreaterThanOrEqual(-1e-6);
        expect(to).toBeLessThanOrEqual(10_000 + 1e-6);
        expect(to).toBeGreaterThan(from);
      }),
    );
  });
});

describe('latencies of traced requests', () => {
  const latency = { count: 9, p50: 2.2e-6, p99: 4e-4, most: 0.03 };
  const traced = [point(1), { ...point(2), latency }, point(3)];

  it('have a chart where something was traced, and only there', () => {
    expect(chartsOf(new Columns([point(1), point(2)]), 'state').map(({ id }) => id)).not.toContain('latency');
    const chart = chartsOf(new Columns(traced), 'state').find(({ id }) => id === 'latency');
    expect(chart?.series.map(({ label, value }) => [label, value(traced[1] ?? point(0))])).toEqual([
      ['p50', 2.2e-6],
      ['p99', 4e-4],
      ['longest', 0.03],
    ]);
  });

  it('are told from nanoseconds to seconds, nothing as nothing', () => {
    expect([9.4e-7, 2.2e-6, 4e-4, 0.0300123, 61].map((value) => valueText(value, 'latency'))).toEqual([
      '940 ns',
      '2.2 µs',
      '400 µs',
      '30 ms',
      '61 s',
    ]);
    expect(valueText(undefined, 'latency')).toBe('–');
  });
});

describe('the words of the axes', () => {
  it('are round times, no more than fit', () => {
    const from = new Date(2026, 0, 1, 12, 0, 3).getTime();
    const span = { from, to: from + 60_000 };
    expect(timeTicks(span).map((at) => clockTime(at, span))).toEqual([
      '12:00:10',
      '12:00:20',
      '12:00:30',
      '12:00:40',
      '12:00:50',
      '12:01:00',
    ]);
    const short = { from, to: from + 700 };
    expect(timeTicks(short).map((at) => clockTime(at, short))[1]).toBe('12:00:03.1');
    const long = { from, to: from + 10 * 3_600_000 };
    expect(timeTicks(long).length).toBeLessThanOrEqual(8);
    for (const room of [0, 1, 3, 5])
      for (const hours of [0.001, 1, 10, 2000])
        expect(timeTicks({ from, to: from + hours * 3_600_000 }, room).length).toBeLessThanOrEqual(
          Math.max(1, room) + 1,
        );
  });

  it('are values as people read them', () => {
    expect(valueText(40_626.4, 'rate')).toBe('40,626/s');
    expect(valueText(2.25, 'rate')).toBe('2.3/s');
    expect(valueText(0.123, 'share')).toBe('12 %');
    expect(valueText(191, 'seconds')).toBe('3 min 11 s');
    expect(valueText(null, 'count')).toBe('–');
  });
});
