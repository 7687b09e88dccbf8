import { DOUBT } from '../explain/certainty';
import { carriedTarget, onlyTarget } from '../explain/operationTargets';
import { ageWords } from '../explain/requestAge';
import { requestId } from '../explain/requestId';
import { carrierWords, stateWords } from '../explain/requestStates';
import { extent, requestTarget, timerWords } from '../explain/requestWords';
import { operationLabel, resourceName } from '../explain/words';
import { t } from '../model/l10n';
import type { Request, RequestState, Sample } from '../model/sample';
import type { Node } from './node';
import { requestDetails } from './requestDetails';
import { requestTooltip } from './requestTooltip';
import { colored } from './severity';
import { requestSource } from './sourceRows';
import { dots, shown } from './words';

const ICONS: Readonly<Record<RequestState, string>> = {
  running: 'circle-filled',
  issued: 'circle-filled',
  queued: 'layers',
  waiting: 'watch',
  polling: 'watch',
  linked: 'link',
  drained: 'layers',
  timeout: 'clock',
  prepared: 'edit',
  completed: 'check',
  overflowed: 'warning',
};

/** A row that may be history has the mark of a question, also where many stand below each other. */
export function iconOf({ state, certainty }: Request): string {
  return certainty === 'ambiguous' ? 'question' : (ICONS[state] ?? 'question');
}

/** One request; what carries it, what it waits behind and what it asks for stand below. `below` = the state told above it. */
export function requestRow(
  request: Request,
  sample: Sample,
  { below }: { readonly below?: RequestState } = {},
): Node {
  const { state, stage } = request;
  const what = requestTarget(sample, request);
  const label = `${shown(operationLabel(request.operation), 64)}${what === undefined ? '' : ` ${what}`}`;
  const where = shown(stateWords(request, sample));
  const facts = requestFacts(request, sample);
  const place = stage === undefined ? undefined : shown(stage);
  return {
    id: requestId(request),
    ...requestSource(request),
    label,
    description: dots(place ?? (below === state ? undefined : where), ...facts),
    icon: colored(iconOf(request), request, sample),
    tooltip: () => requestTooltip(request, sample, likelyFile(request, sample)),
    spoken: [label, where, place, ...facts].filter(Boolean).join(', '),
    children: () => requestDetails(request, sample, (head) => requestRow(head, sample)),
  };
}

function requestFacts(request: Request, sample: Sample): readonly (string | undefined | false)[] {
  const { worker, result, certainty } = request;
  return [
    likelyFile(request, sample),
    extent(request),
    timerWords(request),
    ageWords([request]),
    worker !== undefined && carrierWords(worker, sample),
    result !== undefined && result !== null && t('result {0}', result),
    certainty === 'ambiguous' ? DOUBT : certainty !== 'certain' && shown(certainty),
  ];
}

/** The file of a request where the kernel does not say it and just one can be meant. */
export function likelyFile(request: Request, sample: Sample): string | undefined {
  if (requestTarget(sample, request) !== undefined) return undefined;
  const target =
    request.state === 'polling'
      ? onlyTarget(sample, request.operation)
      : request.worker !== undefined && carriedTarget(sample, request);
  return target ? shown(resourceName(target, sample.process.pid)) : undefined;
}
