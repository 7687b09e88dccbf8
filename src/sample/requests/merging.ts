import type { WalkedRequest } from '../../kernel/walked';
import type { Operand, Request } from '../../model/sample';
import { each, mapped, type Steps } from '../../target/turns';
import { NOW } from '../pointers';
import { Alike } from './alike';
import type { Remembered } from './remembered';
import type { Unplaced } from './unplaced';
import { withFields } from './withFields';

/** A row on its way into the Sample: `key` tells it from all others of the process, where one waits behind it: that has it as `afterKey`. */
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
export function* mergeWalked(
  ring: number,
  walked: readonly WalkedRequest[],
  remembered: readonly Remembered[],
  { unexplained, consistent, complete = false }: Proof,
): Steps<Row[]> {
  const pool = new Map<string, Alike>();
  yield* each(remembered, (row) => {
    const key = keyOf(row);
    const alike = pool.get(key) ?? new Alike();
    pool.set(key, alike);
    alike.add(row);
  });
  const pools = yield* mapped(walked, (request) => {
    const alike = pool.get(keyOf(request));
    if (alike) alike.walked++;
    return alike;
  });
  const rows = yield* mapped(walked, (found, index): Row => {
    const request = consistent ? found : guessed(found);
    const alike = pools[index];
    const chosen = alike && choose(request, alike);
    if (!chosen) return rowOf(ring, request);
    alike.delete(chosen.row);
    return enriched(ring, request, chosen.row, chosen.sure);
  });
  if (unexplained === 0 && consistent) return rows;
  const left = [...pool.values()].flatMap((alike) => alike.left());
  const certain = left.filter((row) => row.certainty === 'certain');
  const exact = consistent && (complete || certain.length === unexplained);
  const kept = exact ? certain : left;
  for (const row of kept) {
    const sure = row.state !== undefined || (consistent && certain.length <= (unexplained ?? -1));
    const certainty = row.certainty === 'certain' && !sure ? 'inferred' : row.certainty;
    const guess = sure ? {} : { inferred: ['state'] as const };
    rows.push(withFields(row, { ring, state: row.state ?? 'issued', certainty, ...guess }));
  }
  return rows;
}

const STATE = ['state'] as const;
const BOTH_FIELDS = ['state', 'worker'] as const;

/** Lists that moved while they were read may have shown it in a place that it had left. */
function guessed(request: WalkedRequest): WalkedRequest {
  return withFields(request, { inferred: request.worker === undefined ? STATE : BOTH_FIELDS });
}

function keyOf({ operation, userData }: Unplaced): string {
  return `${operation} ${userData ?? ''}`;
}

/** The row of memory that is the walked request; not `sure` where several are alike in all that both know. */
function choose(
  request: Unplaced,
  alike: Alike,
): { readonly row: Remembered; readonly sure: boolean } | undefined {
  let found: Remembered | undefined;
  for (const row of alike.like(request)) {
    if (!agree(request, row)) continue;
    if (found) return { row: found, sure: false };
    found = row;
  }
  return found && { row: found, sure: alike.walked === 1 || told(request) };
}

/** Both say the same wherever both say something. A submitted fd of −1 and file positions that moved tell nothing. */
function agree(walked: Unplaced, row: Unplaced): boolean {
  return (
    same(walked.fd, row.fd) &&
    same(walked.fixedFile, row.fixedFile) &&
    same(walked.address, row.address) &&
    same(walked.length, row.length) &&
    (same(walked.offset, row.offset) || row.offset === -1)
  );
}

function same<T>(a: T | null | undefined, b: T | null | undefined): boolean {
  return a == null || b == null || a === b;
}

/** Enough is known of the request to tell it from its like. */
function told({ address, offset }: Unplaced): boolean {
  return address !== undefined || offset !== undefined;
}

function rowOf(ring: number, walked: WalkedRequest): Row {
  if (walked.workerLastRan === undefined) return withFields(walked, { ring });
  const { workerLastRan: _, ...row } = walked;
  return withFields(row, { ring });
}

const BOTH = ['kernel walk', 'ring memory'] as const;

/** The kernel's row with what only the SQE has. The kernel sets ASYNC by itself: the flags are those that were asked for. */
function enriched(ring: number, walked: WalkedRequest, memory: Remembered, sure: boolean): Row {
  const row = rowOf(ring, walked);
  if (!sure) return withFields(row, { flags: row.flags ?? [], sources: BOTH });
  const { key: _, afterKey: __, operands: ___, ...asked } = memory;
  const operands = operandsOf(walked, memory);
  const both = { flags: memory.flags ?? [], sources: BOTH, ...(operands.length > 0 ? { operands } : {}) };
  return withFields(withFields(asked, row), both);
}

function operandsOf({ path, operands }: WalkedRequest, memory: Remembered): readonly Operand[] {
  if (operands === undefined && memory.operands === undefined) return [];
  const kept = path === undefined ? [] : [{ name: 'path' }];
  const asSubmitted = exactly(memory.operands, [...kept, ...(operands ?? [])]);
  return [...asSubmitted, ...onlyIn(operands, asSubmitted)];
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
export function* numbered(rows: readonly Row[]): Steps<Request[]> {
  const wanted = new Set<string>();
  for (const { afterKey } of rows) if (afterKey !== undefined) wanted.add(afterKey);
  const indexes = new Map<string, number>();
  rows.forEach(({ key }, index) => {
    if (key !== undefined && wanted.has(key)) indexes.set(key, index);
  });
  return yield* mapped(rows, (row) => {
    if (row.key === undefined && row.afterKey === undefined) return row;
    const { key: _, afterKey, ...request } = row;
    const after = afterKey === undefined ? undefined : indexes.get(afterKey);
    return after === undefined ? request : withFields(request, { after });
  });
}
