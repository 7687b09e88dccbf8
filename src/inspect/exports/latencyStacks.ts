import { programName } from '../../explain/programName';
import type { Sample } from '../../model/sample';
import type { TracedRequest } from '../../model/trace';
import type { TraceDetails } from '../../model/traceDetails';
import { frame } from './collapsedStacks';

/**
 * Where requests were submitted, as collapsed stacks weighted by how long they took: "outermost;…;innermost;[READ] MICROSECONDS". The time of
 * all requests of an operation is exact; it is parted as those whose stacks were kept have taken it.
 */
export function latencyStacks(sample: Pick<Sample, 'process'>, { stacks, latencies }: TraceDetails): string {
  const root = frame(programName(sample.process));
  const weights = new Map<string, number>();
  const add = (stack: readonly string[], seconds: number) => {
    const line = [root, ...stack].join(';');
    weights.set(line, (weights.get(line) ?? 0) + seconds);
  };
  for (const { operation, sum } of latencies) {
    const known = stacks.filter((request) => request.operation === operation);
    const all = known.reduce((seconds, { took }) => seconds + took, 0);
    for (const request of known) add(stackOf(request), all > 0 ? (request.took / all) * sum : 0);
    if (known.length === 0) add(['[stack not known]', `[${frame(operation)}]`], sum);
  }
  return [...weights]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([line, seconds]) => `${line} ${Math.max(1, Math.round(seconds * 1e6))}\n`)
    .join('');
}

function stackOf({ operation, stack = [] }: TracedRequest): string[] {
  return [...stack.map((one) => frame(one.function)).reverse(), `[${frame(operation)}]`];
}
