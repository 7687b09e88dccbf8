import { cancelling, type Ending } from '../explain/cancelling';
import { DOUBT } from '../explain/certainty';
import { operandText } from '../explain/registered';
import { indexOf } from '../explain/sampleIndex';
import { t } from '../model/l10n';
import type { Request, Sample } from '../model/sample';
import { type Node, paged } from './node';
import { originRows } from './sourceRows';
import { taskRow } from './taskNodes';
import { dots, shown } from './words';

/**
 * What stands below a request: the task that carries it, the request it waits behind, what it asks for, where
 * the row comes from. `row` draws another request; its own rows are left away, for a saved Sample may go in circles.
 */
export function requestDetails(
  request: Request,
  sample: Sample,
  row: (request: Request) => Node,
): readonly Node[] {
  const { worker, submitter, operands } = request;
  const { tasks } = indexOf(sample);
  const task = worker === undefined ? undefined : tasks.get(worker);
  return [
    ...(task ? [taskRow(task, sample)] : []),
    ...behindRows(request, sample, row),
    ...cancelRow(request, sample),
    ...paged(operands ?? [], (operand, index) => ({
      id: `operand-${index}`,
      label: shown(operand.name, 64),
      description: shown(operandText(sample, request, operand)),
      icon: { id: 'symbol-parameter' },
    })),
    ...plainRows(request),
    ...originRows(request),
    ...(submitter === undefined || submitter === worker
      ? []
      : [
          {
            id: 'submitter',
            label: t('submitted by thread {0}', submitter),
            description: shown(tasks.get(submitter)?.name ?? '', 64),
            icon: { id: 'account' },
          },
        ]),
    certaintyRow(request),
  ];
}

function behindRows(
  { after, state }: Request,
  sample: Sample,
  row: (request: Request) => Node,
): readonly Node[] {
  if (after === undefined) return [];
  const head = sample.requests[after];
  if (!head) return [];
  // A linked timeout holds nothing up: it ends the other one.
  const how = state === 'timeout' ? t('is the time limit of') : t('waits behind');
  const { children: _, label, spoken, ...rest } = row(head);
  const task = head.worker === undefined ? undefined : indexOf(sample).tasks.get(head.worker);
  return [
    {
      ...rest,
      id: 'behind',
      label: `${how} ${label}`,
      spoken: `${how} ${spoken ?? label}`,
      ...(task ? { children: () => [taskRow(task, sample)] } : {}),
    },
  ];
}

const ENDINGS: Readonly<Record<Ending, { readonly label: string; readonly icon: string }>> = {
  cancel: { label: t('Can be cancelled'), icon: 'debug-stop' },
  head: { label: t('Cannot be cancelled on its own'), icon: 'link' },
  kill: { label: t('Cannot be cancelled'), icon: 'lock' },
  never: { label: t('Cannot be cancelled'), icon: 'lock' },
};

function cancelRow(request: Request, sample: Sample): readonly Node[] {
  const found = cancelling(sample, request);
  if (!found) return [];
  const { label, icon } = ENDINGS[found.ending];
  return [{ id: 'cancel', label, description: shown(`it ${found.text}`, 400), icon: { id: icon } }];
}

function plainRows({ userData, address, flags }: Request): readonly Node[] {
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['user_data', userData],
    ['address', address],
    ['flags', flags?.join(' ')],
  ];
  return rows.flatMap(([label, value]) =>
    value ? [{ id: label, label, description: shown(value), icon: { id: 'symbol-field' } }] : [],
  );
}

const CERTAINTIES: Readonly<Record<string, string>> = {
  certain: t('certain'),
  inferred: t('most likely pending'),
  ambiguous: DOUBT,
};

function certaintyRow({ certainty, inferred = [], sources }: Request): Node {
  const doubtful = certainty === 'ambiguous';
  return {
    id: 'certainty',
    label: CERTAINTIES[certainty] ?? shown(certainty, 64),
    description: dots(
      doubtful && t('its user_data was used again, and the rings cannot tell which of the two is pending'),
      inferred.length > 0 && t('its {0} inferred', inferred.join(t(' and '))),
      sources.length > 0 && t('from {0}', shown(sources.join(', '))),
    ),
    icon: { id: doubtful ? 'question' : 'verified' },
  };
}
