import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { trendText } from '../../../src/explain/trend';
import { History } from '../../../src/inspect/history';
import { measured } from '../../../src/inspect/measure';
import type { Request, Ring, Sample } from '../../../src/model/sample';
import { withRates } from '../../../src/sample/ringRates';
import { sampleOf, taskOf } from '../samples';

const RING: Ring = { id: 1, fd: 3, owner: 7, setup: [], readable: true };
const START = Date.parse('2026-01-01T00:00:00Z');

function request(more: Partial<Request>): Request {
  return { ring: 1, operation: 'READ', state: 'issued', certainty: 'certain', sources: ['fdinfo'], ...more };
}

/** The look at a second of the host's uptime. */
function at(second: number, parts: Partial<Sample> = {}, host: Partial<Sample['host']> = {}): Sample {
  const sample = sampleOf(parts);
  const takenAt = new Date(START + second * 1000).toISOString();
  return { ...sample, takenAt, host: { ...sample.host, uptime: second, ...host } };
}

describe('a look in numbers', () => {
  it('has rates from the rings’ counters, which wrap', () => {
    const before = at(10, { rings: [{ ...RING, sqHead: 0xffff_fff0, cqTail: 100 }] });
    const now = at(12, {
      rings: [{ ...RING, sqHead: 0x10, cqTail: 300, cqHead: 290, inFlight: 5, overflowed: 2 }],
    });
    const [ring] = measured(now, before).rings;
    expect(ring).toEqual({
      id: 1,
      inFlight: 5,
      states: {},
      submitted: 16,
      completed: 100,
      unreaped: 10,
      overflowed: 2,
    });
  });

  it('has no rates of a first look, of another process or of another ring', () => {
    const counted = { rings: [{ ...RING, sqHead: 5, cqTail: 5 }] };
    expect(measured(at(12, counted)).rings[0]).not.toHaveProperty('submitted');
    const other = at(10, { ...counted, process: { ...sampleOf().process, startTime: 4711 } });
    expect(measured(at(12, counted), other)).toMatchObject({ span: 0 });
    const elsewhere = at(10, { rings: [{ ...RING, fd: 9, sqHead: 5 }] });
    expect(measured(at(12, counted), elsewhere).rings[0]).not.toHaveProperty('submitted');
  });

  it('counts requests by state, the oldest that waits, and who works', () => {
    const point = measured(
      at(10, {
        rings: [RING],
        requests: [
          request({ seen: 31 }),
          request({ age: 12 }),
          request({ state: 'completed', seen: 99 }),
          request({ state: 'timeout', age: 500 }),
        ],
        tasks: [
          taskOf({}),
          taskOf({ tid: 8, kind: 'worker', operation: 'READ' }),
          taskOf({ tid: 9, kind: 'worker', state: 'S' }),
        ],
        workerPools: [
          {
            tid: 7,
            bounded: { workers: 2, limit: 8, queued: 0 },
            unbounded: { workers: 0, limit: 4000, queued: 0 },
          },
        ],
      }),
    );
    expect(point.rings[0]?.states).toEqual({ issued: 2, completed: 1, timeout: 1 });
    expect(point.oldest).toBe(31);
    expect(point.workers).toEqual({ busy: 1, all: 2, limit: 8 });
  });

  it('counts of those in doubt no more than are in flight, and none where it is not known which', () => {
    const some = (count: number, more: Partial<Request>) =>
      Array.from({ length: count }, () => request(more));
    const doubtful = { certainty: 'ambiguous' } as const;
    const statesOf = (inFlight: number, requests: Request[]) =>
      measured(at(10, { rings: [{ ...RING, inFlight }], requests })).rings[0]?.states;
    const sends = some(32, doubtful);
    const receives = some(32, { ...doubtful, state: 'polling' });
    expect(statesOf(33, [...sends, ...receives])).toEqual({});
    expect(statesOf(33, [request({ state: 'timeout' }), ...sends, ...receives])).toEqual({ timeout: 1 });
    expect(statesOf(9, [request({ state: 'polling' }), ...receives])).toEqual({ polling: 9 });
    expect(statesOf(64, [...sends, ...receives])).toEqual({ issued: 32, polling: 32 });
  });

  it('has the share of time that the host waited for I/O, and a device that moves', () => {
    const device = { name: 'sda', inFlightReads: 2, inFlightWrites: 1, completed: 100 };
    const before = at(10, { devices: [device] }, { ioPressure: { some: 0, full: 0 } });
    const now = at(
      12,
      { devices: [{ ...device, completed: 140 }] },
      { ioPressure: { some: 1_000_000, full: 500_000 } },
    );
    const point = measured(now, before, 0.004);
    expect(point.pressure).toEqual({ some: 0.5, full: 0.25 });
    expect(point.devices).toEqual([{ name: 'sda', inFlight: 3, completed: 20 }]);
    expect(point.cost).toBe(0.004);
  });

  it('has no rates over a time in which the host was suspended, and says for how long that was', () => {
    const device = { name: 'sda', inFlightReads: 2, completed: 100 };
    const seen = (second: number, awake: number, done: number) =>
      at(
        second,
        { rings: [{ ...RING, sqHead: done, cqTail: done }], devices: [{ ...device, completed: done }] },
        { awake, ioPressure: { some: done } },
      );
    const before = seen(100, 98.5, 10);
    const point = measured(seen(222, 100.5, 1000), before);
    expect(point).toMatchObject({ span: 122, asleep: 120 });
    expect(point.rings[0]).toEqual({ id: 1, states: {}, unreaped: 0, overflowed: 0 });
    expect(point.devices).toEqual([{ name: 'sda', inFlight: 2 }]);
    expect(point).not.toHaveProperty('pressure');
    expect(trendText(point)).toContain('nothing was seen for 2 min 0 s: the host was suspended');
    expect(withRates(seen(222, 100.5, 1000), before).rings[0]).not.toHaveProperty('submittedRate');
    // The clocks drift apart, and a host that is awake may be busy for long.
    expect(measured(seen(222, 219, 1000), before)).not.toHaveProperty('asleep');
    expect(measured(seen(222, 219, 1230), before).rings[0]?.submitted).toBe(10);
    expect(withRates(seen(222, 219, 1230), before).rings[0]?.submittedRate).toBe(10);
  });

  it('has the share of time in which the SQPOLL thread had work', () => {
    // It ran for as long as it worked, and slept for the rest of the two seconds.
    const before = at(10, { rings: [{ ...RING, sqpollTotalTime: 1000, sqpollWorkTime: 500 }] });
    const now = at(12, { rings: [{ ...RING, sqpollTotalTime: 501_000, sqpollWorkTime: 500_500 }] });
    expect(measured(now, before).rings[0]?.sqpollBusy).toBe(0.25);
    // Counters between two looks do not have it.
    const between = at(11.5, { rings: before.rings });
    expect(measured(now, before, 0, between).rings[0]?.sqpollBusy).toBe(0.25);
  });
});

