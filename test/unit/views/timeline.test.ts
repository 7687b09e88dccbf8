import { describe, expect, it } from 'vitest';
import type { Inspected } from '../../../src/inspect/inspections';
import type { Request } from '../../../src/model/sample';
import { readMessage, timelineHtml } from '../../../src/views/timelineHtml';
import { shownOf } from '../../../src/views/timelineShown';
import { sampleOf } from '../samples';

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
    { kind: 'picture', png: '../x' },
    { kind: 'open', path: '/etc/passwd' },
  ])('may not ask for %j', (message) => {
    expect(readMessage(message)).toBeUndefined();
  });

  it('may ask for what its buttons do', () => {
    for (const message of [
      { kind: 'ready' },
      { kind: 'select', at: 7 },
      { kind: 'pause' },
      { kind: 'picture', png: 'QUJD' },
    ])
      expect(readMessage(message)).toEqual(message);
  });
});
