import { printable } from '../../model/printable';
import type { Sample } from '../../model/sample';
import type { TracedRequest } from '../../model/trace';
import type { TraceDetails } from '../../model/traceDetails';
import type { TraceEvent } from './chromeTrace';

const CATEGORY = 'io_uring';

/** A span for each completed request that was kept, with the steps on its way, and the latencies of each second. */
export function tracedSpans(traced: TraceDetails, { process: { pid }, resources }: Sample): TraceEvent[] {
  const names = new Map(resources.map(({ fd, path }) => [fd, path]));
  const wall = (seconds: number) => traced.began * 1000 + seconds * 1e6;
  const latencies = traced.overTime.map(
    ({ at, p50, p99 }): TraceEvent => ({
      name: 'latency, µs',
      ph: 'C',
      ts: wall(at),
      pid,
      args: { p50: p50 * 1e6, p99: p99 * 1e6 },
    }),
  );
  const spans = traced.requests.flatMap((request, index) =>
    spanOf(request, wall(request.submittedAt - traced.origin), names).map((event) => ({
      ...event,
      cat: CATEGORY,
      id: `request-${index}`,
      pid,
      tid: request.submitter,
    })),
  );
  return [...latencies, ...spans];
}

/** Of how many completed requests there are spans. */
export function spansOf({ requests, completed, counted }: TraceDetails): Readonly<Record<string, number>> {
  return { 'requests traced': completed, 'only counted': counted, 'with a span': requests.length };
}

type Step = Pick<TraceEvent, 'name' | 'ph' | 'ts' | 'args'>;

function spanOf(
  request: TracedRequest,
  begin: number,
  names: ReadonlyMap<number, string | undefined>,
): Step[] {
  const { operation, fd, userData, ringFd, result, took } = request;
  const path = fd === undefined ? undefined : names.get(fd);
  const name = printable(path === undefined ? operation : `${operation} ${path}`, 300);
  const steps: readonly (readonly [string, number | undefined])[] = [
    ['deferred', request.deferred],
    ['handed to a worker', request.punted],
    ['armed for poll', request.pollArmed],
    ['given to task work', request.taskWork],
  ];
  return [
    {
      name,
      ph: 'b',
      ts: begin,
      args: {
        user_data: printable(userData, 40),
        ...(fd === undefined ? {} : { fd }),
        ...(ringFd === undefined ? {} : { ring_fd: ringFd }),
      },
    },
    ...steps.flatMap(([step, after]): Step[] =>
      after === undefined ? [] : [{ name: step, ph: 'n', ts: begin + after * 1e6 }],
    ),
    { name, ph: 'e', ts: begin + took * 1e6, args: { result: printable(result ?? '', 40) } },
  ];
}
