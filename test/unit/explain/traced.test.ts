import { describe, expect, it } from 'vitest';
import { tracedFindings, withTrace } from '../../../src/explain/traced';
import type { Finding } from '../../../src/model/sample';
import type { Latency, TracedOperation, TracedRequest, TraceSummary } from '../../../src/model/trace';
import { ringOf, sampleOf } from '../samples';

const latencyOf = (count: number, mean = 1e-4): Latency => ({
  count,
  least: mean / 2,
  mean,
  p50: mean,
  p90: mean * 2,
  p99: mean * 3,
  p999: mean * 4,
  most: mean * 5,
});

const row = (operation: string, count: number, parts: Partial<TracedOperation> = {}): TracedOperation => ({
  operation,
  completed: count,
  errors: {},
  punted: 0,
  pollArmed: 0,
  deferred: 0,
  ...(count > 0 ? { latency: latencyOf(count) } : {}),
  ...parts,
});

const traceOf = (
  operations: readonly TracedOperation[],
  parts: Partial<TraceSummary> = {},
): TraceSummary => ({
  seconds: 10,
  submitted: operations.reduce((sum, { completed }) => sum + completed, 0),
  completed: operations.reduce((sum, { completed }) => sum + completed, 0),
  pending: 0,
  unseenSubmits: 0,
  unseenCompletions: 0,
  lost: { events: 0, stacks: 0 },
  overflowed: 0,
  operations,
  slowest: [],
  oldest: [],
  notTraced: [],
  ...parts,
});

const SAMPLE = sampleOf({
  rings: [ringOf({ fd: 5, setup: ['SQPOLL'] })],
  resources: [{ fd: 4, kind: 'file', path: '/data/db' }],
});

const told = (
  operations: readonly TracedOperation[],
  parts: Partial<TraceSummary> = {},
): readonly Finding[] => tracedFindings(traceOf(operations, parts), SAMPLE);

const summaries = (...[operations, parts]: Parameters<typeof told>): string[] =>
  told(operations, parts).map(({ tag, summary }) => `${tag}: ${summary}`);

describe('errors that come in floods', () => {
  it('are told with their name, by operation and file', () => {
    const [found] = told([row('READ', 1000, { fd: 4, errors: { EAGAIN: 900, EIO: 1 } })]);
    expect(found).toMatchObject({ tag: 'error-flood', severity: 'warning', evidence: [{ fd: 4 }] });
    expect(found?.summary).toBe('90 % of the reads of /data/db fail with EAGAIN: 90 a second.');
    expect(found?.learnMore).toBe('findings/error-flood.md');
  });

  it('of many files are told once', () => {
    const clients = Array.from({ length: 50 }, (_, i) =>
      row('RECV', 20, { fd: 10 + i, errors: { ECONNRESET: 5 } }),
    );
    expect(summaries(clients)).toEqual(['error-flood: 25 % of the recvs fail with ECONNRESET: 25 a second.']);
    expect(told(clients)[0]?.explanation).toContain('They are of 50 files.');
  });

  it('of requests from before the trace are told as theirs', () => {
    const unseen = row('not seen', 500, { errors: { ECANCELED: 500 } });
    const { latency: _, ...without } = unseen;
    expect(summaries([without])).toEqual([
      'error-flood: 100 % of the requests from before the trace fail with ECANCELED: 50 a second.',
    ]);
  });

  it.each([
    ['the ordinary answers of timeouts', row('TIMEOUT', 1000, { errors: { ETIME: 1000 } })],
    ['linked timeouts that were not needed', row('LINK_TIMEOUT', 1000, { errors: { ECANCELED: 1000 } })],
    ['files that are not there', row('STATX', 1000, { errors: { ENOENT: 1000 } })],
    ['cancels that come too late', row('ASYNC_CANCEL', 1000, { errors: { ENOENT: 900, EALREADY: 100 } })],
    ['few', row('READ', 99, { errors: { EIO: 99 } })],
    ['a small share', row('RECV', 5000, { errors: { ECONNRESET: 400 } })],
    ['seldom ones', row('RECV', 100, { errors: { ECONNRESET: 90 } })],
  ])('are not: %s', (_, one) => expect(summaries([one])).toEqual([]));
});

