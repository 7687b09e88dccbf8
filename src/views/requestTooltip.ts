import { DOUBT } from '../explain/certainty';
import { originSentence, originSteps } from '../explain/originWords';
import { operandText } from '../explain/registered';
import { stateWords } from '../explain/requestStates';
import { timerWords } from '../explain/requestWords';
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
  const sure = certainty === 'ambiguous' ? `${DOUBT}: its user_data was used again` : certainty;
  return [
    `**${markdownText(printable(operation))}** — ${markdownText(printable(where))}`,
    ...(stage === undefined ? [] : [`It ${markdownText(printable(stage))}\\.`]),
    [...facts(request, likely), ...operandFacts(request, sample)]
      .filter(([, value]) => value !== undefined && value !== null)
      .map(([name, value]) => `- ${markdownText(printable(name))}: ${markdownCode(printable(String(value)))}`)
      .join('\n'),
    `${markdownText(printable(sure))}, from ${markdownText(printable(sources.join(', ')))}`,
  ].join('\n\n');
}

function facts(request: Request, likely: string | undefined): readonly Fact[] {
  const { fd, fixedFile, path, offset, length, address, userData, flags, worker, submitter, sequence } =
    request;
  return [
    ['path', path],
    ['fd', fd],
    ['registered file', fixedFile],
    ['offset', offset],
    ['length', length],
    ['timer', timerWords(request)],
    ['address', address],
    ['user_data', userData],
    ...originFacts(request),
    ['flags', flags && flags.length > 0 ? flags.join(', ') : undefined],
    ['carried by thread', worker],
    ['submitted by thread', submitter],
    ['place in the order of submission', sequence],
    ['the only open file that fits', likely],
  ];
}

/** Where it comes from as a sentence, and the place of each step whole. */
function originFacts({ origin }: Request): readonly Fact[] {
  const steps = originSteps(origin).slice(0, MOST_OPERANDS);
  return [
    ['belongs to', originSentence(origin)],
    ...steps.flatMap(({ name, place }): Fact[] => (place === undefined ? [] : [[name, place]])),
  ];
}

function operandFacts(request: Request, sample: Sample): readonly Fact[] {
  return (request.operands ?? [])
    .slice(0, MOST_OPERANDS)
    .map((operand) => [operand.name, operandText(sample, request, operand)]);
}
