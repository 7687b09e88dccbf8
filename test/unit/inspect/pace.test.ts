import { describe, expect, it } from 'vitest';
import { Pace } from '../../../src/inspect/pace';
import type { Ring, Sample } from '../../../src/model/sample';
import { ringOf, sampleOf } from '../samples';

const look = (...rings: Partial<Ring>[]): Sample => sampleOf({ rings: rings.map((ring) => ringOf(ring)) });
const waits = (pace: Pace) => pace.wait(2000, 0);

describe('the pace of looks', () => {
  it('is the interval again where counters tell nothing any more: the process may have ended', () => {
    const still = look({ inFlight: 1, cqTail: 10 });
    const pace = new Pace();
    for (let i = 0; i < 2; i++) pace.looked(still);
    pace.counted(still);
    expect(waits(pace)).toBe(10_000);
    pace.counted(undefined);
    expect(waits(pace)).toBe(2000);
  });

  it('is the interval, and what a dear look asks for', () => {
    const pace = new Pace();
    pace.looked(look({ inFlight: 1 }));
    expect(waits(pace)).toBe(2000);
    expect(pace.wait(2000, 15_000)).toBe(15_000);
    pace.counted(undefined);
    expect(waits(pace)).toBe(2000);
  });

  it('is slow while every ring with something in flight keeps posting completions', () => {
    const pace = new Pace();
    pace.looked(look({ inFlight: 4, cqTail: 10 }, { id: 2, fd: 5, inFlight: 0 }));
    pace.counted(look({ inFlight: 4, cqTail: 20 }, { id: 2, fd: 5, inFlight: 0 }));
    expect(waits(pace)).toBe(6000);
    // Another ring has something in flight that does not move.
    pace.counted(look({ inFlight: 4, cqTail: 30 }, { id: 2, fd: 5, inFlight: 1 }));
    expect(waits(pace)).toBe(2000);
  });

  it('is not slow where a ring’s counters could not be read', () => {
    const pace = new Pace();
    pace.looked(look({ inFlight: 4, cqTail: 10 }, { id: 2, fd: 5, inFlight: 3 }));
    pace.counted(look({ inFlight: 4, cqTail: 20 }));
    expect(waits(pace)).toBe(2000);
  });

  it('is a second where a ring that was moving stands, until a look has been taken', () => {
    const pace = new Pace();
    pace.looked(look({ inFlight: 4, cqTail: 10 }));
    for (const cqTail of [20, 20, 21]) pace.counted(look({ inFlight: 4, cqTail }));
    expect(waits(pace)).toBe(1000);
    expect(pace.wait(2000, 5000)).toBe(5000);
    pace.looked(look({ inFlight: 4, cqTail: 21 }));
    expect(waits(pace)).toBe(2000);
  });

  it('is not hurried by a ring that has nothing left to do', () => {
    const pace = new Pace();
    pace.looked(look({ inFlight: 4, cqTail: 10 }));
    pace.counted(look({ inFlight: 2, cqTail: 12 }));
    pace.counted(look({ inFlight: 0, cqTail: 14 }));
    pace.counted(look({ inFlight: 0, cqTail: 14 }));
    expect(waits(pace)).toBe(2000);
  });

  it('is slow where nothing has moved since two looks that found the same', () => {
    const still = look({ inFlight: 1, cqTail: 10 });
    const pace = new Pace();
    pace.looked(still);
    pace.counted(still);
    expect([waits(pace), pace.counting(400)]).toEqual([2000, 400]);
    pace.looked(still);
    pace.counted(still);
    expect(waits(pace)).toBe(10_000);
    expect(pace.counting(400)).toBe(1000);
    const finding = {
      tag: 'stuck',
      severity: 'critical',
      summary: '',
      explanation: '',
      remedy: '',
      evidence: [],
    } as const;
    pace.looked({ ...still, findings: [finding] });
    pace.counted(still);
    expect(waits(pace)).toBe(2000);
  });
});
