import { beforeAll, describe, expect, it } from 'vitest';
import { tracedFindings } from '../../src/explain/traced';
import type { TracedOperation, TraceSummary } from '../../src/model/trace';
import type { LatencyBuckets } from '../../src/model/traceDetails';
import type { TraceDrained } from '../../src/target/tracing';
import { USUAL_PAGE } from '../../src/trace/format';
import { newFastHistogram, newHistogram } from '../../src/trace/histograms';
import { TraceReader } from '../../src/trace/traceReader';
import { TraceRecord } from '../../src/trace/traceRecord';
import { sampleOf } from '../unit/samples';
import { formatsOf, pageOf, recordOf } from '../unit/trace/formats';
import { type Batch, folded, foldsProgram } from './support/folds';

const ORIGIN = 36_000_000_000_000n;
const RING = 0xffff_8881_0123_4000n;
const REQUESTS = 0xffff_8881_0999_0000n;
const PROCESSORS = 2;
const formats = formatsOf('6.18');

interface Happened {
  readonly time: number;
  readonly cpu: number;
  readonly record: Buffer;
}

/** An even chance that is the same every time. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

/** Requests of one program for some seconds: those of `slots` are used again and again, as the kernel does. */
function program(seed: number, requests: number, slots: number): Happened[] {
  const random = chance(seed);
  const pick = (most: number): number => Math.floor(random() * most);
  const free = Array.from({ length: slots }, () => pick(1000));
  const happened: Happened[] = [];
  for (let number = 0; number < requests; number++) {
    const slot = pick(slots);
    const of = { ctx: RING, req: REQUESTS + BigInt(slot) * 256n };
    const opcode = [0, 22, 22, 22, 13][pick(5)] ?? 0;
    let time = (free[slot] ?? 0) + 200 + pick(20_000);
    const note = (name: string, more: Readonly<Record<string, bigint | number>> = {}): void => {
      const userData = { [name === 'io_uring_defer' ? 'data' : 'user_data']: number + 1 };
      const record = recordOf(formats, name, { ...of, ...userData, ...more });
      happened.push({ time, cpu: pick(PROCESSORS), record });
      time += 100 + pick(pick(50) === 0 ? 3_000_000 : 60_000);
    };
    const isForced = pick(7) === 0;
    note('io_uring_submit_req', { opcode, flags: isForced ? 16 : 0, sq_thread: pick(2), common_pid: 42 });
    if (opcode !== 0) note('io_uring_file_get', { fd: 5 + pick(3) });
    if (isForced || pick(9) === 0) note('io_uring_queue_async_work');
    for (let polls = opcode === 13 ? pick(3) : 0; polls > 0; polls--) note('io_uring_poll_arm');
    if (pick(11) === 0) note('io_uring_defer');
    if (pick(3) === 0) note('io_uring_task_add');
    for (let more = opcode === 13 ? pick(3) : 0; more > 0; more--)
      note('io_uring_complete', { res: 1, cflags: 2 });
    // Some ends are never seen.
    if (pick(500) > 0) note('io_uring_complete', { res: pick(4) === 0 ? -11 : pick(3) === 0 ? -5 : 512 });
    free[slot] = time;
  }
  return happened.sort((a, b) => a.time - b.time);
}

/** Drains every so many nanoseconds: a drain of one processor may miss the newest of what is on another. */
function drains(happened: readonly Happened[], every: number, seed: number): Batch[] {
  const random = chance(seed);
  const last = happened.at(-1)?.time ?? 0;
  const left = Array.from({ length: PROCESSORS }, (_, cpu) => happened.filter((one) => one.cpu === cpu));
  const batches: Batch[] = [];
  for (let began = every; began < last + 2 * every; began += every) {
    const pages = left.flatMap((events, cpu) => {
      const until = began + random() * 5000;
      const count = events.findIndex(({ time }) => time >= until);
      left[cpu] = count < 0 ? [] : events.slice(count);
      return pagesOf(count < 0 ? events : events.slice(0, count));
    });
    batches.push({ began: ORIGIN + BigInt(Math.floor(began)), pages });
  }
  return batches;
}

function pagesOf(events: readonly Happened[]): Buffer[] {
  const pages: Buffer[] = [];
  for (let at = 0; at < events.length; at += 30) {
    const some = events.slice(at, at + 30);
    const [first] = some;
    let before = first?.time ?? 0;
    const entries = some.map(({ time, record }) => {
      const entry = [time - before, record] as const;
      before = time;
      return entry;
    });
    pages.push(pageOf(ORIGIN + BigInt(first?.time ?? 0), entries));
  }
  return pages;
}

