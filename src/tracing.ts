import { traceText } from './explain/reportTrace';
import { withTrace } from './explain/traced';
import { startTrace } from './inspect/tracing';
import type { Sample } from './model/sample';
import type { TraceDetails } from './model/traceDetails';
import type { WalkOptions } from './sample/pendingSources';
import { withRecordedOrigins } from './source/recordedOrigins';
import type { Target } from './target/target';

export interface TraceAsked {
  readonly walk: WalkOptions;
  /** Tell where requests were submitted in the program's source. */
  readonly sources: boolean;
  /** Settles when it is enough; called once it has begun. */
  readonly enough: () => Promise<void>;
}

export interface Traced {
  /** The Sample, taken after it, with what was traced and what that tells. */
  onto(sample: Sample): Sample;
  text(sample: Sample): string;
  readonly details: TraceDetails;
}

/** Follows a process for the command line, which loads this when it is asked to. Rejects as startTrace does. */
export async function traceProcess(target: Target, pid: number, asked: TraceAsked): Promise<Traced> {
  const trace = await startTrace(target, pid, {
    walk: asked.walk,
    ...(asked.sources ? {} : { stackBytes: 0 }),
  });
  await asked.enough();
  const names = asked.sources ? (await import('./links')).nameDumpsHere({}) : undefined;
  const { summary, submits, details } = await trace.stop(names);
  return {
    onto: (sample) => withTrace(withRecordedOrigins(sample, submits), summary),
    details,
    text: ({ resources }) => traceText(summary, resources),
  };
}
