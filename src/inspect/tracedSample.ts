import { withTrace } from '../explain/traced';
import type { Sample } from '../model/sample';
import { withRecordedOrigins } from '../source/recordedOrigins';
import type { TraceResult } from './traceResult';

/**
 * A Sample that was taken after a trace, with what was traced and what that tells. `endedAt`: milliseconds since 1970. Where a request was submitted is told of
 * those alone that have been pending since: another one may have the same user_data by now.
 */
export function tracedSample(
  sample: Sample,
  { summary, submits }: Pick<TraceResult, 'summary' | 'submits'>,
  endedAt: number,
): Sample {
  const since = (Date.parse(sample.takenAt) - endedAt) / 1000;
  const recorded = withRecordedOrigins(sample, submits).requests;
  const requests = sample.requests.map((request, index) => {
    const isOlder = Math.max(request.age ?? 0, request.seen ?? 0) >= since;
    return isOlder ? (recorded[index] ?? request) : request;
  });
  const isSame = requests.every((request, index) => request === sample.requests[index]);
  return withTrace(isSame ? sample : { ...sample, requests }, summary);
}
