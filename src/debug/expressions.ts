import { cgroupLine } from '../explain/cgroups';
import { reportText } from '../explain/report';
import { isInFlight } from '../explain/requestStates';
import { indexOf } from '../explain/sampleIndex';
import { pendingCount } from '../explain/summary';
import { counted, ringName } from '../explain/words';
import { UserError } from '../model/errors';
import { printable } from '../model/printable';
import type { Request, Sample } from '../model/sample';
import { findingItem } from './findingItems';
import { type Below, type Item, indexed } from './items';
import { blindItem, processItems } from './processItems';
import { listedRequest, requestItem } from './requestItems';
import { resourceItem } from './resourceItems';
import { ringItem, ringLine } from './ringItems';
import { announcement, findingLine, summaryLine } from './sessionWords';
import { taskItem } from './taskItems';

/** What an expression has come to. */
export interface Result {
  readonly text: string;
  readonly type?: string;
  readonly memory?: string;
  readonly below?: Below;
}

export interface Expression {
  readonly name: string;
  /** What follows the name, for people: `N`; absent where nothing does. */
  readonly argument?: string;
  readonly tells: string;
  evaluate(sample: Sample, argument: string): Result;
  /** What may follow the name, with a few words on each; made while they are wanted. */
  choices?(sample: Sample): Iterable<readonly [argument: string, detail: string]>;
}

/** What can be asked in the console, in a watch and in a hover. */
export const EXPRESSIONS: readonly Expression[] = [
  {
    name: 'findings',
    tells: 'what is wrong, the gravest first',
    evaluate(sample) {
      const { findings } = sample;
      if (findings.length === 0) return { text: 'Nothing was found wrong.' };
      return {
        text: findings.map(findingLine).join('\n'),
        below: indexed(findings, (finding) => findingItem(finding, sample)),
      };
    },
  },
  {
    name: 'pending',
    tells: 'the requests in flight',
    evaluate(sample) {
      const requests = sample.requests.filter(isInFlight);
      const rings = sample.rings.map((ring) => `${ringName(ring)}: ${ringLine(ring)}`);
      const text = [`${counted(pendingCount(sample), 'request')} in flight`, ...rings].join('\n');
      return requests.length === 0
        ? { text }
        : { text, below: indexed(requests, (request, index) => listedRequest(request, sample, index)) };
    },
  },
  {
    name: 'request',
    argument: 'USER_DATA',
    tells: 'the requests with that user_data, or that address',
    evaluate(sample, argument) {
      const wanted = numberOf(argument);
      const found = sample.requests.filter(
        ({ userData, address }) => wanted !== undefined && (is(userData, wanted) || is(address, wanted)),
      );
      return several(found, sample) ?? unknown('request', argument, 'user_data', userDataOf(sample));
    },
    *choices(sample) {
      for (const request of sample.requests)
        if (request.userData !== undefined && isInFlight(request))
          yield [request.userData, requestItem(request, sample).name];
    },
  },
  {
    name: 'ring',
    argument: 'N',
    tells: 'a ring by its number, its counters and requests',
    evaluate(sample, argument) {
      const wanted = numberOf(argument);
      const ring = sample.rings.find(({ id }) => BigInt(id) === wanted);
      if (ring) return resultOf(ringItem(ring, sample));
      return unknown(
        'ring',
        argument,
        'rings',
        sample.rings.map(({ id }) => id),
      );
    },
    *choices(sample) {
      for (const ring of sample.rings) yield [String(ring.id), ringLine(ring)];
    },
  },
  {
    name: 'fd',
    argument: 'N',
    tells: 'what is open at a descriptor',
    evaluate(sample, argument) {
      const wanted = numberOf(argument);
      const resource = sample.resources.find(({ fd }) => BigInt(fd) === wanted);
      if (resource) return resultOf(resourceItem(resource, sample));
      return unknown(
        'fd',
        argument,
        'descriptors',
        sample.resources.map(({ fd }) => fd),
      );
    },
    *choices(sample) {
      for (const resource of sample.resources)
        if (resource.fd >= 0) yield [String(resource.fd), resourceItem(resource, sample).value];
    },
  },
  {
    name: 'thread',
    argument: 'TID',
    tells: 'a thread, worker or SQPOLL thread: what it waits for, its stack',
    evaluate(sample, argument) {
      const wanted = numberOf(argument);
      const task = wanted === undefined ? undefined : indexOf(sample).tasks.get(Number(wanted));
      if (task) return resultOf(taskItem(task, sample));
      return unknown(
        'thread',
        argument,
        'threads',
        sample.tasks.map(({ tid }) => tid),
      );
    },
    *choices(sample) {
      for (const task of sample.tasks) yield [String(task.tid), taskItem(task, sample).value];
    },
  },
  {
    name: 'process',
    tells: 'the process, its host, all that is open',
    evaluate: (sample) => ({
      text: [summaryLine(sample), sample.cgroup ? cgroupLine(sample.cgroup) : ''].filter(Boolean).join('\n'),
      below: { named: () => processItems(sample) },
    }),
  },
  {
    name: 'blind',
    tells: 'what could not be seen, and what would show it',
    evaluate({ notVisible }) {
      if (notVisible.length === 0) return { text: 'Nothing is hidden from the inspector here.' };
      return {
        text: notVisible.map(({ what, why }) => printable(`${what}: ${why}`, 400)).join('\n'),
        below: indexed(notVisible, blindItem),
      };
    },
  },
  {
    name: 'summary',
    tells: 'the answer, as at the beginning',
    evaluate: (sample) => ({ text: announcement(sample).trimEnd() }),
  },
  {
    name: 'report',
    tells: 'everything, as the command line prints it',
    evaluate: (sample) => ({ text: reportText(sample, { verbose: true }).trimEnd() }),
  },
  { name: 'help', tells: 'this list', evaluate: () => ({ text: helpText() }) },
];

