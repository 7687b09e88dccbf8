import { describe, expect, it } from 'vitest';
import { rateWords } from '../../../src/explain/ringCounts';
import type { Ring, Sample } from '../../../src/model/sample';
import { withRates } from '../../../src/sample/ringRates';
import { ringOf, sampleOf } from '../samples';

function at(uptime: number, ring: Partial<Ring>): Sample {
  const sample = sampleOf({ rings: [ringOf(ring)] });
  return { ...sample, host: { ...sample.host, uptime } };
}

function rates(then: Sample | undefined, now: Sample): (number | undefined)[] {
  const [ring] = withRates(now, then).rings;
  return [ring?.submittedRate, ring?.completedRate];
}

describe('the rates of a ring', () => {
  it('are those since the look before, by the time since boot, whatever the clock of the host was set to', () => {
    const now = { ...at(102, { sqHead: 2410, cqTail: 2360 }), takenAt: '1999-01-01T00:00:00.000Z' };
    expect(rates(at(100, { sqHead: 10, cqTail: 0 }), now)).toEqual([1200, 1180]);
    expect(rates(at(100, { sqHead: 0xffff_ffff, cqTail: 0 }), at(101, { sqHead: 9, cqTail: 0 }))).toEqual([
      10, 0,
    ]);
  });

  it('are by when the counters were read, where a look came to that late', () => {
    const then = { ...at(100, { sqHead: 0, cqTail: 0 }), countedAt: 100.5 };
    expect(rates(then, at(101, { sqHead: 100, cqTail: 50 }))).toEqual([200, 100]);
    expect(rates(then, { ...at(101, { sqHead: 100, cqTail: 50 }), countedAt: 102.5 })).toEqual([50, 25]);
  });

  it('are not told of a first look, another ring or process, of counters that went back, or after very long', () => {
    const now = at(102, { sqHead: 20, cqTail: 20 });
    const none = [undefined, undefined];
    expect(rates(undefined, now)).toEqual(none);
    expect(rates(at(100, { inode: 9 }), now)).toEqual(none);
    const then = at(100, {});
    expect(rates({ ...then, process: { ...then.process, startTime: 6 } }, now)).toEqual(none);
    expect(rates(at(100, { sqHead: 21, cqTail: 21 }), now)).toEqual(none);
    expect(rates(at(104, {}), now)).toEqual(none);
    expect(rates(at(102, {}), now)).toEqual(none);
    expect(rates(at(100, {}), at(4000, {}))).toEqual(none);
    const rewinds = { setup: ['SQ_REWIND'], sqHead: 7, cqTail: 8 };
    expect(rates(at(100, { setup: ['SQ_REWIND'] }), at(102, rewinds))).toEqual([undefined, 4]);
  });

  it('are words where something has moved', () => {
    expect(rateWords(ringOf({ submittedRate: 1200.4, completedRate: 1179.6 }))).toBe(
      '1,200 submitted/s, 1,180 completed/s',
    );
    expect(rateWords(ringOf({ submittedRate: 0.52, completedRate: 0 }))).toBe(
      '0.5 submitted/s, 0 completed/s',
    );
    expect(rateWords(ringOf({ completedRate: 3 }))).toBe('3 completed/s');
    expect(rateWords(ringOf({ submittedRate: 0, completedRate: 0 }))).toBeUndefined();
    expect(rateWords(ringOf({}))).toBeUndefined();
  });
});
