import type { Sample } from '../model/sample';

/**
 * How many bounded io-wq workers one ring may have: min(SQ entries, 4 × processors); a program can set
 * another limit (IORING_REGISTER_IOWQ_MAX_WORKERS), which /proc does not show. Undefined where the number of
 * processors is unknown.
 */
export function workerLimit(sample: Sample): number | undefined {
  const { cpus } = sample.host;
  if (cpus === undefined) return undefined;
  const entries = sample.rings.flatMap((ring) => (ring.sqEntries === undefined ? [] : [ring.sqEntries]));
  return entries.length === 0 ? undefined : Math.min(Math.max(...entries), 4 * cpus);
}