function readerWith(record?: TraceRecord): TraceReader {
  return new TraceReader({
    formats,
    page: USUAL_PAGE,
    arch: 'x86_64',
    newHistogram,
    origin: ORIGIN,
    rings: new Map([[Number(RING & 0xffff_ffff_ffffn), 5]]),
    ...(record ? { onCompleted: (life) => record.add(life), onFolded: (row) => record.addFolded(row) } : {}),
  });
}

function told(drained: readonly TraceDrained[]) {
  const record = new TraceRecord(newFastHistogram);
  const reader = readerWith(record);
  for (const one of drained) reader.take(one);
  reader.end();
  const summary = reader.summary(drained.at(-1)?.began ?? ORIGIN, 0);
  return { reader, record, summary, findings: tracedFindings(summary, sampleOf()) };
}

/** Without percentiles, which are of other classes. */
const counts = (operations: readonly TracedOperation[]) =>
  operations
    .map(({ latency, ...row }) => ({ ...row, count: latency?.count, least: latency?.least }))
    .sort((a, b) => a.operation.localeCompare(b.operation) || (a.fd ?? -1) - (b.fd ?? -1));

const upTo = (latencies: readonly LatencyBuckets[]) =>
  latencies
    .map(({ operation, counts: each, sum }) => ({ operation, all: each.reduce((a, b) => a + b, 0), sum }))
    .sort((a, b) => a.operation.localeCompare(b.operation));

let folds: string;
beforeAll(() => {
  folds = foldsProgram();
});

/** The same drains as the client sees them, and as the probe folds them. */
function both(batches: readonly Batch[]) {
  const { fold } = readerWith();
  if (!fold) throw new Error('nothing can be folded');
  const raw = batches.map(({ began, pages }) => ({
    began,
    pages: pages.map((data, cpu) => ({ cpu, data })),
    stacks: [],
    more: false,
  }));
  return { single: told(raw), together: told(folded(folds, fold, batches)) };
}

const same = ({ operations, counted, ...rest }: TraceSummary) => ({ ...rest, counts: counts(operations) });

describe('requests that the probe counts', () => {
  for (const [seed, every] of [
    [1, 2_000_000],
    [2, 8_000_000],
    [3, 60_000_000],
  ] as const)
    it(`give the same summary as their events do, drained every ${every / 1e6} ms`, () => {
      const { single, together } = both(drains(program(seed, 10_000, 12), every, seed));
      expect(together.reader.foldedRequests).toBeGreaterThan(1000);
      expect(together.summary.counted).toBe(together.reader.foldedRequests);
      expect(together.reader.events).toBe(single.reader.events);
      expect(together.reader.polledSubmits).toBe(single.reader.polledSubmits);
      expect(same(together.summary)).toEqual(same(single.summary));
      expect(single.summary.operations.some(({ forced = 0 }) => forced > 0)).toBe(true);
      expect(single.summary.unseenCompletions).toBeGreaterThan(0);
      for (const row of together.summary.operations) {
        const other = single.summary.operations.find(
          ({ operation, fd }) => operation === row.operation && fd === row.fd,
        );
        for (const at of ['p50', 'p90', 'p99', 'p999', 'mean', 'most'] as const)
          expect((row.latency?.[at] ?? 0) / (other?.latency?.[at] ?? 0)).toBeCloseTo(1, 1);
      }
      expect(together.findings.map(({ tag, summary }) => [tag, summary])).toEqual(
        single.findings.map(({ tag, summary }) => [tag, summary]),
      );
      expect(single.findings.map(({ tag }) => tag)).toEqual(
        expect.arrayContaining(['error-flood', 'punted']),
      );
    });

  it('are in the latencies of their second, and in the histogram', () => {
    // Three seconds, in which drains and seconds do not begin together.
    const { single, together } = both(drains(program(4, 20_000, 4), 70_000_000, 4));
    expect(together.record.counted).toBe(together.reader.foldedRequests);
    expect(together.record.completed).toBe(single.record.completed);
    expect(single.record.overTime.length).toBeGreaterThan(1);
    expect(together.record.overTime.map(({ at, count }) => [at, count])).toEqual(
      single.record.overTime.map(({ at, count }) => [at, count]),
    );
    for (const [index, point] of together.record.overTime.entries())
      for (const at of ['p50', 'p99'] as const)
        expect(point[at] / (single.record.overTime[index]?.[at] ?? 0)).toBeCloseTo(1, 1);
    const [a, b] = [upTo(together.record.latencies), upTo(single.record.latencies)];
    expect(a.map(({ operation, all }) => [operation, all])).toEqual(
      b.map(({ operation, all }) => [operation, all]),
    );
    for (const [index, { sum }] of a.entries()) expect(sum).toBeCloseTo(b[index]?.sum ?? 0, 6);
    // Kept one by one are those alone that were seen so.
    expect(together.record.requests).toHaveLength(together.record.completed - together.record.counted);
  });
});
