import type { Evidence, Sample } from '../model/sample';
import type { TracedOperation, TraceSummary } from '../model/trace';
import { indexOf } from './sampleIndex';
import { operationNoun, resourceName } from './words';

/** One operation, all its files together. */
export interface OperationTotal {
  readonly operation: string;
  readonly rows: readonly TracedOperation[];
  /** Requests that were seen from their submit on, completed or pending: what the counts below are of. */
  readonly seen: number;
  readonly completed: number;
  readonly pending: number;
  readonly punted: number;
  readonly forced: number;
  readonly pollArmed: number;
}

/** Operations of the requests that were seen, those with the most requests first. */
export function operationTotals({ operations }: TraceSummary): OperationTotal[] {
  const rows = new Map<string, TracedOperation[]>();
  for (const row of operations) {
    if (row.latency === undefined && row.pending === undefined) continue;
    const others = rows.get(row.operation);
    if (others) others.push(row);
    else rows.set(row.operation, [row]);
  }
  return [...rows].map(([operation, of]) => totalOf(operation, of)).sort((a, b) => b.seen - a.seen);
}

function totalOf(operation: string, rows: readonly TracedOperation[]): OperationTotal {
  const sum = (value: (row: TracedOperation) => number) => rows.reduce((all, row) => all + value(row), 0);
  return {
    operation,
    rows,
    seen: sum(seenOf),
    completed: sum((row) => row.completed),
    pending: sum((row) => row.pending ?? 0),
    punted: sum((row) => row.punted),
    forced: sum((row) => row.forced ?? 0),
    pollArmed: sum((row) => row.pollArmed),
  };
}

/** Requests of a row that were seen from their submit on. */
export function seenOf({ latency, pending = 0 }: TracedOperation): number {
  return (latency?.count ?? 0) + pending;
}

/** Of what counts by rows, the share that one file must have to be named for all. */
const MOST_OF_IT = 0.8;

/** The descriptor that has nearly all of what `value` counts; undefined where there is none. */
export function mainFile(
  rows: readonly TracedOperation[],
  value: (row: TracedOperation) => number,
): number | undefined {
  const all = rows.reduce((sum, row) => sum + value(row), 0);
  return rows.find((row) => row.fd !== undefined && value(row) > 0 && value(row) >= MOST_OF_IT * all)?.fd;
}

/** " of /data/db", " of descriptor 7"; empty for no descriptor. */
export function ofFile(sample: Sample, fd: number | undefined): string {
  if (fd === undefined) return '';
  const resource = indexOf(sample).resources.get(fd);
  return ` of ${resource ? resourceName(resource, sample.process.pid) : `descriptor ${fd}`}`;
}

export function fileEvidence(sample: Sample, fd: number | undefined): Evidence[] {
  return fd !== undefined && indexOf(sample).resources.has(fd) ? [{ fd }] : [];
}

/** "reads", "recvs", "statxs": several of them. */
export function operationsNoun(operation: string): string {
  const noun = operationNoun(operation);
  return /(s|x|ch|sh)$/.test(noun) ? `${noun}es` : `${noun}s`;
}

/** "63 %", "0.4 %". */
export function percent(share: number): string {
  const value = 100 * share;
  return `${value < 1 ? Math.round(value * 10) / 10 : Math.round(value)} %`;
}

/** How many a second, rounded to what can be told. */
export function perSecond(count: number, { seconds }: TraceSummary): number {
  const rate = seconds > 0 ? count / seconds : 0;
  return rate < 10 ? Math.round(rate * 10) / 10 : Math.round(rate);
}

/** Requests in flight on average (Little's law), of those that completed. */
export function meanDepth({ operations, seconds }: TraceSummary): number {
  const busy = operations.reduce((sum, { latency }) => sum + (latency ? latency.count * latency.mean : 0), 0);
  return seconds > 0 ? busy / seconds : 0;
}
