import { describe, expect, it } from 'vitest';
import { History } from '../../../src/inspect/history';
import type { Inspected } from '../../../src/inspect/inspections';
import type { Request, Sample } from '../../../src/model/sample';
import { changeOf } from '../../../src/views/timelineChange';
import { readMessage, timelineHtml } from '../../../src/views/timelineHtml';
import { ToldPoints } from '../../../src/views/timelinePoints';
import { shownOf } from '../../../src/views/timelineShown';
import { Columns } from '../../../webview/columns';
import { costText } from '../../../webview/cost';
import { chartsOf } from '../../../webview/series';
import { sampleOf } from '../samples';

const START = Date.parse('2026-01-01T00:00:00Z');

function request(more: Partial<Request>): Request {
  return { ring: 1, operation: 'READ', state: 'issued', certainty: 'certain', sources: ['fdinfo'], ...more };
}

function inspected(requests: readonly Request[]): Inspected {
  return { key: 'process-7', pid: 7, snapshot: { state: 'live', sample: sampleOf({ requests }) } };
}

describe('what the timeline says beside its charts', () => {
  it('has the oldest requests first, and says which age is a least one', () => {
    const { lanes } = shownOf(
      inspected([
        request({ path: '/new' }),
        request({ path: '/carried', age: 5 }),
        request({ path: '/seen', seen: 31 }),
        request({ path: '/done', state: 'completed', seen: 99 }),
      ]),
    );
    expect(lanes.map(({ label, age, atLeast }) => [label, age, atLeast])).toEqual([
      ['READ /seen', 31, true],
      ['READ /carried', 5, undefined],
      ['READ /new', undefined, undefined],
    ]);
  });

  it('leaves a wall of lanes to the tree', () => {
    const { lanes, more } = shownOf(inspected(Array.from({ length: 100 }, () => request({}))));
    expect([lanes.length, more]).toEqual([40, 60]);
  });

  it('shows no character of the target that does something', () => {
    const { lanes } = shownOf(inspected([request({ path: '/a\u202e\u0007\n<b>' })]));
    expect(lanes[0]?.label).not.toMatch(/[\u0000-\u001f\u202e]/);
  });
});

/** The look at a second. */
function lookAt(second: number, inFlight: number): Sample {
  const sample = sampleOf({ rings: [{ id: 1, fd: 3, owner: 7, setup: [], readable: true, inFlight }] });
  const takenAt = new Date(START + second * 1000).toISOString();
  return { ...sample, takenAt, host: { ...sample.host, uptime: second } };
}

describe('over hours', () => {
  it('100,000 looks leave the page with what the inspection keeps, and neither grows', () => {
    const history = new History({ points: 512, rows: 400 });
    const told = new ToldPoints();
    const held = new Columns();
    let [most, messages, posted] = [0, 0, 0];
    for (let second = 0; second < 100_000; second++) {
      history.add(lookAt(second, second === 4711 ? 99 : 1), 0.004);
      const news = told.next(history.points);
      if (!news) continue;
      if (news.whole) held.replace(news.points);
      else held.add(news.points);
      messages += 1;
      posted += news.points.length;
      if (second % 500 !== 0) continue;
      for (const { series } of chartsOf(held, 'ring')) expect(series.length).toBeGreaterThan(0);
      const room = held.of('in-flight/ring 1', ({ rings }) => rings[0]?.inFlight).numbers.length;
      most = Math.max(most, held.points.length, held.times.buffer.byteLength / 8, room);
    }
    expect(messages).toBe(100_000);
    expect(held.points).toEqual(history.points);
    expect(most).toBeLessThanOrEqual(1024);
    // A thinned history is told anew once in half its length, not each time.
    expect(posted / messages).toBeLessThan(4);
    expect(Math.max(...held.points.map(({ rings }) => rings[0]?.inFlight ?? 0))).toBe(99);
  });

  it('a page that was hidden is told all', () => {
    const history = new History();
    const told = new ToldPoints();
    for (let second = 0; second < 5; second++) history.add(lookAt(second, 1));
    expect(told.next(history.points)).toMatchObject({ whole: true, points: { length: 5 } });
    expect(told.next(history.points)).toBeUndefined();
    history.add(lookAt(5, 1));
    expect(told.next(history.points)).toMatchObject({ whole: false, points: { length: 1 } });
    told.forget();
    expect(told.next(history.points)).toMatchObject({ whole: true, points: { length: 6 } });
  });
});

describe('what has changed in a range', () => {
  it('is told from the looks nearest to its ends', async () => {
    const history = new History();
    for (let second = 0; second < 60; second++) history.add(lookAt(second, second));
    const change = await changeOf(history, START + 10_300, START + 40_100);
    expect(change).toMatchObject({ from: START + 10_000, to: START + 40_000 });
    expect(change?.text).toContain('in flight 10 → 40');
  });

  it('is nothing within one look, and unknown where there is none', async () => {
    const history = new History();
    expect(await changeOf(history, START, START + 1)).toBeUndefined();
    history.add(lookAt(1, 1));
    expect((await changeOf(history, START, START + 5000))?.text).toMatch(/one look/);
  });
});

describe('the cost of looking', () => {
  const points = (...all: readonly (readonly [cost: number | undefined, span: number])[]) =>
    all.map(([cost, span]) => {
      const point = { at: 0, span, rings: [], stuck: 0, workers: { busy: 0, all: 0 }, devices: [] };
      return cost === undefined ? point : { ...point, cost };
    });

  it('is that of the last look, the most, and its share of the time', () => {
    const told = costText(points([0.5, 0], [0.02, 2], [0.004, 2]));
    expect(told).toBe('The inspector’s own cost: a look takes 4 ms, at most 500 ms, 0.6 % of the time.');
  });

  it('is not told where nobody knows, and its share not after one look', () => {
    expect(costText(points([undefined, 1]))).toBe('');
    expect(costText(points([0.004, 0]))).toBe('The inspector’s own cost: a look takes 4 ms, at most 4 ms.');
  });
});

describe('the timeline’s page', () => {
  const html = timelineHtml({
    script: 's.js',
    style: 's.css',
    source: 'https://x',
    nonce: 'abc',
    language: 'en',
  });

  it('may load its own script and style and nothing else', () => {
    const policy = /content="([^"]+)"/.exec(html)?.[1];
    expect(policy).toBe(
      "default-src 'none'; style-src https://x; script-src 'nonce-abc'; font-src https://x",
    );
    expect(html.match(/<script/g)).toHaveLength(1);
    expect(html).not.toMatch(/ style=| on\w+=/);
  });

  it.each([
    undefined,
    null,
    7,
    'ready',
    {},
    { kind: 'select', at: '7' },
    { kind: 'select', at: Number.NaN },
    { kind: 'select', at: 7, from: null },
    { kind: 'picture', png: '../x' },
    { kind: 'open', path: '/etc/passwd' },
  ])('may not ask for %j', (message) => {
    expect(readMessage(message)).toBeUndefined();
  });

  it('may ask for what its buttons do', () => {
    for (const message of [
      { kind: 'ready' },
      { kind: 'select', at: 7 },
      { kind: 'select', at: 7, from: 3 },
      { kind: 'pause' },
      { kind: 'picture', png: 'QUJD' },
    ])
      expect(readMessage(message)).toEqual(message);
  });
});
