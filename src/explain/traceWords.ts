import { printable } from '../model/printable';
import type { Latency, TracedOperation, TracedRequest, TraceSummary } from '../model/trace';
import type { TraceStatus } from '../model/traceDetails';
import { span } from './reportTrace';
import { grouped } from './words';

/** How a trace goes, facts for one line: `1,204 events/s`, `nothing lost`, `0.4 % of a processor`. */
export function statusFacts({ events, lostEvents, lostStacks, own, probe = 0 }: TraceStatus): string[] {
  return [
    `${grouped(Math.round(events))} events/s`,
    lostEvents === 0
      ? 'no events lost'
      : `at least ${grouped(lostEvents)} ${lostEvents === 1 ? 'event' : 'events'} lost`,
    lostStacks === 0 ? '' : `${grouped(lostStacks)} stacks lost`,
    `own cost ${share(own + probe)} of a processor`,
  ].filter(Boolean);
}

function share(part: number): string {
  return part < 0.001 ? 'below 0.1 %' : `${(part * 100).toFixed(1)} %`;
}

/** Submissions beside the calls that made them: `1,204/s submitted`, `…`. */
export function rateFacts({
  submitted,
  completed,
  seconds,
  polledSubmits: polled,
  systemCalls,
}: TraceSummary): string[] {
  const rate = (count: number) =>
    seconds > 0 ? `${grouped(Math.round(count / seconds))}/s` : grouped(count);
  return [
    `${rate(submitted)} submitted`,
    `${rate(completed)} completed`,
    systemCalls === undefined ? '' : `${rate(systemCalls)} calls of io_uring_enter`,
    polled === undefined || polled === 0
      ? ''
      : polled >= submitted
        ? 'all submitted by the SQPOLL thread, none by a system call'
        : `${grouped(polled)} of ${grouped(submitted)} submitted by the SQPOLL thread`,
  ].filter(Boolean);
}

/** Of an operation: how many completed, how long they took, which ways they went, their errors. */
export function operationFacts(row: TracedOperation): string[] {
  const { completed, errors, punted, pollArmed, deferred } = row;
  const failed = Object.entries(errors).map(
    ([errno, count]) => `${printable(grouped(count), 20)} × ${printable(errno, 20)}`,
  );
  return [
    `${grouped(completed)} completed`,
    ...latencyFacts(row.latency),
    punted === 0 ? '' : `${grouped(punted)} to io-wq workers`,
    pollArmed === 0 ? '' : `${grouped(pollArmed)} armed for poll`,
    deferred === 0 ? '' : `${grouped(deferred)} deferred`,
    ...failed,
  ].filter(Boolean);
}

export function latencyFacts(latency: Latency | undefined): string[] {
  if (!latency) return [];
  return [`p50 ${span(latency.p50)}`, `p99 ${span(latency.p99)}`, `max ${span(latency.most)}`];
}

/** Which way a request went, and how it ended. */
export function requestFacts(request: TracedRequest): string[] {
  const { result, punted, pollArmed, deferred, polls } = request;
  return [
    result === undefined ? 'pending' : `result ${printable(result, 20)}`,
    deferred === undefined ? '' : `deferred after ${span(deferred)}`,
    punted === undefined ? '' : `to a worker after ${span(punted)}`,
    pollArmed === undefined
      ? ''
      : `armed for poll after ${span(pollArmed)}${polls ? `, ${grouped(polls)} times` : ''}`,
  ].filter(Boolean);
}
