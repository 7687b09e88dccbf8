import { describe, expect, it } from 'vitest';
import type { HistoryPoint } from '../../../src/model/history';
import { costText } from '../../../webview/cost';

const point = (more: Partial<HistoryPoint>): HistoryPoint => ({
  at: 0,
  span: 2,
  rings: [],
  stuck: 0,
  workers: { busy: 0, all: 0 },
  devices: [],
  ...more,
});

describe('what looking costs', () => {
  it('is told by the time of looks, and beside it the share of the host’s processor that the probe took', () => {
    const points = [
      point({ span: 0, cost: 0.03 }),
      point({ counted: true, probe: 0.001 }),
      point({ cost: 0.02, probe: 0.015 }),
    ];
    expect(costText(points)).toBe(
      'The inspector’s own cost: a look takes 20 ms, at most 30 ms, 1.0 % of the time. Its probe takes 0.40 % of one processor of the process’s host.',
    );
  });

  it('says nothing of a probe that does not count', () => {
    expect(costText([point({ cost: 0.02 })])).toBe(
      'The inspector’s own cost: a look takes 20 ms, at most 20 ms, 1.0 % of the time.',
    );
  });
});
