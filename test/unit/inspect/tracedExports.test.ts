import { describe, expect, it } from 'vitest';
import { chromeTrace } from '../../../src/inspect/exports/chromeTrace';
import { latencyStacks } from '../../../src/inspect/exports/latencyStacks';
import { openMetrics } from '../../../src/inspect/exports/openMetrics';
import { tracedCsv } from '../../../src/inspect/exports/tracedCsv';
import type { TracedRequest } from '../../../src/model/trace';
import { LATENCY_BOUNDS, type TraceDetails } from '../../../src/model/traceDetails';
import { sampleOf } from '../samples';

function request(more: Partial<TracedRequest> = {}): TracedRequest {
  return {
    operation: 'READ',
    userData: '=1+1',
    fd: 4,
    ringFd: 3,
    submitter: 8,
    submittedAt: 1000.5,
    took: 2.5e-7,
    result: '1',
    ...more,
  };
}

const frame = (name: string) => ({ function: name, address: '0x1', trust: 'proven' as const });
const counts = (...at: readonly number[]) =>
  Array.from({ length: LATENCY_BOUNDS.length + 1 }, (_, index) => at.filter((one) => one === index).length);

const TRACED: TraceDetails = {
  began: 1_700_000_000_000,
  origin: 1000,
  requests: [request(), request({ took: 0.002, punted: 0.001, result: 'EIO' })],
  completed: 2,
  counted: 0,
  stacks: [
    request({ took: 1, stack: [frame('read;it'), frame('main')] }),
    request({ took: 3, stack: [frame('other'), frame('main')] }),
  ],
  overTime: [{ at: 1, count: 2, p50: 2.5e-7, p99: 0.002, most: 0.002 }],
  latencies: [
    { operation: 'READ', counts: counts(0, 10), sum: 8 },
    { operation: 'NOP', counts: counts(LATENCY_BOUNDS.length), sum: 61 },
  ],
};

describe('exports of what was traced', () => {
  it('has a row for each completed request, to the nanosecond, harmless for a spreadsheet', () => {
    const [head, first, second] = tracedCsv(TRACED).split('\r\n');
    expect(head).toMatch(/^submitted_at,operation,ring_fd,fd,user_data,submitter,result,latency,/);
    expect(first).toBe("1000.500000000,READ,3,4,'=1+1,8,1,0.000000250,,,,,0");
    expect(second).toContain(',EIO,0.002000000,0.001000000,');
  });

  it('parts the exact time of an operation among the stacks that submitted it', () => {
    expect(latencyStacks(sampleOf(), TRACED)).toBe(
      'server;[stack not known];[NOP] 61000000\nserver;main;other;[READ] 6000000\nserver;main;read:it;[READ] 2000000\n',
    );
  });

  it('has a histogram that grows to its count', () => {
    const text = openMetrics([{ sample: sampleOf(), traced: TRACED }]);
    const rows = text.split('\n').filter((line) => line.includes('operation="READ"'));
    const numbers = rows
      .filter((line) => line.includes('_bucket'))
      .map((line) => Number(line.split(' ').at(-1)));
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    expect(rows.find((line) => line.includes('le="0.000001"'))).toMatch(/ 1$/);
    expect(rows.find((line) => line.includes('le="+Inf"'))).toMatch(/ 2$/);
    expect(rows.find((line) => line.includes('_count'))).toMatch(/ 2$/);
    expect(rows.find((line) => line.includes('_sum'))).toMatch(/ 8$/);
    const nop = text.split('\n').filter((line) => line.includes('operation="NOP"'));
    expect(nop.find((line) => line.includes('le="60.0"'))).toMatch(/ 0$/);
    expect(nop.find((line) => line.includes('le="+Inf"'))).toMatch(/ 1$/);
    expect(text.endsWith('# EOF\n')).toBe(true);
    expect(openMetrics([{ sample: sampleOf() }])).not.toContain('latency');
  });

  it('has a span for each request, with the steps on its way, at the time it was', () => {
    const { traceEvents } = JSON.parse(chromeTrace(sampleOf(), [], TRACED)) as {
      traceEvents: readonly { name: string; ph: string; ts: number; id?: string }[];
    };
    const spans = traceEvents.filter(({ id }) => id === 'request-1');
    const began = 1_700_000_000_500_000;
    expect(spans.map(({ ph, ts }) => [ph, Math.round(ts - began)])).toEqual([
      ['b', 0],
      ['n', 1000],
      ['e', 2000],
    ]);
    expect(traceEvents.find(({ ph }) => ph === 'C')).toMatchObject({ ts: 1_700_000_001_000_000 });
  });
});
