import type { DebugProtocol } from '@vscode/debugprotocol';
import { printable } from '../model/printable';
import type { Client } from './client';
import { staleReference, unshowableText } from './errors';
import type { Below, Item } from './items';
import type { References } from './references';
import { whole } from './stackTrace';

/** Rows below one for a client that does not page; more of them fold into rows of so many each. */
const PAGE = 100;
/** Rows of one answer to a client that pages. */
const MOST = 10_000;

/** The rows below a scope, a variable or a result. */
export function variables(
  args: Partial<DebugProtocol.VariablesArguments>,
  references: References<Below>,
  client: Client,
): DebugProtocol.VariablesResponse['body'] {
  const below = references.get(args.variablesReference);
  if (!below) throw staleReference('variable');
  const start = whole(args.start) ?? 0;
  const count = Math.min(whole(args.count) || MOST, MOST);
  const named = args.filter === 'indexed' ? [] : namedRows(below);
  const long = args.filter === 'named' ? undefined : below.indexed;
  const indexed = !long ? [] : client.pages ? rows(long, start, count) : folded(long, 0, long.count);
  // Start and count are of what was filtered for.
  const own = args.filter === 'named' && client.pages ? named.slice(start, start + count) : named;
  return { variables: [...own, ...indexed].map((item) => shownVariable(item, references, client)) };
}

type Indexed = NonNullable<Below['indexed']>;

function rows({ count, at }: Indexed, start: number, wanted: number): readonly Item[] {
  return Array.from({ length: Math.max(0, Math.min(wanted, count - start)) }, (_, index) =>
    row(at, start + index),
  );
}

/** A saved Sample may hold what no look finds: one row says so then. */
function namedRows({ named }: Below): readonly Item[] {
  try {
    return named?.() ?? [];
  } catch (error) {
    return [unshowable(error)];
  }
}

function row(at: Indexed['at'], index: number): Item {
  try {
    return at(index);
  } catch (error) {
    return unshowable(error, `[${index}]`);
  }
}

function unshowable(error: unknown, name = '…'): Item {
  return { name, value: unshowableText(error) };
}

/** Rows `[0 … 99]` in place of a long list. */
function folded(list: Indexed, start: number, end: number): readonly Item[] {
  if (end - start <= PAGE) return rows(list, start, end - start);
  let size = PAGE;
  while ((end - start) / size > PAGE) size *= PAGE;
  const parts: Item[] = [];
  for (let from = start; from < end; from += size) {
    const to = Math.min(from + size, end);
    parts.push({
      name: `[${from} … ${to - 1}]`,
      value: '',
      below: { named: () => folded(list, from, to) },
    });
  }
  return parts;
}

function shownVariable(item: Item, references: References<Below>, client: Client): DebugProtocol.Variable {
  try {
    return variable(item, references, client);
  } catch (error) {
    return variable(unshowable(error), references, client);
  }
}

/** An item as the protocol has it. */
function variable(item: Item, references: References<Below>, client: Client): DebugProtocol.Variable {
  const { name, value, type, memory, evaluate, below } = item;
  return {
    name: printable(name, 200),
    value: printable(value),
    ...(type === undefined ? {} : { type: printable(type, 64) }),
    ...(evaluate === undefined ? {} : { evaluateName: evaluate }),
    ...(memory === undefined || !client.memory ? {} : { memoryReference: memory }),
    ...referenceOf(below, references, client),
    presentationHint: { attributes: ['readOnly'] },
  };
}

export interface Reference {
  readonly variablesReference: number;
  readonly indexedVariables?: number;
  readonly namedVariables?: number;
}

export function referenceOf(
  below: Below | undefined,
  references: References<Below>,
  client: Client,
): Reference {
  if (!below) return { variablesReference: 0 };
  const { indexed, named } = below;
  return {
    variablesReference: references.of(below),
    ...(indexed && client.pages ? { indexedVariables: indexed.count } : {}),
    // How many named ones there are is not counted before they are made; none, where all are indexed.
    ...(indexed && !named && client.pages ? { namedVariables: 0 } : {}),
  };
}
