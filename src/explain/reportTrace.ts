import { printable } from '../model/printable';
import type { Resource } from '../model/sample';
import type { Latency, TracedOperation, TracedRequest, TraceSummary } from '../model/trace';
import { reapLag } from '../trace/reaping';
import { frameText, isRuntime } from './userFrames';
import { counted, grouped } from './words';

/** Rows of operations, slow and old requests, and frames of each, that are shown. */
const MOST_OPERATIONS = 20;
const MOST_REQUESTS = 5;
const MOST_FRAMES = 6;

/** What was traced, as plain text. `resources`: what the descriptors are. Text of the target is made harmless. */
export function traceText(trace: TraceSummary, resources: readonly Resource[] = []): string {
  const names = new Map(resources.map(({ fd, path, link }) => [fd, path ?? link ?? '']));
  const sections = [
    [
      `Traced for ${span(trace.seconds)}: ${counts(trace)}`,
      ...[...manner(trace), ...doubts(trace)].map((line) => `  ${line}`),
    ],
    operationLines(trace.operations, names),
    requestLines('Slowest', trace.slowest, names),
    requestLines('Pending', trace.oldest, names),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function counts({ submitted, completed, pending, seconds, operations }: TraceSummary): string {
  const rate = seconds > 0 ? ` (${grouped(Math.round(submitted / seconds))}/s)` : '';
  const punted = operations.reduce((sum, row) => sum + row.punted, 0);
  const all = operations.reduce((sum, row) => sum + (row.latency?.count ?? 0), 0);
  const share = all > 0 ? `, ${Math.round((100 * punted) / all)} % went to io-wq workers` : '';
  return `${grouped(submitted)} submitted${rate}, ${grouped(completed)} completed, ${grouped(pending)} pending${share}`;
}

/** How it is submitted and reaped. */
function manner({
  seconds,
  submitted,
  polledSubmits = 0,
  counted: together = 0,
  systemCalls: enters,
  reaping = [],
}: TraceSummary): string[] {
  const a = (count: number) => grouped(seconds > 0 ? Math.round(count / seconds) : 0);
  const polled = polledSubmits > 0 ? `, ${a(polledSubmits)}/s of them taken up by SQPOLL threads` : '';
  const own = submitted - polledSubmits;
  const each =
    enters !== undefined && enters > 0 && own > 0 ? `, ${(own / enters).toFixed(1)} with each` : '';
  return [
    enters === undefined
      ? ''
      : `${a(enters)} io_uring_enter/s beside ${a(submitted)} submissions/s${polled}${each}`,
    together > 0
      ? `${grouped(together)} of the requests were only counted, for there were very many at a time: the spans and CSV of an export are of the others`
      : '',
    ...reaping.map((ring) => {
      const lag = reapLag(ring);
      return lag === undefined
        ? ''
        : `completions lie in the ring at fd ${ring.ringFd} for ${span(lag)} on average, ${grouped(ring.most)} of them at the most`;
    }),
  ].filter(Boolean);
}

/** What the counts do not hold, a line each. */
export function doubts({
  lost,
  unseenSubmits,
  unseenCompletions,
  overflowed,
  notTraced,
}: TraceSummary): string[] {
  return [
    lost.events === undefined ? 'how many events were lost is not told' : '',
    lost.events ? `${grouped(lost.events)} events were lost: the counts are of the others` : '',
    lost.stacks ? `${counted(lost.stacks, 'stack')} of submits lost or not kept` : '',
    unseenSubmits ? `${counted(unseenSubmits, 'completion')} of requests whose submit was not seen` : '',
    unseenCompletions
      ? `${counted(unseenCompletions, 'request')} ended without a completion that was seen`
      : '',
    overflowed ? `${counted(overflowed, 'CQE')} had no place in the CQ ring` : '',
    ...notTraced.map((what) => `not traced: ${printable(what, 200)}`),
  ].filter(Boolean);
}

const HEAD = ['operation', 'completed', 'p50', 'p90', 'p99', 'most', 'io-wq', 'polls', 'errors and file'];

function operationLines(
  operations: readonly TracedOperation[],
  names: ReadonlyMap<number, string>,
): string[] {
  if (operations.length === 0) return [];
  const rows = operations
    .slice(0, MOST_OPERATIONS)
    .map((row) => [
      printable(row.operation, 40),
      grouped(row.completed),
      ...percentiles(row.latency),
      grouped(row.punted),
      grouped(row.pollArmed),
      [errorsText(row.errors), fileText(row.fd, names)].filter(Boolean).join(' · '),
    ]);
  const left = operations.length - rows.length;
  return [...aligned([HEAD, ...rows]), ...(left > 0 ? [`  … and ${grouped(left)} more`] : [])];
}

function percentiles(latency: Latency | undefined): string[] {
  if (!latency) return ['', '', '', ''];
  return [latency.p50, latency.p90, latency.p99, latency.most].map(span);
}

function errorsText(errors: TracedOperation['errors']): string {
  return Object.entries(errors)
    .map(([errno, count]) => `${printable(grouped(count), 20)} × ${printable(errno, 20)}`)
    .join(', ');
}

function fileText(fd: number | undefined, names: ReadonlyMap<number, string>): string {
  if (fd === undefined) return '';
  const name = names.get(fd);
  return name ? `fd ${fd} ${printable(name, 120)}` : `fd ${fd}`;
}

function requestLines(
  title: string,
  requests: readonly TracedRequest[],
  names: ReadonlyMap<number, string>,
): string[] {
  if (requests.length === 0) return [];
  const shown = requests.slice(0, MOST_REQUESTS).flatMap((request) => requestText(request, names));
  const left = requests.length - MOST_REQUESTS;
  return [`${title}:`, ...shown, ...(left > 0 ? [`  … and ${grouped(left)} more`] : [])];
}

function requestText(request: TracedRequest, names: ReadonlyMap<number, string>): string[] {
  const { operation, took, result, userData, fd, punted, pollArmed, deferred, polls, stack = [] } = request;
  const steps = [
    punted === undefined ? '' : `to a worker after ${span(punted)}`,
    pollArmed === undefined
      ? ''
      : `armed for poll after ${span(pollArmed)}${polls ? `, ${polls} times` : ''}`,
    deferred === undefined ? '' : `deferred after ${span(deferred)}`,
    result === undefined ? 'pending' : `result ${printable(result, 20)}`,
    fileText(fd, names),
    `user_data ${printable(userData, 20)}`,
  ];
  const own = stack.filter((frame) => !isRuntime(frame));
  const told = own.length > 0 ? own : stack;
  const frames = told.slice(0, MOST_FRAMES).map((frame) => `      ${frameText(frame)}`);
  const more = told.length - MOST_FRAMES;
  return [
    `  ${span(took)}  ${printable(operation, 40)} · ${steps.filter(Boolean).join(' · ')}`,
    ...frames,
    ...(more > 0 ? [`      … and ${grouped(more)} more`] : []),
    ...(request.stackNote === undefined ? [] : [`      the stack ${printable(request.stackNote, 200)}`]),
  ];
}

/** A time of at most a few characters: `940 ns`, `1.2 ms`. */
export function span(seconds: number): string {
  const units: readonly (readonly [number, string])[] = [
    [1, 's'],
    [1e-3, 'ms'],
    [1e-6, 'µs'],
  ];
  for (const [size, unit] of units)
    if (seconds >= size * 0.9995) return `${Number((seconds / size).toPrecision(3))} ${unit}`;
  return `${Math.round(seconds * 1e9)} ns`;
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 || column === HEAD.length - 1
          ? cell.padEnd(column === 0 ? (widths[0] ?? 0) : 0)
          : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
}
