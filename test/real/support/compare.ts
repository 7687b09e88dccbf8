import type { Request, Sample } from '../../../src/model/sample';
import type { TruthRow } from './truth';

/**
 * honest: what the list claims is right, and what it lacks it counts as lost. exact: it is the truth, no more and no
 * less, as it must be where the kernel's memory was walked.
 */
export type Mode = 'honest' | 'exact';

/** Differences between the list of requests and the truth, each in words; none = it holds. */
export function compare(
  sample: Sample,
  truth: readonly TruthRow[],
  mode: Mode = sample.rights.kernelWalk ? 'exact' : 'honest',
): string[] {
  const { pairs, extra, missing } = paired(sample, truth);
  return [
    ...pairs.flatMap(({ row, told }) => wrongClaims(sample, row, told, mode)),
    ...extra.filter((row) => mode === 'exact' || row.certainty !== 'ambiguous').map(unknownRow),
    ...(mode === 'exact' ? missing.map(absent) : notExcused(sample, missing, extra)),
    ...(mode === 'exact' ? wrongCounts(sample, truth) : []),
  ];
}

interface Pair {
  readonly row: Request;
  readonly told: TruthRow;
}

export interface Pairing {
  readonly pairs: readonly Pair[];
  /** Rows that nothing was submitted for, and requests that no row stands for. */
  readonly extra: readonly Request[];
  readonly missing: readonly TruthRow[];
}

/** Who is who: rows and requests of one user_data, those first which differ least. */
export function paired(sample: Sample, truth: readonly TruthRow[]): Pairing {
  const candidates = sample.requests.flatMap((row) =>
    truth
      .filter((told) => mayBe(row, told))
      .map((told) => ({ row, told, cost: differences(sample, row, told).length })),
  );
  candidates.sort((a, b) => a.cost - b.cost || doubt(a.row) - doubt(b.row));
  const rows = new Set<Request>();
  const requests = new Set<TruthRow>();
  const pairs = candidates.filter(({ row, told }) => {
    if (rows.has(row) || requests.has(told)) return false;
    rows.add(row);
    requests.add(told);
    return true;
  });
  return {
    pairs,
    extra: sample.requests.filter((row) => !rows.has(row)),
    missing: truth.filter((told) => !requests.has(told)),
  };
}

/** By user_data, which armed polls of fdinfo do not have, or by operation. */
function mayBe(row: Request, told: TruthRow): boolean {
  return row.userData === undefined ? row.operation === told.operation : row.userData === told.user_data;
}

function doubt({ certainty }: Request): number {
  return ['certain', 'inferred', 'ambiguous'].indexOf(certainty);
}

type Field = 'operation' | 'state' | 'operands' | 'other';

interface Difference {
  readonly field: Field;
  readonly words: string;
}

/** What a row claims that is not so. Where it claims nothing, or the truth has no such field, nothing is wrong. */
function differences(sample: Sample, row: Request, told: TruthRow): Difference[] {
  const found: Difference[] = [];
  const hold = (name: string, claimed: unknown, right: unknown, field: Field = 'other') => {
    if (claimed === undefined || right === undefined || claimed === right) return;
    found.push({ field, words: `${name} is ${String(claimed)} and not ${String(right)}` });
  };
  hold('operation', row.operation === 'UNKNOWN' ? undefined : row.operation, told.operation, 'operation');
  if (![told.state, ...told.alternatives].includes(row.state)) hold('state', row.state, told.state, 'state');
  hold('fd', descriptor(row.fd), told.fd);
  hold('registered file', descriptor(row.fixedFile), told.fixed);
  hold('offset', row.offset, told.offset);
  hold('length', row.length, told.length);
  hold('address', row.address, told.address);
  hold('path', row.path, told.path);
  hold('flags', flags(row, told), sorted(told.flags));
  hold('result', row.result ?? undefined, told.result);
  hold('submitter', row.submitter, told.submitter ?? undefined);
  hold('ring', row.ring === null ? undefined : ringFd(sample, row.ring), told.ring);
  for (const { name, value } of row.operands ?? []) {
    const right = told.operands[plain(name)];
    hold(name, alternation(value), right && alternation(right), 'operands');
  }
  return found;
}