describe('History', () => {
  it('goes on evenly where the host’s clock is set back or forward', () => {
    for (const set of [-3600, 86_400]) {
      const history = new History();
      for (let second = 0; second < 10; second++) {
        const sample = at(second, { rings: [{ ...RING, cqTail: second * 10 }] });
        const shifted = new Date(Date.parse(sample.takenAt) + (second < 5 ? 0 : set * 1000)).toISOString();
        history.add({ ...sample, takenAt: shifted });
      }
      const { points } = history;
      const [first] = points;
      expect(points.map((point) => (point.at - (first?.at ?? 0)) / 1000)).toEqual([...Array(10).keys()]);
      expect(points.at(-1)?.at).toBe(START + (9 + set) * 1000);
      expect(points.slice(1).every(({ rings }) => rings[0]?.completed === 10)).toBe(true);
      // The Samples that are kept are found by the same times, and say them.
      expect(history.nearest((first?.at ?? 0) + 3000)?.host.uptime).toBe(3);
      expect(Date.parse(history.nearest(first?.at ?? 0)?.takenAt ?? '')).toBe(first?.at);
    }
  });

  it('says the true rate over a time in which the host was suspended, and none over one in which counters may have gone round', () => {
    const history = new History();
    for (const second of [0, 2, 202, 2202])
      history.add(at(second, { rings: [{ ...RING, cqTail: second * 10 }] }));
    expect(history.points.map(({ rings }) => rings[0]?.completed)).toEqual([undefined, 10, 10, undefined]);
  });

  it('has no rate of a counter that went back, of a ring that was closed and opened again, or after a reboot', () => {
    const rates = (...looks: Sample[]) => {
      const history = new History();
      for (const sample of looks) history.add(sample);
      return history.points.map(({ rings }) => rings[0]?.completed);
    };
    const ring = (second: number, more: Partial<Ring>) =>
      at(second, { rings: [{ ...RING, inode: 5, ...more }] });
    expect(rates(ring(0, { cqTail: 100 }), ring(2, { cqTail: 90 }))).toEqual([undefined, undefined]);
    expect(rates(ring(0, { cqTail: 100 }), ring(2, { cqTail: 190, inode: 6 }))).toEqual([
      undefined,
      undefined,
    ]);
    expect(rates(ring(100, { cqTail: 100 }), ring(2, { cqTail: 190 }))).toEqual([undefined, undefined]);
  });

  it('takes counters between looks, and leaves what only a look finds as it was', () => {
    const history = new History();
    const rings = [
      { ...RING, inFlight: 3, cqTail: 0 },
      { ...RING, id: 2, fd: 4, cqTail: 0 },
    ];
    const look = at(0, { rings, requests: [request({ seen: 9 }), request({ state: 'polling' })] });
    history.count(look);
    expect(history.points).toEqual([]);
    history.add(look);
    history.count(at(0.5, { rings: [{ ...RING, inFlight: 7, cqTail: 20 }] }));
    history.count(at(0.51, { rings: [{ ...RING, inFlight: 8, cqTail: 21 }] }));
    history.add(
      at(2, {
        rings: [
          { ...RING, inFlight: 1, cqTail: 80 },
          { ...RING, id: 2, fd: 4, cqTail: 10 },
        ],
      }),
    );
    const [, counted, next, ...more] = history.points;
    expect(more).toEqual([]);
    expect(counted).toMatchObject({ counted: true, span: 0.5, oldest: 9 });
    expect(counted?.rings).toEqual([
      { id: 1, inFlight: 7, states: { issued: 1, polling: 1 }, completed: 40, unreaped: 0, overflowed: 0 },
    ]);
    // The ring that was not counted has its rate from the look before.
    expect(next).toMatchObject({
      span: 1.5,
      rings: [
        { id: 1, completed: 40 },
        { id: 2, completed: 5 },
      ],
    });
  });

  it('keeps a bounded number of points over hours, with its peaks and true rates', () => {
    const history = new History({ points: 64, rows: 1000 });
    for (let second = 0; second < 5000; second++) {
      const inFlight = second === 1234 ? 77 : 3;
      history.add(at(second, { rings: [{ ...RING, inFlight, cqTail: second * 10 }] }));
    }
    const { points } = history;
    expect(points.length).toBeLessThanOrEqual(64);
    expect(Math.max(...points.map(({ rings }) => rings[0]?.inFlight ?? 0))).toBe(77);
    expect(points.slice(1).every(({ rings }) => Math.abs((rings[0]?.completed ?? 0) - 10) < 1e-9)).toBe(true);
    expect(points.reduce((sum, { span }) => sum + span, 0)).toBe(4999);
    expect(points.map(({ at }) => at)).toEqual([...points.map(({ at }) => at)].sort((a, b) => a - b));
  });

  it('says what the probe took in each of its times, thinned out or not, and nothing where another probe has begun', () => {
    const history = new History({ points: 8, rows: 1000 });
    for (let second = 0; second < 50; second++) history.add(at(second), 0.01, second * 4);
    const sum = history.points.reduce((all, { probe = 0 }) => all + probe, 0);
    expect(sum).toBeCloseTo((49 * 4) / 1000);
    history.add(at(50), 0.01, 3);
    expect(history.points.at(-1)).not.toHaveProperty('probe');
    history.add(at(51), 0.01, 9);
    expect(history.points.at(-1)?.probe).toBeCloseTo(0.006);
  });

  it('takes no more memory after ten hours than after one', () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const heap = () => {
      collect();
      return process.memoryUsage().heapUsed;
    };
    const history = new History();
    const hours = (from: number, to: number) => {
      for (let second = from * 3600; second < to * 3600; second++) {
        const rings = Array.from({ length: 4 }, (_, id) => ({ ...RING, id, cqTail: second * 10 }));
        if (second % 2 === 0) {
          history.add(at(second, { rings, requests: Array.from({ length: 30 }, () => request({})) }));
        } else history.count(at(second, { rings }));
      }
    };
    hours(0, 1);
    const before = heap();
    hours(1, 10);
    const grown = heap() - before;
    expect(history.points.length).toBeLessThanOrEqual(4096);
    expect(history.points.length).toBeGreaterThan(1000);
    expect(grown).toBeLessThan(4 << 20);
  });

  it('gives the Sample of a moment, of those that fit', () => {
    const history = new History({ points: 64, rows: 100 });
    const requests = Array.from({ length: 8 }, () => request({}));
    for (let second = 0; second < 200; second++) history.add(at(second, { requests, rings: [RING] }));
    expect(history.nearest(START + 199_000)?.host.uptime).toBe(199);
    expect(history.nearest(START + 198_400)?.host.uptime).toBe(198);
    expect(history.nearest(START)?.host.uptime).toBeLessThan(199);
  });

  it('takes a look that was completed later for the same one', () => {
    const history = new History();
    history.add(at(1));
    history.add(at(2));
    const linked = at(2, { requests: [request({})] });
    history.complete(linked);
    history.complete(at(1, { requests: [request({}), request({})] }));
    expect(history.points).toHaveLength(2);
    expect(history.nearest(START + 2000)?.requests).toHaveLength(1);
  });

  it('never keeps more than it may, whatever is added, and always the newest', () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 2, max: 32 }), (rows, points) => {
        const history = new History({ points, rows: 300 });
        rows.forEach((count, second) => {
          history.add(at(second, { requests: Array.from({ length: count }, () => request({})) }));
        });
        expect(history.points.length).toBeLessThanOrEqual(points);
        expect(history.nearest(Number.MAX_SAFE_INTEGER)?.host.uptime).toBe(rows.length - 1);
      }),
      { numRuns: 50 },
    );
  });
});
