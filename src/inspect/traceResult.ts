import type { Sample } from '../model/sample';
import type { TracedRequest, TraceSummary } from '../model/trace';
import type { TraceDetails } from '../model/traceDetails';
import type { CallStack } from '../source/callStacks';
import type { RecordedSubmit } from '../source/recordedOrigins';
import type { StackDump } from '../source/unwind/threads';
import type { Target } from '../target/target';
import type { Life } from '../trace/life';
import type { TraceReader } from '../trace/traceReader';
import type { TraceRecord } from '../trace/traceRecord';

/** Names stacks that were copied while a process ran: SampleLinker.nameDumps. */
export type NameDumps = (
  target: Target,
  of: Pick<Sample, 'process'>,
  dumps: readonly StackDump[],
) => Promise<CallStack[]>;

export interface TraceResult {
  readonly summary: TraceSummary;
  /** Of requests that are pending, for withRecordedOrigins. */
  readonly submits: readonly RecordedSubmit[];
  readonly details: TraceDetails;
}

export interface TraceResult {
  readonly summary: TraceSummary;
  /** Of requests that are pending, for withRecordedOrigins. */
  readonly submits: readonly RecordedSubmit[];
  readonly details: TraceDetails;
}

/** A trace that is over. Nanoseconds of CLOCK_MONOTONIC, but `began`: milliseconds since 1970. */
export interface EndedTrace {
  readonly reader: TraceReader;
  readonly record: TraceRecord;
  readonly summary: TraceSummary;
  readonly began: number;
  readonly origin: bigint;
  /** Up to where it was drained. */
  readonly drained: bigint;
}

/** Pending requests beside those shown whose stacks are named. */
const MOST_NAMED = 256;

/** Without stacks. */
export function unnamed(trace: EndedTrace): TraceResult {
  const stacks = trace.record.stacks.map((life) => told(trace, life));
  return { summary: trace.summary, submits: [], details: detailsOf(trace, stacks) };
}

/** The slowest and the oldest requests, and some others, with the stacks of their submits. */
export async function named(
  trace: EndedTrace,
  names: (dumps: readonly StackDump[]) => Promise<CallStack[]>,
): Promise<TraceResult> {
  const { reader, record, summary } = trace;
  const { slowest, oldest } = reader.shown;
  const shown = [...new Set([...slowest, ...oldest, ...record.stacks])];
  const further = reader.pending.filter((life) => !shown.includes(life)).slice(0, MOST_NAMED);
  const lives = [...shown, ...further].filter(({ stack }) => stack !== undefined);
  const dumps = lives.flatMap(({ stack }) => (stack ? [stack] : []));
  const found = dumps.length === 0 ? [] : await names(dumps);
  const stacks = new Map(lives.map((life, index) => [life, found[index]]));
  const withStack = (request: TracedRequest, life: Life | undefined): TracedRequest => {
    const { frames, note } = (life && stacks.get(life)) ?? {};
    return {
      ...request,
      ...(frames ? { stack: frames } : {}),
      ...(note === undefined ? {} : { stackNote: note }),
    };
  };
  const withStacks = record.stacks.map((life) => withStack(told(trace, life), life));
  return {
    summary: {
      ...summary,
      slowest: summary.slowest.map((request, index) => withStack(request, slowest[index])),
      oldest: summary.oldest.map((request, index) => withStack(request, oldest[index])),
    },
    submits: [...oldest, ...further].flatMap((life) => {
      const { frames } = stacks.get(life) ?? {};
      return frames ? [{ ...reader.named(life), stack: frames }] : [];
    }),
    details: detailsOf(trace, withStacks),
  };
}

const told = ({ reader, drained, origin }: EndedTrace, life: Life): TracedRequest =>
  reader.told(life, Number(drained - origin));

function detailsOf(trace: EndedTrace, stacks: readonly TracedRequest[]): TraceDetails {
  const { requests, completed, counted, overTime, latencies } = trace.record;
  return {
    began: trace.began,
    origin: Number(trace.origin) / 1e9,
    requests: requests.map((life) => told(trace, life)),
    completed,
    counted,
    stacks: stacks.filter(({ stack }) => stack !== undefined),
    overTime,
    latencies,
  };
}
