import { describe, expect, it } from 'vitest';
import { LATENCY_BOUNDS } from '../../../src/model/traceDetails';
import { newFastHistogram } from '../../../src/trace/histograms';
import { bornWith, type Life } from '../../../src/trace/life';
import { TraceRecord } from '../../../src/trace/traceRecord';

const SECOND = 1e9;
const NOP = 0;
const READ = 22;

function life(completed: number, took: number, opcode = READ, withStack = false): Life {
  const event = {
    kind: 'submit' as const,
    time: completed - took,
    tid: 7,
    ring: 1,
    request: completed,
    userDataLow: completed,
    userDataHigh: 0,
    opcode,
    flags: 0,
    value: 0,
  };
  const stack = {
    pid: 7,
    tid: 7,
    time: 0,
    record: Buffer.alloc(0),
    pc: 1n,
    sp: 2n,
    registers: [],
    stack: Buffer.alloc(8),
  };
  return { ...bornWith(completed, event, withStack ? stack : undefined), completed };
}

describe('what is kept of a trace', () => {
  it('has the latencies of each second, and of the last one to two', () => {
    const record = new TraceRecord(newFastHistogram);
    for (let i = 0; i < 100; i++) record.add(life(0.5 * SECOND + i, 1000));
    record.add(life(1.5 * SECOND, 1e6));
    expect(record.latest(1.6 * SECOND)).toMatchObject({ count: 101, p50: expect.closeTo(1e-6, 7) });
    expect(record.latest(2.5 * SECOND)).toMatchObject({ count: 1, most: expect.closeTo(1e-3, 4) });
    expect(record.latest(3.5 * SECOND)).toBeUndefined();
    expect(record.overTime.map(({ at, count }) => [at, count])).toEqual([
      [1, 100],
      [2, 1],
    ]);
  });

  it('counts by operation how many took how long', () => {
    const record = new TraceRecord(newFastHistogram);
    record.add(life(1000, 900, NOP));
    record.add(life(SECOND, 3e6));
    record.add(life(200 * SECOND, 100 * SECOND));
    const [nop, read] = record.latencies;
    expect(nop).toMatchObject({ operation: 'NOP', sum: 9e-7 });
    expect(nop?.counts[0]).toBe(1);
    expect(read?.counts.at(-1)).toBe(1);
    expect(read?.counts[LATENCY_BOUNDS.indexOf(5e-3)]).toBe(1);
    expect(read?.counts).toHaveLength(LATENCY_BOUNDS.length + 1);
    expect(read?.sum).toBeCloseTo(100.003, 6);
  });

  it('keeps an even choice of very many, in the order they completed, and no stack with them', () => {
    let seed = 1;
    const random = () => {
      seed = (seed * 48271) % 2147483647;
      return seed / 2147483647;
    };
    const limits = { requests: 1000, stacks: 10, seconds: 2 };
    const record = new TraceRecord(newFastHistogram, random, limits);
    for (let i = 1; i <= 50_000; i++) record.add(life(i * 1e6, 1000, READ, true));
    const times = record.requests.map(({ completed }) => completed / 1e6);
    expect(times).toHaveLength(1000);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    // A quarter of them from each quarter, within what chance makes likely.
    for (let quarter = 0; quarter < 4; quarter++) {
      const inIt = times.filter((time) => Math.floor((time - 1) / 12_500) === quarter);
      expect(Math.abs(inIt.length - 250)).toBeLessThan(60);
    }
    expect(record.requests.every(({ stack }) => stack === undefined)).toBe(true);
    expect(record.stacks).toHaveLength(10);
    expect(record.stacks.every(({ stack }) => stack !== undefined)).toBe(true);
    expect(record.completed).toBe(50_000);
    expect(record.overTime.length).toBeLessThanOrEqual(3);
  });
});
