import type { WalkedRequest } from '../../kernel/walked';
import type { Operand, Request } from '../../model/sample';
import { NOW } from '../pointers';
import type { Remembered } from './remembered';
import type { Unplaced } from './unplaced';

/** A row on its way into the Sample: `key` tells it from all others of the process, `afterKey` is that of the one it waits behind. */
export type Row = Omit<Request, 'after'> & { readonly key?: string; readonly afterKey?: string };

/** What the walk of one ring proved. */
export interface Proof {
  /** Requests alive by the kernel's count that stand on none of its lists; absent where it keeps no count. */
  readonly unexplained?: number;
  /** The lists were read at one moment. */
  readonly consistent: boolean;
  /** No more is alive than was walked: the slabs were searched, or the ring's own counters say so. */
  readonly complete?: boolean;
}

/**
 * One row for each request of a ring that was walked: its place from the walk, its operands from ring memory. Requests in
 * memory that stand on no list were issued inline, as many of them as the kernel counts; where it counts none, they have
 * ended meanwhile. What memory cannot tell stays ambiguous: nothing is promoted to make sums fit.
 */
export function mergeWalked(
  ring: number,
  walked: readonly WalkedRequest[],
  remembered: readonly Remembered[],
  { unexplained, consistent, complete = false }: Proof,
): Row[] {
  const pool = new Map<string, Remembered[]>();
  for (const row of remembered) {
    const key = keyOf(row);
    const same = pool.get(key);
    if (same) same.push(row);
    else pool.set(key, [row]);
  }
  const alike = new Map<string, number>();
  for (const request of walked) alike.set(keyOf(request), (alike.get(keyOf(request)) ?? 0) + 1);
  const rows = walked.map((found): Row => {
    const request = consistent ? found : guessed(found);
    const candidates = pool.get(keyOf(request)) ?? [];
    const chosen = choose(request, candidates, alike.get(keyOf(request)) ?? 1);
    if (!chosen) return rowOf(ring, request);
    candidates.splice(candidates.indexOf(chosen.row), 1);
    return enriched(ring, request, chosen.row, chosen.sure);
  });
  const left = [...pool.values()].flat();
  if (unexplained === 0 && consistent) return rows;
  const certain = left.filter((row) => row.certainty === 'certain');
  const exact = consistent && (complete || certain.length === unexplained);
  const kept = exact ? certain : left;
  for (const row of kept) {
    const sure = row.state !== undefined || (consistent && certain.length <= (unexplained ?? -1));
    const certainty = row.certainty === 'certain' && !sure ? 'inferred' : row.certainty;
    const guess = sure ? {} : { inferred: ['state'] as const };
    rows.push({ ...row, ring, state: row.state ?? 'issued', certainty, ...guess });
  }
  return rows;
}

/** Lists that moved while they were read may have shown it in a place that it had left. */
function guessed(request: WalkedRequest): WalkedRequest {
  return { ...request, inferred: request.worker === undefined ? ['state'] : ['state', 'worker'] };
}

function keyOf({ operation, userData }: Unplaced): string {
  return `${operation} ${userData ?? ''}`;
}

/** The row of memory that is the walked request; not `sure` where several are alike in all that both know. */
function choose<T extends Unplaced>(
  request: Unplaced,
  candidates: readonly T[],
  walkedAlike: number,
): { readonly row: T; readonly sure: boolean } | undefined {
  const fitting = candidates.filter((row) => agree(request, row));
  const [row] = fitting;
  if (!row) return undefined;
  return { row, sure: fitting.length === 1 && (walkedAlike === 1 || told(request)) };
}

/** Both say the same wherever both say something. A submitted fd of −1 and file positions that moved tell nothing. */
function agree(walked: Unplaced, row: Unplaced): boolean {
  const same = <T>(a: T | null | undefined, b: T | null | undefined) => a == null || b == null || a === b;
  return (
    same(walked.fd, row.fd) &&
    same(walked.fixedFile, row.fixedFile) &&
    same(walked.address, row.address) &&
    same(walked.length, row.length) &&
    (same(walked.offset, row.offset) || row.offset === -1)
  );
}

/** Enough is known of the request to tell it from its like. */
function told({ address, offset }: Unplaced): boolean {
  return address !== undefined || offset !== undefined;
}

function rowOf(ring: number, walked: WalkedRequest): Row {
  const { kernelFlags: _, workerLastRan: __, ...row } = walked;
  return { ...row, ring };
}

/** The kernel's row with what only the SQE has. The kernel sets ASYNC by itself: the flags are those that were asked for. */
function enriched(ring: number, walked: WalkedRequest, memory: Remembered, sure: boolean): Row {
  const { flags = [], sources, certainty: _, state: __, key: ___, afterKey: ____, ...asked } = memory;
  const row = rowOf(ring, walked);
  const kept = walked.path === undefined ? [] : [{ name: 'path' }];
  const asSubmitted = exactly(memory.operands, [...kept, ...(walked.operands ?? [])]);
  const operands = [...asSubmitted, ...onlyIn(walked.operands, asSubmitted)];
  return {
    ...(sure ? asked : {}),
    ...row,
    ...(sure && operands.length > 0 ? { operands } : {}),
    flags: sure ? flags : (row.flags ?? []),
    sources: [...walked.sources, ...sources],
  };
}

/** Without what stands in memory now, where the kernel has it as it was submitted. */
function exactly(
  own: Request['operands'] = [],
  kernel: readonly Pick<Operand, 'name'>[],
): readonly Operand[] {
  return own.filter(({ name }) => !kernel.some((other) => name === `${other.name}${NOW}`));
}

/** Operands of the kernel that the SQE does not give, be it as what stands there now. */
function onlyIn(own: Request['operands'] = [], others: Request['operands'] = []): readonly Operand[] {
  return own.filter(
    ({ name }) => !others.some((other) => other.name === name || other.name === `${name}${NOW}`),
  );
}

/** The rows as requests: keys become indexes of the list. */
export function numbered(rows: readonly Row[]): Request[] {
  const indexes = new Map<string, number>();
  rows.forEach(({ key }, index) => {
    if (key !== undefined) indexes.set(key, index);
  });
  return rows.map(({ key: _, afterKey, ...request }) => {
    const after = afterKey === undefined ? undefined : indexes.get(afterKey);
    return after === undefined ? request : { ...request, after };
  });
}
