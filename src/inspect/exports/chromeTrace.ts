import { isInFlight, stateWords } from '../../explain/requestStates';
import { requestTarget } from '../../explain/requestWords';
import { operationLabel } from '../../explain/words';
import type { HistoryPoint } from '../../model/history';
import { printable } from '../../model/printable';
import type { Request, Sample } from '../../model/sample';
import type { TraceDetails } from '../../model/traceDetails';
import { spansOf, tracedSpans } from './tracedSpans';

/** An event of the Chrome trace format, which Perfetto reads; times in microseconds. */
export interface TraceEvent {
  readonly name: string;
  /** b, n, e: begin, instant and end of a span of its own `id`. */
  readonly ph: 'C' | 'X' | 'M' | 'b' | 'n' | 'e';
  readonly ts: number;
  readonly dur?: number;
  readonly cat?: string;
  readonly id?: string;
  readonly pid: number;
  readonly tid?: number;
  readonly args?: Readonly<Record<string, unknown>>;
}

/** Lanes of requests stand below the threads. */
const FIRST_LANE = 1_000_000_000;

/**
 * An inspection as Chrome trace JSON: counters of its rings, workers and disks over time, what each task is blocked in, and a slice for
 * each request that is pending in the newest Sample, as long as it has waited. Where it was traced, a span for each request, too.
 */
export function chromeTrace(
  sample: Sample,
  points: readonly HistoryPoint[] = [],
  traced?: TraceDetails,
): string {
  const { pid, name } = sample.process;
  const events = [
    { name: 'process_name', ph: 'M' as const, ts: 0, pid, args: { name: printable(name, 64) } },
    ...points.flatMap((point) => countersOf(point, pid)),
    ...tasksOf(sample),
    ...requestsOf(sample),
    ...(traced ? tracedSpans(traced, sample) : []),
  ];
  const otherData = traced ? { otherData: spansOf(traced) } : {};
  return `${JSON.stringify({ displayTimeUnit: 'ms', ...otherData, traceEvents: events })}\n`;
}

function countersOf({ at, rings, workers, devices, stuck }: HistoryPoint, pid: number): TraceEvent[] {
  const ts = at * 1000;
  const counter = (name: string, args: Readonly<Record<string, number>>): TraceEvent => ({
    name,
    ph: 'C',
    ts,
    pid,
    args,
  });
  return [
    ...rings.flatMap(({ id, inFlight, submitted, completed, unreaped, overflowed }) => [
      counter(`ring ${id}: in flight`, { requests: inFlight ?? 0 }),
      counter(`ring ${id}: a second`, { submitted: submitted ?? 0, completed: completed ?? 0 }),
      counter(`ring ${id}: completions`, { 'not reaped': unreaped, overflowed }),
    ]),
    counter('io-wq workers', { busy: workers.busy, all: workers.all }),
    counter('stuck requests', { requests: stuck }),
    ...devices.map((device) =>
      counter(`disk ${printable(device.name, 64)}: in flight`, { requests: device.inFlight }),
    ),
  ];
}

function tasksOf({ tasks, process: { pid }, takenAt }: Sample): TraceEvent[] {
  const end = Date.parse(takenAt) * 1000;
  return tasks.flatMap(({ tid, name, blocked, blockedOn }) => [
    { name: 'thread_name', ph: 'M' as const, ts: 0, pid, tid, args: { name: printable(name, 64) } },
    ...(blocked === undefined || blockedOn === undefined
      ? []
      : [
          slice(printable(blockedOn.text, 200), end, blocked, pid, tid, {
            function: printable(blockedOn.function, 200),
          }),
        ]),
  ]);
}

function requestsOf(sample: Sample): TraceEvent[] {
  const { pid } = sample.process;
  const end = Date.parse(sample.takenAt) * 1000;
  return sample.requests.filter(isInFlight).flatMap((request, index) => {
    const lane = FIRST_LANE + index;
    const age = Math.max(request.age ?? 0, request.seen ?? 0);
    return [
      {
        name: 'thread_name',
        ph: 'M' as const,
        ts: 0,
        pid,
        tid: lane,
        args: { name: `ring ${request.ring ?? '?'}: request` },
      },
      slice(labelOf(request, sample), end, age, pid, lane, {
        state: printable(stateWords(request, sample), 200),
        user_data: request.userData ?? '',
        certainty: request.certainty,
      }),
    ];
  });
}

function labelOf(request: Request, sample: Sample): string {
  const target = requestTarget(sample, request);
  return printable(`${operationLabel(request.operation)}${target === undefined ? '' : ` ${target}`}`, 300);
}

function slice(
  name: string,
  end: number,
  seconds: number,
  pid: number,
  tid: number,
  args: TraceEvent['args'],
): TraceEvent {
  const dur = Math.round(seconds * 1e6);
  return { name, ph: 'X', ts: end - dur, dur, pid, tid, ...(args ? { args } : {}) };
}
