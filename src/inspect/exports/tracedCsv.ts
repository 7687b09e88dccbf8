import type { TracedRequest } from '../../model/trace';
import type { TraceDetails } from '../../model/traceDetails';
import { csvText } from './csv';

type Column = readonly [string, (request: TracedRequest) => string | number | undefined];

/** Times in seconds; `submitted_at` of CLOCK_MONOTONIC of its host. */
const COLUMNS: readonly Column[] = [
  ['submitted_at', ({ submittedAt }) => submittedAt.toFixed(9)],
  ['operation', ({ operation }) => operation],
  ['ring_fd', ({ ringFd }) => ringFd],
  ['fd', ({ fd }) => fd],
  ['user_data', ({ userData }) => userData],
  ['submitter', ({ submitter }) => submitter],
  ['result', ({ result }) => result],
  ['latency', ({ took }) => exact(took)],
  ['punted_after', ({ punted }) => exact(punted)],
  ['poll_armed_after', ({ pollArmed }) => exact(pollArmed)],
  ['deferred_after', ({ deferred }) => exact(deferred)],
  ['task_work_after', ({ taskWork }) => exact(taskWork)],
  ['polls', ({ polls, pollArmed }) => polls ?? (pollArmed === undefined ? 0 : 1)],
];

/** Completed requests as CSV (RFC 4180), a row each in the order they completed: all that were seen one by one, or an even choice of very many. */
export function tracedCsv({ requests }: TraceDetails): string {
  return csvText(COLUMNS, requests);
}

/** To the nanosecond, without an exponent. */
function exact(seconds: number | undefined): string | undefined {
  return seconds?.toFixed(9);
}
