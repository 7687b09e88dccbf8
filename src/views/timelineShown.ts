import { isInFlight, stateWords } from '../explain/requestStates';
import { requestTarget } from '../explain/requestWords';
import { rateFacts, statusFacts } from '../explain/traceWords';
import { duration, operationLabel } from '../explain/words';
import type { Inspected } from '../inspect/inspections';
import type { TracingState } from '../inspect/processTracing';
import { t } from '../model/l10n';
import { printable } from '../model/printable';
import type { Request, Sample } from '../model/sample';
import type { Lane, Shown } from '../model/timeline';
import { onHost } from './hostNodes';
import { titleOf } from './nodes';
import { problemText } from './problem';
import { dots } from './words';

/** More would be a wall; the tree has them all. */
const MOST_LANES = 40;

/** What the timeline says of an inspection beside its charts. */
export function shownOf(inspected: Inspected): Shown {
  const { state, sample, problem } = inspected.snapshot;
  const title = `${titleOf(inspected)}${onHost(inspected)}`;
  const [finding] = sample?.findings ?? [];
  const pending = sample ? pendingOf(sample) : [];
  return {
    title: printable(title, 200),
    state,
    ...(sample ? { at: Date.parse(sample.takenAt) } : {}),
    answer: printable(problem ? problemText(problem) : (finding?.summary ?? ''), 1000),
    ...(finding && !problem ? { severity: finding.severity } : {}),
    ...(inspected.tracing ? { tracing: tracingOf(inspected.tracing) } : {}),
    lanes: sample ? pending.slice(0, MOST_LANES).map((request) => laneOf(request, sample)) : [],
    more: Math.max(0, pending.length - MOST_LANES),
  };
}

function tracingOf({ state, limit, status, summary, problem, why }: TracingState): {
  readonly running: boolean;
  readonly words: string;
} {
  const running = state === 'starting' || state === 'running';
  const facts: readonly (string | undefined)[] =
    state === 'failed'
      ? [t('Not traced'), problem?.why]
      : state === 'done'
        ? [why ?? t('The trace has ended'), ...(summary ? rateFacts(summary) : [])]
        : state === 'stopping'
          ? [t('The trace ends')]
          : [
              t('Tracing'),
              ...(status ? statusFacts(status) : []),
              t('stops by itself after {0}', duration(limit)),
            ];
  return { running, words: printable(dots(...facts), 400) };
}

/** Oldest first; in the order of the Sample where nothing tells. */
function pendingOf({ requests }: Sample): Request[] {
  const age = (request: Request) => Math.max(request.age ?? -1, request.seen ?? -1);
  return requests.filter(isInFlight).sort((a, b) => age(b) - age(a));
}

function laneOf(request: Request, sample: Sample): Lane {
  const { operation, state, stage, age, seen } = request;
  const target = requestTarget(sample, request);
  const atLeast = seen !== undefined && seen > (age ?? -1) + 1;
  const seconds = atLeast ? seen : (age ?? seen);
  return {
    label: printable(`${operationLabel(operation)}${target === undefined ? '' : ` ${target}`}`, 200),
    place: printable(stage ?? stateWords(request, sample), 200),
    state,
    ...(seconds === undefined ? {} : { age: seconds }),
    ...(atLeast || (age === undefined && seen !== undefined) ? { atLeast: true } : {}),
  };
}
