import type { Sample } from '../model/sample';
import { inFlight } from './ringCounts';
import { counted, duration } from './words';

/** Requests that critical findings call stuck. */
export function stuckCount(sample: Sample): number {
  return sample.findings.reduce((sum, f) => sum + (f.severity === 'critical' ? (f.stuck ?? 0) : 0), 0);
}

/** Requests in flight, of rings and of Linux AIO. */
export function pendingCount({ rings, aio = [] }: Sample): number {
  const older = aio.reduce((sum, context) => sum + (context.pending ?? 0), 0);
  return rings.reduce((sum, ring) => sum + (inFlight(ring) ?? 0), older);
}

/** A few words beside the name of the process: "100 requests stuck · 31 s". */
export function headline(sample: Sample): string {
  const [first] = sample.findings;
  const stuck = stuckCount(sample);
  const since = longestBlocked(sample);
  const age = since === undefined ? '' : ` · ${duration(since)}`;
  if (stuck > 0) return `${counted(stuck, 'request')} stuck${age}`;
  if (first?.severity === 'critical') return `stuck${age}`;
  if (first?.severity === 'warning') return 'needs a look';
  const pending = pendingCount(sample);
  if (first?.tag === 'in-debugger')
    return `stopped by its debugger${pending > 0 ? ` · ${counted(pending, 'request')} pending` : ''}`;
  return pending > 0 ? `${counted(pending, 'request')} waiting, nothing stuck` : 'nothing stuck';
}

/** Seconds the longest-held task that a critical finding names has not run. */
export function longestBlocked(sample: Sample): number | undefined {
  const tids = new Set(
    sample.findings
      .filter((finding) => finding.severity === 'critical')
      .flatMap(({ evidence }) => evidence.flatMap((e) => ('task' in e ? [e.task] : []))),
  );
  const times = sample.tasks.flatMap((t) => (tids.has(t.tid) && t.blocked !== undefined ? [t.blocked] : []));
  return times.length > 0 ? Math.max(...times) : undefined;
}
