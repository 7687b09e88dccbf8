import { DOUBT } from '../explain/certainty';
import { ageWords } from '../explain/requestAge';
import { type Fold, requestGroups, type StateGroup } from '../explain/requestGroups';
import { statesWords } from '../explain/requestStates';
import { mostOf, requestTarget, timersWords } from '../explain/requestWords';
import { operationLabel } from '../explain/words';
import { t } from '../model/l10n';
import type { Request, Ring, Sample } from '../model/sample';
import { type Node, paged } from './node';
import { iconOf, likelyFile, requestRow } from './requestRow';
import { coloredAsAny } from './severity';
import { count, dots, grouped, shown } from './words';

/** The requests of one ring by state, what blocks first; null = those of a ring not known. */
export function requestNodes(sample: Sample, ring: Ring['id'] | null): readonly Node[] {
  return requestGroups(sample, ring).map((group) => stateRow(group, sample));
}

function stateRow(group: StateGroup, sample: Sample): Node {
  const { key, requests, folds } = group;
  const [only] = requests;
  if (requests.length === 1) return requestRow(only, sample);
  const words = shown(statesWords(requests, sample));
  const timers = timersWords(requests);
  const most = timers.length > 0 && folds.length === 1 ? '' : mostOf(sample, group);
  const likely = folds.length === 1 && likelyFile(only, sample);
  const facts = [likely, ...timers, ...sharedFacts(requests)];
  return {
    id: `state-${key}`,
    label: `${grouped(requests.length)} ${words}`,
    description: dots(most, ...facts),
    icon: coloredAsAny(iconOf(only), requests, sample),
    spoken: [`${count(requests.length, 'request')} ${words}`, most, ...facts].filter(Boolean).join(', '),
    children: () => {
      const [fold] = folds;
      if (fold && folds.length === 1) return leaves(fold, sample);
      return paged(folds, (each) => foldRow(each, sample));
    },
  };
}

/** Requests that do the same to the same file are one row. */
function foldRow(fold: Fold, sample: Sample): Node {
  const { key, requests } = fold;
  const [first] = requests;
  if (requests.length === 1) return requestRow(first, sample, { below: first.state });
  const what = requestTarget(sample, first);
  const facts = sharedFacts(requests);
  return {
    id: `fold-${key}`,
    label: `${grouped(requests.length)} × ${shown(operationLabel(first.operation), 64)}${what === undefined ? '' : ` ${what}`}`,
    description: dots(
      first.stage !== undefined && shown(first.stage),
      likelyFile(first, sample),
      typeof first.result === 'number' && t('result {0}', first.result),
      ...facts,
    ),
    icon: coloredAsAny(iconOf(first), requests, sample),
    children: () => leaves(fold, sample),
  };
}

function leaves({ requests }: Fold, sample: Sample): readonly Node[] {
  return paged(requests, (request) => requestRow(request, sample, { below: request.state }));
}

function sharedFacts(requests: readonly Request[]): readonly (string | undefined | false)[] {
  const doubtful = requests.filter(({ certainty }) => certainty === 'ambiguous').length;
  return [
    ageWords(requests),
    doubtful > 0 && (doubtful === requests.length ? DOUBT : `${grouped(doubtful)} ${DOUBT}`),
  ];
}
