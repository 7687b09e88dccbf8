import type { Finding, Sample } from '../model/sample';
import type { TraceSummary } from '../model/trace';
import { finished, inOrder } from './explain';
import { errorFlood } from './rules/errorFlood';
import { neverCompleted } from './rules/neverCompleted';
import { noSystemCalls } from './rules/noSystemCalls';
import { overflowedMeanwhile } from './rules/overflowedMeanwhile';
import { punted } from './rules/punted';
import { reapedLate } from './rules/reapedLate';
import { rearmed } from './rules/rearmed';
import { smallBatches } from './rules/smallBatches';
import type { TracedRule } from './tracedRule';

/** In the order of importance among findings of one severity. */
const RULES: readonly TracedRule[] = [
  overflowedMeanwhile,
  errorFlood,
  reapedLate,
  neverCompleted,
  punted,
  rearmed,
  smallBatches,
  noSystemCalls,
];

/** What a trace tells that no single look can, most important first. `sample`: taken after it; names the files. */
export function tracedFindings(trace: TraceSummary, sample: Sample): readonly Finding[] {
  return inOrder(RULES.flatMap((rule) => rule.check({ trace, sample }))).map(finished);
}

/** The Sample with what was traced before it, and the findings of both. */
export function withTrace(sample: Sample, trace: TraceSummary): Sample {
  const findings = inOrder([...sample.findings, ...tracedFindings(trace, sample)]);
  return { ...sample, trace, findings };
}