describe('completions that are reaped late', () => {
  const reaping = { ringFd: 5, looks: 100, filled: 80, seconds: 10, collected: 1000, held: 4, most: 32 };

  it('are told by how long they lie there', () => {
    expect(summaries([row('READ', 1000)], { reaping: [reaping] })).toEqual([
      'reaped-late: Completions of ring 1 (fd 5) lie in the queue for 40 ms on average before the program takes them.',
    ]);
  });

  it.each([
    ['a short time', { held: 0.9 }],
    ['few looks', { looks: 9 }],
    ['few of them in which any lay there', { filled: 4 }],
    ['none that was taken: that is another finding', { collected: 0 }],
    ['few that were taken', { collected: 19 }],
  ])('are not: %s', (_, parts) => {
    expect(summaries([row('READ', 1000)], { reaping: [{ ...reaping, ...parts }] })).toEqual([]);
  });

  it('are not where the requests themselves take far longer', () => {
    const slow = row('READ', 1000, { latency: latencyOf(1000, 0.2) });
    expect(summaries([slow], { reaping: [reaping] })).toEqual([]);
  });
});

describe('requests that go to workers', () => {
  it('are told with what the program can do', () => {
    const [found] = told([row('READ', 900, { fd: 4, punted: 600 }), row('SEND', 400, { punted: 200 })]);
    expect(found?.summary).toBe('67 % of the reads of /data/db went to io-wq workers: 60 a second.');
    expect(found?.explanation).toContain('So did 50 % of the sends.');
    expect(found).toMatchObject({ tag: 'punted', severity: 'info' });
    expect(found?.remedy).toContain('page cache');
    const [asked] = told([row('READ', 900, { fd: 4, punted: 900, forced: 900 })]);
    expect(asked?.remedy).toContain('all of them bear IOSQE_ASYNC');
  });

  it.each([
    ['what always needs a worker', row('OPENAT', 9000, { punted: 9000 })],
    ['a small share', row('READ', 9000, { punted: 1000 })],
    ['seldom ones', row('READ', 99, { punted: 99 })],
  ])('are not: %s', (_, one) => expect(summaries([one])).toEqual([]));
});

describe('waiting that is begun again and again', () => {
  it('is told of herds, and of polls of what is ready', () => {
    expect(summaries([row('READ', 900, { fd: 4, pollArmed: 9000 })])).toEqual([
      're-armed: Reads of /data/db are armed for poll again and again: 900 times a second for 900 requests.',
    ]);
    const polls = row('POLL_ADD', 9000, { fd: 4, latency: latencyOf(9000, 1e-6) });
    expect(summaries([polls])).toEqual([
      're-armed: One-shot polls of /data/db are armed anew 900 times a second.',
    ]);
    expect(told([polls])[0]?.explanation).toContain('ready whenever it is asked');
  });

  it.each([
    ['one arm a request', row('RECV', 90_000, { fd: 4, pollArmed: 90_000 })],
    ['seldom ones', row('RECV', 10, { fd: 4, pollArmed: 900 })],
    ['polls of many files', row('POLL_ADD', 90_000)],
    ['few polls', row('POLL_ADD', 900, { fd: 4 })],
  ])('is not: %s', (_, one) => expect(summaries([one])).toEqual([]));
});

describe('requests that never complete', () => {
  const stuck = (parts: Partial<TracedRequest> = {}): TracedRequest => ({
    operation: 'READ',
    userData: '0x10',
    fd: 4,
    submitter: 7,
    submittedAt: 1,
    took: 6,
    punted: 1e-5,
    ...parts,
  });

  it('are told where they wait for nobody', () => {
    const [found] = told([row('READ', 1000, { fd: 4 })], { oldest: [stuck(), stuck({ took: 3 })] });
    expect(found).toMatchObject({ tag: 'never-completed', severity: 'warning', evidence: [{ fd: 4 }] });
    expect(found?.summary).toBe(
      '2 reads of /data/db submitted in the trace have not completed, the oldest for 6 s.',
    );
    expect(found?.explanation).toContain('2 went to an io-wq worker');
  });

  it.each([
    ['what waits for readiness', stuck({ pollArmed: 1e-5 })],
    ['what waits by its nature', stuck({ operation: 'ACCEPT' })],
    ['young ones', stuck({ took: 1.9 })],
  ])('are not: %s', (_, one) =>
    expect(summaries([row('READ', 1000, { fd: 4 })], { oldest: [one] })).toEqual([]),
  );

  it('are not where others of their kind take as long', () => {
    const slow = row('READ', 10, { fd: 4, latency: latencyOf(10, 0.2) });
    expect(summaries([slow], { oldest: [stuck()] })).toEqual([]);
  });

  it('are a remark where they pile up on one file', () => {
    const piled = row('POLL_ADD', 5, { fd: 4, pending: 80 });
    expect(told([piled])).toMatchObject([{ tag: 'never-completed', severity: 'info' }]);
    expect(summaries([row('ACCEPT', 500, { fd: 4, pending: 80 })])).toEqual([]);
    expect(summaries([row('POLL_ADD', 5, { fd: 4, pending: 31 })])).toEqual([]);
  });
});

