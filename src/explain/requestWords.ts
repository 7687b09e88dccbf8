import { printable } from '../model/printable';
import type { Request, Sample } from '../model/sample';
import { fileSlotOf, slotName } from './registered';
import type { Fold, StateGroup } from './requestGroups';
import { NAME_LENGTH, openName } from './resourceLine';
import { indexOf } from './sampleIndex';
import { duration, grouped, operationNoun } from './words';

/** The file or socket a request is about, as the kernel or the SQE says it: "/mnt/data/db", "TCP 10.0.0.1:4711 → 10.0.0.2:80". */
export function requestTarget(sample: Sample, request: Request): string | undefined {
  const { path, fd, fixedFile } = request;
  if (path !== undefined) return printable(path, NAME_LENGTH);
  if (typeof fixedFile === 'number') {
    const slot = fileSlotOf(sample, request);
    const name = slot && slotName(sample, slot);
    return `registered file ${fixedFile}${name === undefined ? '' : ` (${name})`}`;
  }
  if (typeof fd !== 'number' || fd < 0) return undefined;
  const resource = indexOf(sample).resources.get(fd);
  return resource ? openName(resource) : `fd ${fd}`;
}

/** From here on an offset is negative: the file's own position, or no place at all. */
const NEGATIVE = 2 ** 63;

/** "4,096 bytes at 503,808". */
export function extent({ offset, length }: Request): string | undefined {
  const bytes = length === undefined ? '' : `${grouped(length)} ${length === 1 ? 'byte' : 'bytes'}`;
  const place =
    offset === undefined
      ? ''
      : offset < 0 || offset >= NEGATIVE
        ? 'at the file’s position'
        : `at ${grouped(offset)}`;
  return [bytes, place].filter(Boolean).join(' ') || undefined;
}

/** "fires in 59 min 0 s", "should have fired 2 s ago", "set for 5 s". */
export function timerWords({ timeout, timeLeft }: Request): string | undefined {
  if (timeLeft !== undefined) {
    return timeLeft < 0 ? `should have fired ${duration(-timeLeft)} ago` : `fires in ${duration(timeLeft)}`;
  }
  return timeout === undefined ? undefined : `set for ${duration(timeout)}`;
}

/** What several timers will do: "1 should have fired 2 s ago", "the next fires in 59 min 0 s". */
export function timersWords(requests: readonly Request[]): string[] {
  let next = Infinity;
  let overdue = 0;
  let most = 0;
  for (const { timeLeft } of requests) {
    if (timeLeft === undefined) continue;
    if (timeLeft >= 0) next = Math.min(next, timeLeft);
    else {
      overdue++;
      most = Math.max(most, -timeLeft);
    }
  }
  return [
    overdue === 0 ? '' : `${grouped(overdue)} should have fired ${duration(most)} ago`,
    next === Infinity ? '' : `the next fires in ${duration(next)}`,
  ].filter(Boolean);
}

/** Kinds of requests looked at for the most frequent one; the largest come first. */
const MOST_FOLDS = 100;

/** What most requests of a state do: "92 × read /mnt/data/db", "600 × recv, 400 × send". */
export function mostOf(sample: Sample, { requests, folds }: StateGroup): string {
  const [[what, most] = ['', 0]] = counts(folds.slice(0, MOST_FOLDS), ({ requests: [first] }) =>
    [operationNoun(first.operation), requestTarget(sample, first)].filter(Boolean).join(' '),
  );
  const rest = requests.length - most;
  if (most > rest) return `${times(most, what)}${rest > 0 ? `, ${grouped(rest)} × other` : ''}`;
  const operations = counts(folds, ({ requests: [first] }) => operationNoun(first.operation));
  const shown = operations.slice(0, 3).map(([noun, count]) => times(count, noun));
  return `${shown.join(', ')}${operations.length > shown.length ? ', …' : ''}`;
}

function times(count: number, what: string): string {
  return `${grouped(count)} × ${printable(what, NAME_LENGTH)}`;
}

function counts(folds: readonly Fold[], name: (fold: Fold) => string): [string, number][] {
  const found = new Map<string, number>();
  for (const fold of folds) {
    const what = name(fold);
    found.set(what, (found.get(what) ?? 0) + fold.requests.length);
  }
  return [...found].sort((a, b) => b[1] - a[1]);
}
