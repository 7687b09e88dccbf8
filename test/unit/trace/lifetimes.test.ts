import { describe, expect, it } from 'vitest';
import { EVENT_KINDS, EventDecoder } from '../../../src/trace/events';
import { parseFormat, USUAL_PAGE } from '../../../src/trace/format';
import { newFastHistogram, newHistogram } from '../../../src/trace/histograms';
import { parseBufferStats } from '../../../src/trace/stats';
import { TraceReader } from '../../../src/trace/traceReader';
import { TraceRecord } from '../../../src/trace/traceRecord';
import { type Entry, formatsOf, pageOf, recordOf } from './formats';

const ORIGIN = 36_000_000_000_000n;
const RING = 0xffff_8881_0123_4000n;
const REQUEST = 0xffff_8881_0999_9900n;
const formats = formatsOf('6.18');

const submit = (delta: number, req: bigint, more: Readonly<Record<string, bigint | number>> = {}): Entry => [
  delta,
  recordOf(formats, 'io_uring_submit_req', {
    common_pid: 4242,
    ctx: RING,
    req,
    user_data: 0x1_0000_0002n,
    opcode: 22,
    ...more,
  }),
];
const complete = (
  delta: number,
  req: bigint,
  more: Readonly<Record<string, bigint | number>> = {},
): Entry => [
  delta,
  recordOf(formats, 'io_uring_complete', { ctx: RING, req, user_data: 0x1_0000_0002n, res: 512, ...more }),
];
const step = (name: string, delta: number, more: Readonly<Record<string, bigint | number>> = {}): Entry => [
  delta,
  recordOf(formats, name, { ctx: RING, req: REQUEST, ...more }),
];

function reader(submitters?: ReadonlySet<number>) {
  return new TraceReader({
    formats,
    page: USUAL_PAGE,
    arch: 'x86_64',
    newHistogram,
    origin: ORIGIN,
    rings: submitters ? new Map() : new Map([[Number(RING & 0xffff_ffff_ffffn), 5]]),
    ...(submitters ? { submitters } : {}),
  });
}

/** Each processor has one page; all of it is older than the drain. */
function read(...processors: readonly Entry[][]) {
  const trace = reader();
  const pages = processors.map((entries, cpu) => ({ cpu, data: pageOf(ORIGIN, entries) }));
  trace.take({ began: ORIGIN + 1_000_000_000n, pages, stacks: [], more: false });
  trace.end();
  return trace.summary(ORIGIN + 1_000_000_000n, 0);
}

describe('the format files', () => {
  it('have every event that is followed, with its fields', () => {
    expect(formats).toHaveLength(17);
    expect(formats.every(({ name }) => EVENT_KINDS.has(name))).toBe(true);
    const submitted = formats.find(({ name }) => name === 'io_uring_submit_req');
    expect(submitted?.fields.get('user_data')).toEqual({ offset: 24, size: 8, signed: false });
    expect(submitted?.fields.get('op_str')).toMatchObject({ offset: 52 });
  });

  it('that are none are refused', () => {
    expect(parseFormat('')).toBeUndefined();
    expect(parseFormat('name: x\nID: 99999\n')).toBeUndefined();
    const huge = 'name: x\nID: 7\n\tfield:int a;\toffset:999999;\tsize:4;\tsigned:1;\n';
    expect(parseFormat(huge)?.fields.size).toBe(0);
  });

  it.each(['5.10', '6.1', '6.12', '6.18', '7.2'])('of %s lead from submit to completion', (kernel) => {
    const own = formatsOf(kernel);
    const record = (kind: string, values: Readonly<Record<string, bigint | number>>): Buffer => {
      const format = own.find(({ name }) => EVENT_KINDS.get(name) === kind);
      const known = Object.entries({ ctx: RING, ...values }).filter(([name]) => format?.fields.has(name));
      return recordOf(own, format?.name ?? '', Object.fromEntries(known));
    };
    const request = { req: REQUEST, user_data: 9, data: 9, opcode: 22 };
    const trace = new TraceReader({
      formats: own,
      page: USUAL_PAGE,
      arch: 'x86_64',
      newHistogram,
      origin: ORIGIN,
      rings: new Map(),
    });
    const data = pageOf(ORIGIN, [
      [1, record('submit', request)],
      [100, record('poll_arm', request)],
      [100, record('queue_async_work', request)],
      [300, record('complete', { ...request, res: -5 })],
    ]);
    trace.take({ began: ORIGIN + 9999n, pages: [{ cpu: 0, data }], stacks: [], more: false });
    trace.end();
    const summary = trace.summary(ORIGIN + 9999n, 0);
    expect(summary).toMatchObject({ submitted: 1, completed: 1, unseenSubmits: 0, pending: 0 });
    expect(summary.slowest).toMatchObject([{ operation: 'READ', userData: '0x9', result: 'EIO' }]);
    expect(summary.operations).toMatchObject([{ punted: 1, pollArmed: 1, errors: { EIO: 1 } }]);
    expect(summary.slowest[0]?.took).toBeCloseTo(5e-7, 12);
  });
});