describe('calls of io_uring_enter', () => {
  const nops = row('NOP', 50_000, { latency: latencyOf(50_000, 1e-6) });

  it('are told where each takes one request', () => {
    expect(summaries([nops], { systemCalls: 49_000 })).toEqual([
      'small-batches: The program submits 1.0 requests with each io_uring_enter: 4,900 system calls a second for 5,000 requests.',
    ]);
    expect(told([nops], { systemCalls: 49_000 })[0]?.explanation).toContain('little to put together');
    const deep = row('READ', 50_000, { latency: latencyOf(50_000, 2e-3) });
    expect(told([deep], { systemCalls: 49_000 })[0]?.explanation).toContain('10 are in flight on average');
  });

  it.each([
    ['they take many', { systemCalls: 2000 }],
    ['they are few', { systemCalls: 999, submitted: 1000 }],
    ['they are not counted', {}],
    ['others take the requests up', { systemCalls: 5000, polledSubmits: 49_500 }],
  ])('are not where %s', (_, parts) => expect(summaries([nops], parts)).toEqual([]));

  it('that are none are the proof of SQPOLL', () => {
    const [found] = told([nops], { systemCalls: 0, polledSubmits: 50_000 });
    expect(found).toMatchObject({ tag: 'no-system-calls', severity: 'info', evidence: [{ ring: 1 }] });
    expect(found?.summary).toBe(
      'SQPOLL makes no system calls for ring 1 (fd 5): 0 io_uring_enter/s beside 5,000 submissions/s.',
    );
    expect(told([nops], { polledSubmits: 50_000 })).toEqual([]);
  });
});

describe('completions that overflow', () => {
  it('are told of the trace, unless the looks after it have told it', () => {
    const trace = traceOf([row('NOP', 1000)], { overflowed: 250 });
    const [found] = tracedFindings(trace, SAMPLE);
    expect(found).toMatchObject({ tag: 'cq-overflow', severity: 'warning' });
    expect(found?.summary).toBe(
      '250 completions found no place in the completion queue during the trace: 25 a second, 25 % of all.',
    );
    const findings: Finding[] = [
      { tag: 'cq-overflow', severity: 'warning', summary: 'a', explanation: 'b', remedy: 'c', evidence: [] },
    ];
    expect(tracedFindings(trace, { ...SAMPLE, findings })).toEqual([]);
  });
});

describe('a Sample with a trace', () => {
  it('has the findings of both, the most severe first', () => {
    const trace = traceOf([row('READ', 1000, { fd: 4, errors: { EIO: 900 } })]);
    const findings: Finding[] = [
      { tag: 'at-rest', severity: 'info', summary: 'a', explanation: 'b', remedy: 'c', evidence: [] },
    ];
    const sample = withTrace({ ...SAMPLE, findings }, trace);
    expect(sample.trace).toBe(trace);
    expect(sample.findings.map(({ tag }) => tag)).toEqual(['error-flood', 'at-rest']);
  });

  it('colours nothing by the names of files', () => {
    const hostile = sampleOf({ resources: [{ fd: 4, kind: 'file', path: '/\u001b[31m' }] });
    const [found] = tracedFindings(traceOf([row('READ', 1000, { fd: 4, errors: { EIO: 900 } })]), hostile);
    expect(found?.summary).not.toContain('\u001b');
  });
});
