import { printable } from '../model/printable';
import type { Request, Ring } from '../model/sample';
import { cancelling } from './cancelling';
import { DOUBT } from './certainty';
import { originSentence } from './originWords';
import { operandText } from './registered';
import type { Context } from './reportContext';
import { ageWords } from './requestAge';
import { type Fold, requestGroups, type StateGroup } from './requestGroups';
import { carrierWords, statesWords } from './requestStates';
import { extent, requestTarget, timersWords, timerWords } from './requestWords';
import { wrap } from './style';
import { grouped, operationLabel } from './words';

/** Kinds of requests of one state, and requests of one kind, that are written out. */
const MOST = { brief: { folds: 10, requests: 5 }, verbose: { folds: 100, requests: 100 } } as const;

/** The requests of one ring by state, equal ones folded, the first few of each one by one. */
export function requestLines(context: Context, ring: Ring['id'] | null): string[] {
  return requestGroups(context.sample, ring).flatMap((group) => stateLines(context, group));
}

function stateLines(context: Context, group: StateGroup): string[] {
  const { sample, width, verbose } = context;
  const { requests, folds } = group;
  const title = `${grouped(requests.length)} ${printable(statesWords(requests, sample), 120)}`;
  const [only] = folds;
  if (folds.length === 1 && only) {
    const what = foldFacts(context, only);
    return [
      ...wrap(`    ${title}${what === '' ? '' : `: ${what}`}`, width, '        '),
      ...detailLines(context, only, '      '),
    ];
  }
  const most = (verbose ? MOST.verbose : MOST.brief).folds;
  const shown = folds.slice(0, most);
  const left = folds.slice(most).reduce((sum, fold) => sum + fold.requests.length, 0);
  return [
    `    ${[title, ...timersWords(requests), ageWords(requests)].filter(Boolean).join(', ')}`,
    ...shown.flatMap((fold) => [
      ...wrap(
        `      ${grouped(fold.requests.length)} × ${foldFacts(context, fold) || 'operation'}`,
        width,
        '          ',
      ),
      ...detailLines(context, fold, '        '),
    ]),
    ...(left > 0 ? [`      ${andMore(left, verbose)}`] : []),
  ];
}

/** What the requests of a fold share, and all of the only one. A completion tells no operation. */
function foldFacts(context: Context, { requests }: Fold): string {
  const [first] = requests;
  const operation = first.operation === 'UNKNOWN' ? '' : operationLabel(printable(first.operation, 64));
  const facts = [
    [operation, requestTarget(context.sample, first)].filter(Boolean).join(' '),
    requests.length > 1 && first.stage !== undefined ? printable(first.stage, 200) : '',
    first.result == null ? '' : `result ${first.result}`,
    ...(requests.length === 1
      ? [details(context, first, true)]
      : [...timersWords(requests), ageWords(requests), doubtText(requests)]),
  ];
  return facts.filter(Boolean).join(' · ');
}

function doubtText(requests: readonly Request[]): string {
  const doubtful = requests.filter(({ certainty }) => certainty === 'ambiguous').length;
  if (doubtful === 0) return '';
  return doubtful === requests.length ? DOUBT : `${grouped(doubtful)} ${DOUBT}`;
}

/** One line for each of the first requests, where they tell more than their fold. */
function detailLines(context: Context, { requests }: Fold, indent: string): string[] {
  const { style, width, verbose } = context;
  if (requests.length === 1 || !requests.some((request) => tellsMore(request))) return [];
  const most = (verbose ? MOST.verbose : MOST.brief).requests;
  const shown = requests.slice(0, requests.length === most + 1 ? most + 1 : most);
  const left = requests.length - shown.length;
  return [
    ...shown.flatMap((request) =>
      wrap(`${indent}${style.dim(details(context, request, false))}`, width, `${indent}  `),
    ),
    ...(left > 0 ? [indent + andMore(left, verbose)] : []),
  ];
}

function andMore(left: number, verbose: boolean): string {
  return `and ${grouped(left)} more${verbose ? ' (--json lists all)' : ''}`;
}

function tellsMore({ userData, offset, length, timeLeft, timeout, operands, after }: Request): boolean {
  return [userData, offset, length, timeLeft, timeout, operands, after].some((value) => value !== undefined);
}

/** `alone` = its fold has told nothing of it. */
function details({ sample, verbose }: Context, request: Request, alone: boolean): string {
  const { worker, stage, after, operands, flags, certainty, submitter } = request;
  const head = after === undefined ? undefined : sample.requests[after];
  const facts: (string | undefined | false)[] = [
    alone && stage !== undefined && printable(stage, 200),
    extent(request),
    timerWords(request),
    ...(operands ?? [])
      .slice(0, 8)
      .map(
        (operand) =>
          `${printable(operand.name, 40)} ${printable(operandText(sample, request, operand), 120)}`,
      ),
    ...userDataFacts(request, verbose),
    worker !== undefined && carrierWords(worker, sample),
    ageWords([request]),
    head !== undefined && `${request.state === 'timeout' ? 'limits' : 'behind'} ${headName(head)}`,
    verbose && flags !== undefined && flags.length > 0 && printable(flags.join(' '), 120),
    verbose && submitter !== undefined && `submitted by thread ${submitter}`,
    verbose && printable(cancelling(sample, request)?.text ?? '', 300),
    certainty === 'ambiguous' && DOUBT,
  ];
  return facts.filter(Boolean).join(' · ');
}

/** "user_data 0x1000", and what it leads to; that it is a number only where everything is told. */
function userDataFacts({ userData, origin }: Request, verbose: boolean): string[] {
  const value = userData === undefined ? [] : [`user_data ${printable(userData, 40)}`];
  const told = verbose || origin?.[0]?.kind !== 'number' ? originSentence(origin) : undefined;
  if (told === undefined) return value;
  const [own] = value;
  return own !== undefined && told.startsWith('user_data ')
    ? [`${own}${told.slice('user_data'.length)}`]
    : [...value, told];
}

function headName({ operation, userData }: Request): string {
  return [operationLabel(operation), userData === undefined ? '' : `user_data ${userData}`]
    .filter(Boolean)
    .map((text) => printable(text, 64))
    .join(' ');
}