describe('the life of a request', () => {
  it('is told from its submit to its completion, on whatever processors', () => {
    const summary = read(
      [submit(1000, REQUEST), step('io_uring_file_get', 10, { fd: 7 }), step('io_uring_poll_arm', 90)],
      [step('io_uring_task_add', 5000), complete(1000, REQUEST)],
    );
    expect(summary).toMatchObject({ submitted: 1, completed: 1, pending: 0, unseenSubmits: 0 });
    expect(summary.slowest).toMatchObject([
      { operation: 'READ', userData: '0x100000002', fd: 7, ringFd: 5, submitter: 4242, result: '512' },
    ]);
    expect(summary.slowest[0]?.took).toBeCloseTo(5e-6, 12);
    expect(summary.slowest[0]?.pollArmed).toBeCloseTo(1e-7, 12);
    expect(summary.slowest[0]?.taskWork).toBeCloseTo(4e-6, 12);
    expect(summary.operations).toMatchObject([
      { operation: 'READ', fd: 7, completed: 1, pollArmed: 1, latency: { count: 1 } },
    ]);
  });

  it('counts while it is pending, with what its submit asked for', () => {
    const summary = read([
      submit(1, REQUEST, { flags: 16 }),
      step('io_uring_file_get', 1, { fd: 7 }),
      step('io_uring_queue_async_work', 1),
      submit(1, REQUEST + 256n),
      step('io_uring_file_get', 1, { fd: 7, req: REQUEST + 256n }),
      complete(1, REQUEST + 256n),
      submit(1, REQUEST + 512n, { opcode: 6, flags: 0 }),
    ]);
    expect(summary.operations).toMatchObject([
      { operation: 'READ', fd: 7, completed: 1, pending: 1, punted: 1, forced: 1, latency: { count: 1 } },
      { operation: 'POLL_ADD', completed: 0, pending: 1 },
    ]);
    expect(summary.operations[1]).not.toHaveProperty('latency');
  });

  it('is known to begin in a SQPOLL thread', () => {
    const trace = reader();
    const data = pageOf(ORIGIN, [submit(1, REQUEST), submit(1, REQUEST + 256n, { sq_thread: 1 })]);
    trace.take({ began: ORIGIN + 9999n, pages: [{ cpu: 0, data }], stacks: [], more: false });
    trace.end();
    expect(trace.polledSubmits).toBe(1);
  });

  it('waits for what other processors have yet to tell', () => {
    const trace = reader();
    const first = pageOf(ORIGIN, [complete(5000, REQUEST)]);
    // The completion is not much older than the drain: its submit may come with the next one.
    trace.take({ began: ORIGIN + 90_000_000n, pages: [{ cpu: 0, data: first }], stacks: [], more: false });
    expect(trace.events).toBe(0);
    const second = pageOf(ORIGIN, [submit(3900, REQUEST)]);
    trace.take({ began: ORIGIN + 190_000_000n, pages: [{ cpu: 1, data: second }], stacks: [], more: false });
    expect(trace.events).toBe(2);
    expect(trace.summary(ORIGIN + 190_000_000n, 0)).toMatchObject({
      submitted: 1,
      completed: 1,
      unseenSubmits: 0,
    });
  });

  it('of a multishot request goes on until the completion without F_MORE', () => {
    const more = { cflags: 2, res: 1 };
    const summary = read([
      submit(1, REQUEST, { opcode: 13 }),
      complete(10, REQUEST, more),
      complete(10, REQUEST, more),
      complete(10, REQUEST, { res: -125 }),
    ]);
    expect(summary).toMatchObject({ submitted: 1, completed: 3, unseenSubmits: 0 });
    expect(summary.operations).toMatchObject([
      { operation: 'ACCEPT', completed: 3, errors: { ECANCELED: 1 }, latency: { count: 1 } },
    ]);
  });

  it('is not mixed up with that of another request at the same address', () => {
    const other = { user_data: 77 };
    const summary = read([
      submit(1, REQUEST),
      submit(10, REQUEST, other),
      complete(10, REQUEST),
      complete(10, REQUEST, other),
    ]);
    expect(summary).toMatchObject({ submitted: 2, completed: 2, unseenSubmits: 1, unseenCompletions: 1 });
    expect(summary.slowest).toMatchObject([{ userData: '0x4d' }]);
  });

  it('ends in an overflow, too', () => {
    const overflow: Entry = [
      10,
      recordOf(formats, 'io_uring_cqe_overflow', { ctx: RING, user_data: 0x1_0000_0002n, res: 3 }),
    ];
    expect(read([submit(1, REQUEST), overflow])).toMatchObject({
      completed: 1,
      overflowed: 1,
      pending: 0,
      slowest: [{ result: '3' }],
    });
  });

  it('is followed where a known thread submits, if its rings are not known', () => {
    const trace = reader(new Set([4242]));
    const foreign = { ctx: RING + 0x1000n, common_pid: 9 };
    const data = pageOf(ORIGIN, [
      submit(1, REQUEST),
      submit(1, REQUEST + 0x100n, foreign),
      complete(9, REQUEST),
      complete(9, REQUEST + 0x100n, { ctx: RING + 0x1000n }),
    ]);
    trace.take({ began: ORIGIN + 999n, pages: [{ cpu: 0, data }], stacks: [], more: false });
    trace.end();
    expect(trace.summary(ORIGIN + 999n, 0)).toMatchObject({ submitted: 1, completed: 1, unseenSubmits: 0 });
  });
});

