import { describe, expect, it } from 'vitest';
import type { Inspected } from '../../../src/inspect/inspections';
import type { TracingState } from '../../../src/inspect/processTracing';
import type { TracedOperation, TracedRequest, TraceSummary } from '../../../src/model/sample';
import { outline } from '../../../src/views/node';
import { rootNodes } from '../../../src/views/nodes';
import { shownOf } from '../../../src/views/timelineShown';
import { tracedNodes } from '../../../src/views/tracedNodes';
import { healthy } from './samples';

const READS: TracedOperation = {
  operation: 'READ',
  fd: 4,
  completed: 1204,
  errors: { EAGAIN: 3 },
  punted: 20,
  pollArmed: 7,
  deferred: 0,
  latency: { count: 1204, least: 1e-6, mean: 2e-6, p50: 2e-6, p90: 5e-6, p99: 4e-4, p999: 1e-3, most: 0.03 },
};
const SLOW: TracedRequest = {
  operation: 'READ',
  userData: '0x10',
  fd: 4,
  ringFd: 3,
  submitter: 7,
  submittedAt: 100,
  took: 0.03,
  result: 'EIO',
  punted: 1e-5,
  stack: [{ function: 'ask', file: '/src/a.c', line: 3, address: '0x1', trust: 'proven' }],
};
const SUMMARY: TraceSummary = {
  seconds: 10,
  submitted: 2000,
  completed: 1204,
  polledSubmits: 2000,
  pending: 0,
  unseenSubmits: 0,
  unseenCompletions: 0,
  lost: { events: 12, stacks: 0 },
  overflowed: 0,
  operations: [READS],
  slowest: [SLOW],
  oldest: [],
  notTraced: ['\u202eevil'],
};

function inspected(tracing?: TracingState, trace?: TraceSummary): Inspected {
  const sample = { ...healthy(), ...(trace ? { trace } : {}) };
  return {
    key: 'k',
    pid: 7,
    snapshot: { state: 'live', sample },
    ...(tracing ? { tracing } : {}),
  };
}

const textOf = (one: Inspected) => outline(tracedNodes(one));

describe('what is traced, in the tree', () => {
  it('is not there before anything was', () => {
    expect(tracedNodes(inspected())).toEqual([]);
  });

  it('tells how it goes, what is lost and what it costs', () => {
    const status = {
      seconds: 4,
      events: 2591.4,
      submitted: 1,
      completed: 1,
      lostEvents: 1200,
      lostStacks: 0,
      own: 0.01,
      probe: 0.005,
    };
    const [row] = tracedNodes(inspected({ state: 'running', limit: 60, status, summary: SUMMARY }));
    expect(row).toMatchObject({
      label: 'Tracing',
      description: 'stops by itself after 60 s',
      context: 'tracing',
      inspection: 'k',
    });
    const text = textOf(inspected({ state: 'running', limit: 60, status, summary: SUMMARY }));
    expect(text).toContain('2,591 events/s  at least 1,200 events lost · own cost 1.5 % of a processor');
  });

  it('tells latencies by operation, the slowest with their stacks, and that SQPOLL makes no system calls', () => {
    const text = textOf(inspected({ state: 'done', limit: 60, summary: SUMMARY }));
    expect(text).toMatch(/^Traced {2}for 10 s · 2,000 requests$/m);
    expect(text).toContain(
      '200/s submitted  120/s completed · all submitted by the SQPOLL thread, none by a system call',
    );
    expect(text).toMatch(
      /READ · fd 4.* {2}1,204 completed · p50 2 µs · p99 400 µs · max 30 ms · 20 to io-wq workers · 7 armed for poll · 3 × EAGAIN$/m,
    );
    expect(text).toMatch(
      /30 ms · READ · fd 4.* {2}result EIO · to a worker after 10 µs · user_data 0x10\n +ask/,
    );
    expect(text).toContain('12 events were lost');
    expect(text).not.toContain('\u202e');
    const slowest = tracedNodes(inspected(undefined, SUMMARY))[0]
      ?.children?.()
      .find(({ id }) => id === 'slowest');
    expect(slowest?.children?.()[0]).toMatchObject({
      source: { file: '/src/a.c', line: 3 },
      context: 'source',
    });
  });

  it('tells it of a saved Sample, too, and below its inspection', () => {
    const saved: Inspected = { ...inspected(undefined, SUMMARY), savedAs: '/tmp/a.json' };
    expect(tracedNodes(saved)[0]?.context).toBeUndefined();
    expect(outline(rootNodes([saved]))).toMatch(/\n {2}Traced {2}for 10 s/);
  });

  it('says why it could not be, and what would help', () => {
    const problem = {
      code: 'not-traceable' as const,
      what: 'io_uring cannot be traced here.',
      why: 'tracefs is not mounted.',
      remedy: 'mount it.',
    };
    const failed: TracingState = { state: 'failed', limit: 60, problem };
    expect(textOf(inspected(failed))).toBe('Not traced  tracefs is not mounted.\n  mount it.\n');
    const refused: TracingState = {
      state: 'failed',
      limit: 60,
      problem: { ...problem, code: 'not-permitted', remedy: 'Run it with sudo.' },
    };
    const [row] = tracedNodes({ ...inspected(refused), host: { kind: 'local' } });
    expect(row?.children?.()).toMatchObject([{ sudo: 'k' }]);
    expect(
      tracedNodes({ ...inspected(refused), host: { kind: 'local', sudo: true } })[0]?.children?.(),
    ).toEqual([]);
    expect(shownOf(inspected(failed)).tracing).toEqual({
      running: false,
      words: 'Not traced · tracefs is not mounted.',
    });
  });

  it('is told to the timeline in one line', () => {
    expect(shownOf(inspected()).tracing).toBeUndefined();
    expect(shownOf(inspected({ state: 'running', limit: 5 })).tracing).toEqual({
      running: true,
      words: 'Tracing · stops by itself after 5 s',
    });
    expect(shownOf(inspected({ state: 'done', limit: 5, summary: SUMMARY })).tracing?.words).toMatch(
      /^The trace has ended · 200\/s submitted/,
    );
  });
});