/** What the text asks for; throws a sentence that says what there is. */
export function evaluate(sample: Sample, text: string): Result {
  const [, name = '', argument = ''] = /^\s*(\S*)\s*(.*?)\s*$/s.exec(text) ?? [];
  const known = EXPRESSIONS.find((one) => one.name === name);
  if (known && (known.argument === undefined) === (argument === '')) return known.evaluate(sample, argument);
  // A number alone, or a name that stands for one in the editor: a request's user_data.
  const bare = known === undefined && argument === '' ? withNumber(sample, name) : undefined;
  if (bare) return bare;
  const asked = printable(text.trim(), 80);
  throw new UserError(
    'debug-unknown',
    asked === '' ? 'Nothing was asked.' : `“${asked}” is nothing that can be asked here.`,
    known?.argument === undefined
      ? known
        ? `Nothing follows “${known.name}”.`
        : 'The program’s own variables are not read: the process is never stopped.'
      : `After “${known.name}” stands ${known.argument}.`,
    `There is: ${EXPRESSIONS.map(usage).join(', ')}.`,
  );
}

function withNumber(sample: Sample, text: string): Result | undefined {
  const wanted = numberOf(text);
  if (wanted === undefined) return undefined;
  return several(
    sample.requests.filter(({ userData }) => is(userData, wanted)),
    sample,
  );
}

function several(requests: readonly Request[], sample: Sample): Result | undefined {
  const [only] = requests;
  if (!only) return undefined;
  if (requests.length === 1) return resultOf(requestItem(only, sample));
  return {
    text: counted(requests.length, 'request'),
    below: indexed(requests, (request, index) => listedRequest(request, sample, index)),
  };
}

function resultOf({ name, value, type, memory, below }: Item): Result {
  return {
    text: `${name} · ${value}`,
    ...(type === undefined ? {} : { type }),
    ...(memory === undefined ? {} : { memory }),
    ...(below ? { below } : {}),
  };
}

/** Decimal, or hex with 0x. */
function numberOf(text: string): bigint | undefined {
  return /^(0x[\da-f]{1,16}|\d{1,20})$/i.test(text) ? BigInt(text) : undefined;
}

function is(text: string | undefined, wanted: bigint): boolean {
  return text !== undefined && numberOf(text) === wanted;
}

/** Of those there are, so many are named. */
const MOST_NAMED = 12;

function* userDataOf({ requests }: Sample): Iterable<string> {
  for (const { userData } of requests) if (userData !== undefined) yield userData;
}

function unknown(name: string, asked: string, of: string, there: Iterable<string | number>): never {
  const known = [...new Set(firstOf(there, MOST_NAMED * 4))];
  const shown = known.slice(0, MOST_NAMED).map((one) => printable(String(one), 40));
  throw new UserError(
    'debug-unknown',
    `There is no ${name} “${printable(asked, 40)}”.`,
    shown.length === 0
      ? `This process has no ${of} that could be asked for.`
      : `The ${of} here: ${shown.join(', ')}${known.length > shown.length ? ', …' : ''}.`,
  );
}

function firstOf<T>(items: Iterable<T>, most: number): T[] {
  const first: T[] = [];
  for (const item of items) {
    if (first.length >= most) break;
    first.push(item);
  }
  return first;
}

function usage({ name, argument }: Expression): string {
  return argument === undefined ? name : `${name} ${argument}`;
}

function helpText(): string {
  const width = Math.max(...EXPRESSIONS.map((one) => usage(one).length));
  return [
    ...EXPRESSIONS.map((one) => `${usage(one).padEnd(width)}  ${one.tells}`),
    'What is asked is answered from the newest look, or from the frozen picture; the process is never stopped.',
  ].join('\n');
}