describe('time', () => {
  const SECOND = 1_000_000_000;
  const HOUR = 3600 * SECOND;

  it('that a host was suspended for is in what was pending meanwhile, and in no other', () => {
    // CLOCK_MONOTONIC stands still meanwhile, but for a guest whose host has stopped it: then a gap is seen.
    const entries = [
      submit(1, REQUEST),
      submit(1, REQUEST + 256n),
      complete(500, REQUEST + 256n),
      complete(HOUR, REQUEST),
      submit(1, REQUEST),
      complete(500, REQUEST),
    ];
    const record = new TraceRecord(newFastHistogram);
    const trace = new TraceReader({
      formats,
      page: USUAL_PAGE,
      arch: 'x86_64',
      newHistogram,
      origin: ORIGIN,
      rings: new Map([[Number(RING & 0xffff_ffff_ffffn), 5]]),
      onCompleted: (life) => record.add(life),
    });
    const began = ORIGIN + 2n * BigInt(HOUR);
    trace.take({ began, pages: [{ cpu: 0, data: pageOf(ORIGIN, entries) }], stacks: [], more: false });
    trace.end(began);
    const summary = trace.summary(began, 0);
    expect(summary).toMatchObject({ submitted: 3, completed: 3, pending: 0, seconds: 7200 });
    expect(summary.operations[0]?.latency).toMatchObject({ count: 3, least: 5e-7 });
    expect(summary.slowest.map(({ took }) => Math.round(took))).toEqual([3600, 0, 0]);
    // No second in between is told, however long it was.
    expect(record.overTime.map(({ at, count }) => [at, count])).toEqual([
      [1, 1],
      [3601, 2],
    ]);
    expect(record.latest(2 * HOUR)).toBeUndefined();
  });

  it('that a page has of before the trace began is no latency below nothing', () => {
    const trace = reader();
    const early = ORIGIN - 5_000n;
    const data = pageOf(early, [submit(0, REQUEST), complete(1000, REQUEST)]);
    trace.take({ began: ORIGIN + 1n, pages: [{ cpu: 0, data }], stacks: [], more: false });
    trace.end();
    expect(trace.summary(ORIGIN + 1n, 0).slowest[0]?.took).toBeCloseTo(1e-6, 12);
  });

  it('that not every processor has told of is left out at the end', () => {
    const trace = reader();
    // The completion of the first one is on a processor that was drained before.
    const data = pageOf(ORIGIN, [submit(1, REQUEST), submit(1000, REQUEST, { user_data: 7 })]);
    trace.take({ began: ORIGIN + 500n, pages: [{ cpu: 1, data }], stacks: [], more: false });
    trace.end(ORIGIN + 500n);
    expect(trace.summary(ORIGIN + 500n, 0)).toMatchObject({ submitted: 1, unseenCompletions: 0, pending: 1 });
  });
});

describe('a record', () => {
  it('that is shorter than its format is told without what is missing', () => {
    const decoder = new EventDecoder(formats);
    const [, whole] = submit(0, REQUEST);
    for (let length = 0; length < whole.length; length++) {
      const event = decoder.decode(whole.subarray(0, length), 0, 0, length);
      if (length < 2) expect(event).toBeUndefined();
      else expect(event?.kind).toBe('submit');
    }
    expect(decoder.decode(Buffer.from([1, 0]), 0, 0, 2)).toBeUndefined();
  });
});

describe('the counts of a buffer', () => {
  it('are what the kernel could not keep', () => {
    const text =
      'entries: 12\noverrun: 30\ncommit overrun: 1\nbytes: 5\nnow ts: 12.5\ndropped events: 2\nread events: 99\n';
    expect(parseBufferStats(text)).toEqual({ lost: 33, read: 99 });
    expect(parseBufferStats('nothing')).toBeUndefined();
  });
});
