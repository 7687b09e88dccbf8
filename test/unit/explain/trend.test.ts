import { describe, expect, it } from 'vitest';
import { costWords, trendText } from '../../../src/explain/trend';
import type { HistoryPoint } from '../../../src/model/history';

const QUIET: HistoryPoint = {
  at: 0,
  span: 2,
  rings: [],
  stuck: 0,
  workers: { busy: 0, all: 0 },
  devices: [],
};

describe('how a process goes', () => {
  it('is told by the rates of its rings together, its workers, disks and the host’s pressure', () => {
    const ring = { states: {}, unreaped: 0, overflowed: 0 };
    expect(
      trendText({
        ...QUIET,
        rings: [
          { ...ring, id: 1, submitted: 1200, completed: 1180, sqpollBusy: 0.304 },
          { ...ring, id: 2, submitted: 2.5, completed: 0 },
        ],
        oldest: 31.2,
        workers: { busy: 3, all: 4, limit: 64 },
        devices: [
          { name: 'vda', inFlight: 5, completed: 900 },
          { name: 'vdb', inFlight: 0, completed: 0 },
        ],
        pressure: { some: 0.126 },
      }),
    ).toBe(
      '1,203 submitted/s · 1,180 completed/s · SQPOLL of ring 1 busy 30 % · 3 of 64 workers busy · vda: 5 in flight, 900/s · oldest pending 31 s · I/O pressure 13 %',
    );
  });

  it('says nothing where nothing is known', () => {
    expect(trendText(QUIET)).toBe('');
  });
});

describe('what looking takes', () => {
  it('is the share of a processor here, and of the host’s by the probe', () => {
    const points = [QUIET, { ...QUIET, probe: 0.002 }, { ...QUIET, probe: 0.014 }];
    expect(costWords(points, 0.0123)).toBe(
      'Looking takes the inspector 1.2 % and its probe 0.4 % of a processor.',
    );
    expect(costWords([QUIET], 0.01)).toBe('Looking takes the inspector 1.0 % of a processor.');
    expect(costWords([], undefined)).toBe('');
  });
});
