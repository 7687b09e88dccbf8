import { describe, expect, it } from 'vitest';
import type { Activity } from '../../../src/inspect/inspection';
import { activityNode } from '../../../src/views/activityNodes';

const POINT = { at: 0, span: 2, rings: [], stuck: 0, workers: { busy: 0, all: 0 }, devices: [] };
const RING = { states: {}, unreaped: 0, overflowed: 0 };

function rows(activity: Activity): string[] {
  const node = activityNode({ state: 'live', activity });
  return (node.children?.() ?? []).map(({ label, description }) => `${label}: ${description}`);
}

describe('activityNode', () => {
  it('has the numbers of the last two looks, of all rings together, and what looking costs', () => {
    const point = {
      ...POINT,
      rings: [
        { ...RING, id: 1, submitted: 1000, completed: 990, sqpollBusy: 0.25 },
        { ...RING, id: 2, submitted: 234, completed: 1 },
      ],
      workers: { busy: 3, all: 4, limit: 8 },
      devices: [{ name: 'vda', inFlight: 5, completed: 1200 }],
      pressure: { some: 0.5, full: 0.1 },
    };
    expect(rows({ point, own: 0.0042, probe: 0.001 })).toEqual([
      'Submitted: 1,234/s',
      'Completed: 991/s',
      'SQPOLL thread of ring 1: 25 % busy',
      'Workers: 3 of 8 busy',
      'vda: 5 in flight · 1,200/s',
      'I/O pressure: some 50 % · all 10 %',
      'Cost of looking: inspector 0.4 % · probe 0.1 %',
    ]);
  });

  it('leaves out what is not known, and says before the second look when it will be', () => {
    expect(rows({ point: POINT, own: 0 })).toEqual(['Cost of looking: inspector 0.0 %']);
    expect(
      activityNode({ state: 'live' })
        .children?.()
        .map(({ label }) => label),
    ).toEqual(['Told from the second look on']);
  });

  it('has a row that is the same whatever the numbers are', () => {
    const rowOf = (activity: Activity | undefined) => {
      const {
        children: _,
        tooltip: __,
        ...row
      } = activityNode({
        state: 'live',
        ...(activity ? { activity } : {}),
      });
      return row;
    };
    expect(rowOf({ point: POINT, own: 0.1 })).toEqual(rowOf({ point: POINT, own: 0.9 }));
    expect(rowOf(undefined)).toEqual(rowOf({ point: POINT, own: 0.1 }));
  });
});
