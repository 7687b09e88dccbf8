import { printable } from '../model/printable';
import type { Origin } from '../model/request';
import { joined } from './words';

/** Longest name and longest path of one step. */
const NAME = 120;
const PATH = 200;
/** Those that await a coroutine that are named. */
const MOST_AWAITING = 4;

/** One step from user_data to code, for a row of its own. */
export interface OriginStep {
  /** What it is: `callback`, `awaited by`. */
  readonly role: string;
  /** `on_block()`, `ReadOp`. */
  readonly name: string;
  /** `/src/store.c:120`; absent where nothing tells. */
  readonly place?: string;
  /** Where it was found: `user_data + 8`. */
  readonly found?: string;
}

/** What a request belongs to as a sentence: "user_data points to a ReadOp whose callback is on_block() at store.c:120". */
export function originSentence(origins: readonly Origin[] | undefined): string | undefined {
  const [first, ...rest] = origins ?? [];
  if (!first) return undefined;
  switch (first.kind) {
    case 'number':
      return `user_data is ${printable(first.function, NAME)}`;
    case 'code':
      return `user_data is the address of ${nameOf(first)}${at(first)}`;
    case 'goroutine': {
      const [callback] = rest.filter(({ kind }) => kind === 'callback');
      const called = callback ? ` and to a callback, ${nameOf(callback)}${at(callback)}` : '';
      return `user_data leads to a channel that goroutine ${first.goroutine ?? '?'} waits on in ${nameOf(first)}${at(first)}${called}`;
    }
    case 'recorded': {
      const led = originSentence(rest.filter(({ kind }) => kind !== 'recorded'));
      return `it was submitted by ${nameOf(first)}${at(first)}${led === undefined ? '' : `; its ${led}`}`;
    }
    case 'submitted':
      return `it was submitted by ${nameOf(first)}${at(first)}, which still waits for it`;
    case 'coroutine':
    case 'future':
      return `user_data leads to ${awaited(first, rest)}`;
    case 'object': {
      const calls = rest.filter(({ kind }) => kind === 'callback' || kind === 'method');
      const own = `user_data points to ${article(nameOf(first))}`;
      if (calls.length === 0) return `${own}${at(first)}`;
      return `${own} whose ${joined(calls.map((one) => `${one.kind} is ${nameOf(one)}${at(one)}`))}`;
    }
    case 'callback':
    case 'method':
      return `user_data leads to a ${first.kind}, ${nameOf(first)}${at(first)}`;
  }
}

/** The same step by step. */
export function originSteps(origins: readonly Origin[] | undefined): readonly OriginStep[] {
  const recorded = origins?.findIndex(({ kind }) => kind !== 'recorded') ?? 0;
  return (origins ?? []).map((origin, index) => {
    const place = placeOf(origin, PATH);
    return {
      role: roleOf(origin, index === 0 || index === recorded),
      name: nameOf(origin),
      ...(place === undefined ? {} : { place }),
      ...(origin.found === undefined ? {} : { found: printable(origin.found, NAME) }),
    };
  });
}

/** `first` = of what user_data leads to, or of a recorded stack. */
function roleOf(origin: Origin, first: boolean): string {
  if (!first && isAwaiting(origin)) return 'awaited by';
  if (!first && origin.kind === 'recorded') return 'called by';
  return ROLES[origin.kind] ?? printable(origin.kind, NAME);
}

const ROLES: Readonly<Record<string, string>> = {
  object: 'object',
  callback: 'callback',
  method: 'method',
  coroutine: 'coroutine',
  future: 'future',
  code: 'function',
  goroutine: 'awaited by',
  recorded: 'submitted by',
  submitted: 'submitted by',
  number: 'user_data is',
};

function awaited(first: Origin, rest: readonly Origin[]): string {
  const kind = first.kind === 'future' ? 'the future' : 'the coroutine';
  const awaiting = rest.filter(isAwaiting);
  const shown = awaiting.slice(0, MOST_AWAITING).map((one) => `${nameOf(one)}${at(one)}`);
  const more = awaiting.length > shown.length ? ` and ${awaiting.length - shown.length} more` : '';
  const where = first.line === undefined ? '' : ', suspended';
  const chain = shown.length === 0 ? '' : `, awaited by ${shown.join(', by ')}${more}`;
  const name = nameOf(first);
  const whose = /^an? /.test(name) ? `of ${name}` : name;
  return `${kind} ${whose}${where}${at(first)}${chain}`;
}

function isAwaiting({ kind }: Origin): boolean {
  return kind === 'coroutine' || kind === 'future';
}

/** Functions with parentheses, a lambda in words. */
function nameOf({ kind, function: name }: Origin): string {
  const shown = printable(name, NAME);
  if (kind === 'object' || kind === 'number') return shown;
  const nameless = /^(?:(.*)::)?(?:<(lambda)>|\{(closure|async_block|async_closure)(?:#\d+)?\})$/.exec(shown);
  if (nameless) {
    const [, scope, lambda, rust = ''] = nameless;
    const what = lambda ? 'a lambda' : rust === 'closure' ? 'a closure' : `an ${rust.replace('_', ' ')}`;
    return scope ? `${what} in ${scope}()` : what;
  }
  // `0x1234 in libfoo.so` has no name.
  if (/^0x[0-9a-f]+ in /.test(shown)) return `the code at ${shown}`;
  return /[)}\]…]$/.test(shown) ? shown : `${shown}()`;
}

function at(origin: Origin): string {
  const { file } = origin;
  if (file === undefined) return '';
  const place = placeOf({ ...origin, file: file.slice(file.lastIndexOf('/') + 1) }, NAME);
  return place === undefined ? '' : ` at ${place}`;
}

function placeOf({ file, line }: Origin, longest: number): string | undefined {
  if (file === undefined) return undefined;
  return `${printable(file, longest)}${line === undefined ? '' : `:${line}`}`;
}

function article(name: string): string {
  return `${/^[aeiou]/i.test(name) ? 'an' : 'a'} ${name}`;
}
