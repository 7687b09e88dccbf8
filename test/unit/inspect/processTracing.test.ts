import { describe, expect, it } from 'vitest';
import type { Clock } from '../../../src/inspect/inspection';
import { type BegunTrace, ProcessTracing } from '../../../src/inspect/processTracing';
import type { TraceResult } from '../../../src/inspect/traceResult';
import { UserError } from '../../../src/model/errors';
import type { TraceSummary } from '../../../src/model/trace';
import type { TraceStatus } from '../../../src/model/traceDetails';
import { sampleOf } from '../samples';

const SUMMARY: TraceSummary = {
  seconds: 2,
  submitted: 10,
  completed: 9,
  pending: 1,
  unseenSubmits: 0,
  unseenCompletions: 0,
  lost: { events: 0, stacks: 0 },
  overflowed: 0,
  operations: [],
  slowest: [],
  oldest: [],
  notTraced: [],
};
const STATUS: TraceStatus = {
  seconds: 2,
  events: 20,
  submitted: 5,
  completed: 5,
  lostEvents: 0,
  lostStacks: 0,
  own: 0.001,
};
const RESULT: TraceResult = {
  summary: SUMMARY,
  submits: [],
  details: {
    began: 0,
    origin: 0,
    requests: [],
    completed: 9,
    counted: 0,
    stacks: [],
    overTime: [],
    latencies: [],
  },
};

/** A trace that the test ends, and timers that it fires. */
function staged(stop: () => Promise<TraceResult> = async () => RESULT) {
  const due: { readonly callback: () => void; readonly wait: number }[] = [];
  const clock: Clock = {
    now: () => 0,
    setTimeout: (callback, wait) => {
      const entry = { callback, wait };
      due.push(entry);
      return entry;
    },
    clearTimeout: (handle) => {
      const at = due.indexOf(handle as (typeof due)[number]);
      if (at >= 0) due.splice(at, 1);
    },
  };
  let breakOff = () => {};
  let stops = 0;
  const begun: BegunTrace = {
    running: {
      soFar: () => SUMMARY,
      status: () => STATUS,
      latest: () => undefined,
      ended: new Promise((resolve) => {
        breakOff = resolve;
      }),
      stop: () => {
        stops++;
        return stop();
      },
    },
  };
  const states: (string | undefined)[] = [];
  let begin = async () => begun;
  const tracing: ProcessTracing = new ProcessTracing(
    7,
    () => begin(),
    clock,
    () => states.push(tracing.state?.state),
  );
  return {
    tracing,
    due,
    states,
    stops: () => stops,
    breakOff: () => breakOff(),
    refuse: (error: Error) => {
      begin = () => Promise.reject(error);
    },
  };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('tracing an inspected process', () => {
  it('tells how it goes until it is stopped, and keeps what was traced', async () => {
    const { tracing, due, states } = staged();
    await tracing.start(60);
    due.find(({ wait }) => wait === 2000)?.callback();
    expect(tracing.state).toMatchObject({ state: 'running', limit: 60, status: STATUS, summary: SUMMARY });
    await tracing.stop();
    expect(tracing.state).toMatchObject({ state: 'done', result: RESULT, summary: SUMMARY });
    expect(tracing.state?.why).toBeUndefined();
    expect([...new Set(states)]).toEqual(['starting', 'running', 'stopping', 'done']);
  });

  it('stops by itself after its time, once, and says so', async () => {
    const { tracing, due, stops } = staged();
    await tracing.start(5);
    due.find(({ wait }) => wait === 5000)?.callback();
    await Promise.all([tracing.stop(), tracing.stop()]);
    expect(tracing.state).toMatchObject({ state: 'done', why: 'It stopped by itself after 5 s.' });
    expect(stops()).toBe(1);
  });

  it('ends when it breaks off, and can be begun again', async () => {
    const { tracing, breakOff, stops } = staged();
    await tracing.start(60);
    breakOff();
    await settled();
    expect(tracing.state).toMatchObject({ state: 'done', why: 'It broke off.' });
    await tracing.start(60);
    await tracing.stop();
    expect(stops()).toBe(2);
  });

  it('keeps what it knew when the host is gone', async () => {
    const lost = new UserError('host-lost', 'The way to db1 is lost.', 'It is silent.');
    const { tracing, due } = staged(() => Promise.reject(lost));
    await tracing.start(60);
    due.find(({ wait }) => wait === 2000)?.callback();
    await tracing.stop();
    expect(tracing.state).toMatchObject({
      state: 'failed',
      summary: SUMMARY,
      problem: { code: 'host-lost' },
    });
  });

  it('says why it cannot be begun', async () => {
    const { tracing, refuse } = staged();
    refuse(new UserError('not-permitted', 'io_uring cannot be traced.', 'Tracing needs the rights of root.'));
    await expect(tracing.start(60)).rejects.toMatchObject({ code: 'not-permitted' });
    expect(tracing.state).toMatchObject({ state: 'failed', problem: { code: 'not-permitted' } });
  });

  it('gives the trace back when the inspection is closed, even while it begins', async () => {
    const running = staged();
    await running.tracing.start(60);
    running.tracing.dispose();
    expect(running.stops()).toBe(1);
    expect(running.due).toEqual([]);
    const beginning = staged();
    const started = beginning.tracing.start(60);
    beginning.tracing.dispose();
    await started;
    expect(beginning.stops()).toBe(1);
  });

  it('adds what was traced to Samples taken after it, and to those alone', async () => {
    const { tracing } = staged();
    await tracing.start(60);
    await tracing.stop();
    const at = (time: number) => ({
      state: 'live' as const,
      sample: sampleOf({ takenAt: new Date(time).toISOString() }),
    });
    const before = at(Date.now() - 60_000);
    const after = at(Date.now() + 1000);
    expect(tracing.onto(before)).toBe(before);
    expect(tracing.onto(after).sample?.trace).toBe(SUMMARY);
    expect(tracing.onto(after)).toBe(tracing.onto(after));
  });
});
