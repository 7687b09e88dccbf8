import { DOUBT } from '../explain/certainty';
import { originSentence, originSteps } from '../explain/originWords';
import { operandText } from '../explain/registered';
import { stateWords } from '../explain/requestStates';
import { timerWords } from '../explain/requestWords';
import { t } from '../model/l10n';
import { printable } from '../model/printable';
import type { Request, Sample } from '../model/sample';
import { markdownCode, markdownText } from './escape';

/** Operands written out; a row for each stands below the request. */
const MOST_OPERANDS = 20;

type Fact = readonly [string, string | number | null | undefined];

/** All that is known of a request, as Markdown. `likely` = the only open file that fits. */
export function requestTooltip(request: Request, sample: Sample, likely: string | undefined): string {
  const { operation, stage, certainty, sources } = request;
  const where = stateWords(request, sample);
  const sure = certainty === 'ambiguous' ? t('{0}: its user_data was used again', DOUBT) : certainty;
  return [
    `**${markdownText(printable(operation))}** — ${markdownText(printable(where))}`,
    ...(stage === undefined ? [] : [t('It {0}\\.', markdownText(printable(stage)))]),
    [...facts(request, likely), ...operandFacts(request, sample)]
      .filter(([, value]) => value !== undefined && value !== null)
      .map(([name, value]) => `- ${markdownText(printable(name))}: ${markdownCode(printable(String(value)))}`)
      .join('\n'),
    t('{0}, from {1}', markdownText(printable(sure)), markdownText(printable(sources.join(', ')))),
  ].join('\n\n');
}

function facts(request: Request, likely: string | undefined): readonly Fact[] {
  const { fd, fixedFile, path, offset, length, address, userData, flags, worker, submitter, sequence } =
    request;
  return [
    [t('path'), path],
    ['fd', fd],
    [t('registered file'), fixedFile],
    [t('offset'), offset],
    [t('length'), length],
    [t('timer'), timerWords(request)],
    [t('address'), address],
    ['user_data', userData],
    ...originFacts(request),
    [t('flags'), flags && flags.length > 0 ? flags.join(', ') : undefined],
    [t('carried by thread'), worker],
    [t('submitted by thread'), submitter],
    [t('place in the order of submission'), sequence],
    [t('the only open file that fits'), likely],
  ];
}

/** Where it comes from as a sentence, and the place of each step whole. */
function originFacts({ origin }: Request): readonly Fact[] {
  const steps = originSteps(origin).slice(0, MOST_OPERANDS);
  return [
    [t('belongs to'), originSentence(origin)],
    ...steps.flatMap(({ name, place }): Fact[] => (place === undefined ? [] : [[name, place]])),
  ];
}

function operandFacts(request: Request, sample: Sample): readonly Fact[] {
  return (request.operands ?? [])
    .slice(0, MOST_OPERANDS)
    .map((operand) => [operand.name, operandText(sample, request, operand)]);
}
