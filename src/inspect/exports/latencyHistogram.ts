import { LATENCY_BOUNDS, type LatencyBuckets } from '../../model/traceDetails';
import type { Labels } from './openMetrics';

const NAME = 'io_uring_request_latency_seconds';

/** How long traced requests took, by operation, as a histogram of OpenMetrics; '' where none was traced. */
export function latencyHistogram(
  all: readonly { readonly labels: Labels; readonly latencies: readonly LatencyBuckets[] }[],
  labelText: (labels: Labels) => string,
): string {
  const lines = all.flatMap(({ labels, latencies }) =>
    latencies.flatMap((row) => {
      const named = { ...labels, operation: row.operation };
      let count = 0;
      const buckets = row.counts.map((more, index) => {
        count += more;
        const le = LATENCY_BOUNDS[index] === undefined ? '+Inf' : bound(LATENCY_BOUNDS[index]);
        return `${NAME}_bucket{${labelText({ ...named, le })}} ${count}\n`;
      });
      return [
        ...buckets,
        `${NAME}_count{${labelText(named)}} ${count}\n`,
        `${NAME}_sum{${labelText(named)}} ${row.sum}\n`,
      ];
    }),
  );
  if (lines.length === 0) return '';
  return [
    `# TYPE ${NAME} histogram\n`,
    `# UNIT ${NAME} seconds\n`,
    `# HELP ${NAME} From submit to completion, of requests that were traced.\n`,
    ...lines,
  ].join('');
}

/** A bound as OpenMetrics wants it: a number with a point, and no exponent. */
function bound(seconds: number): string {
  return Number.isInteger(seconds) ? seconds.toFixed(1) : seconds.toFixed(7).replace(/0+$/, '');
}