/** null and negative both say that there is none: -1, AT_FDCWD. */
function descriptor(fd: number | null | undefined): number | null | undefined {
  return typeof fd === 'number' && fd < 0 ? null : fd;
}

function ringFd(sample: Sample, id: number): number | null | undefined {
  return sample.rings.find((ring) => ring.id === id)?.fd;
}

const sorted = (words: readonly string[]): string => [...words].sort().join('|');

/** The kernel has its own reasons to set ASYNC (a file without non-blocking reads, a drain): only the SQE has what was asked for. */
function flags({ flags, sources }: Request, told: TruthRow): string | undefined {
  const kernelOnly = sources.includes('kernel walk') && !sources.includes('ring memory');
  const own = kernelOnly && !told.flags.includes('ASYNC');
  return flags && sorted(own ? flags.filter((flag) => flag !== 'ASYNC') : flags);
}

/** `peer, now` has been read where the program may have put something else by now; here it has not. */
const plain = (name: string): string => name.replace(/, now$/, '');

/** `O_RDONLY|O_CLOEXEC` in any order; the kernel adds O_LARGEFILE by itself. */
function alternation(value: string): string {
  return sorted(value.split('|').filter((word) => word !== 'O_LARGEFILE'));
}

function wrongClaims(sample: Sample, row: Request, told: TruthRow, mode: Mode): string[] {
  if (mode === 'honest' && row.certainty === 'ambiguous') return [];
  const silent =
    mode === 'honest' || finished(told)
      ? []
      : Object.keys(told.operands).filter(
          (name) => !row.operands?.some((operand) => plain(operand.name) === name),
        );
  return [
    ...differences(sample, row, told)
      // Where it stands may be inferred, who it is may not.
      .filter(({ field }) => field !== 'state' || !guessed(row, mode))
      .map(({ words }) => `${told.operation} ${told.user_data} (${row.certainty}): ${words}`),
    ...(mode === 'exact' && row.userData === undefined
      ? [`${told.operation} ${told.user_data}: its row has no user_data`]
      : []),
    ...silent.map((name) => `${told.operation} ${told.user_data}: nothing is said of its ${name}`),
  ];
}

/** Where it stands is said to be a guess. */
const guessed = (row: Request, mode: Mode): boolean =>
  row.inferred?.includes('state') === true || (mode === 'honest' && row.certainty === 'inferred');

function unknownRow(row: Request): string {
  return `${row.operation} ${row.userData ?? 'without user_data'} (${row.certainty}, ${row.state}) was not submitted, or is over`;
}

function absent(told: TruthRow): string {
  return `${told.operation} ${told.user_data} (${told.state}) is missing`;
}

const finished = ({ state }: TruthRow): boolean => state === 'completed' || state === 'overflowed';

/**
 * Pending ones may be missing where their ring counts as many as lost or has as many ambiguous rows in their place,
 * overflowed ones where nobody could tell.
 */
function notExcused(sample: Sample, missing: readonly TruthRow[], extra: readonly Request[]): string[] {
  const left = new Map<number | null, number>();
  for (const { id, fd, lost } of sample.rings) {
    const doubtful = extra.filter((row) => row.ring === id && row.certainty === 'ambiguous').length;
    left.set(fd, (left.get(fd) ?? 0) + (lost ?? 0) + doubtful);
  }
  return missing
    .filter((told) => {
      if (
        told.state === 'overflowed' &&
        !sample.rings.some(({ fd, readable }) => fd === told.ring && readable)
      )
        return false;
      const lost = left.get(told.ring) ?? 0;
      if (finished(told) || told.state === 'prepared' || lost === 0) return true;
      left.set(told.ring, lost - 1);
      return false;
    })
    .map(absent);
}

/** The kernel's own count of a ring's requests. A zero-copy send has another one for its notification: not compared. */
function wrongCounts(sample: Sample, truth: readonly TruthRow[]): string[] {
  return sample.rings.flatMap(({ id, fd, live }) => {
    const own = truth.filter(({ ring }) => ring === fd);
    const alone = sample.rings.filter((ring) => ring.fd === fd).length === 1;
    if (live === undefined || !alone || own.some(({ operation }) => operation.endsWith('_ZC'))) return [];
    const pending = own.filter((told) => !finished(told) && told.state !== 'prepared').length;
    return live === pending ? [] : [`ring ${id} has ${live} live requests and not ${pending}`];
  });
}
