import type { PendingRow } from '../../ring/reconstruct';
import { mapped, type Steps } from '../../target/turns';
import type { Carried } from '../carried';
import type { RingMemory } from '../ringMemory';
import type { Row } from './merging';
import { familyOf, type Unplaced } from './unplaced';
import { withFields } from './withFields';

/** A pending request as ring memory has it, on its way into the Sample. */
export type Remembered = Unplaced & Pick<Row, 'key' | 'afterKey'>;

export interface RememberedRows {
  /** Taken by the kernel and not completed. */
  readonly taken: readonly Remembered[];
  readonly prepared: readonly Row[];
}

/**
 * The rows of a ring's memory. A ring's head is published at the end of a batch: where a thread stands still in the middle of
 * one, what it carries and what stands before that is taken although the head does not say so, unless the kernel's own head did.
 */
export function* rememberedRows(
  ring: number,
  memory: RingMemory | undefined,
  carried: readonly Carried[],
): Steps<RememberedRows> {
  const rows = memory?.rows ?? [];
  const waiting = memory?.prepared ?? [];
  const submitter = carried.find(({ by }) => by === 'submitter');
  const headIsKnown = waiting[0]?.certainty === 'certain';
  const late = submitter && !headIsKnown ? takenLate(waiting, submitter, memory) : 0;
  const heads = new Set<PendingRow | undefined>();
  for (const { after } of rows) if (after !== undefined) heads.add(rows[after]);
  const keyed = (row: PendingRow): Remembered => remembered(ring, row, rows, heads.has(row));
  return {
    taken: [
      ...(yield* mapped(rows, keyed)),
      ...waiting.slice(0, late).map((row): Remembered => {
        const { state: _, ...rest } = keyed(row);
        return { ...rest, certainty: 'inferred' };
      }),
    ],
    prepared: waiting.slice(late).map((row): Row => withFields(keyed(row), { ring, state: 'prepared' })),
  };
}

const SOURCES = ['ring memory'] as const;

function remembered(ring: number, row: PendingRow, rows: readonly PendingRow[], heads: boolean): Remembered {
  const { sqe: _, after, completions: __, ...request } = row;
  const behind = after === undefined ? undefined : rows[after];
  return withFields(request, {
    sources: SOURCES,
    ...(heads ? { key: `${ring}:${row.sequence}` } : {}),
    ...(behind ? { afterKey: `${ring}:${behind.sequence}` } : {}),
  });
}

/** How many of the entries behind the published head are taken: up to the first that can be the submitter's, without a completion. */
function takenLate(
  waiting: readonly PendingRow[],
  { operation }: Carried,
  memory: RingMemory | undefined,
): number {
  const ended = new Set(memory?.completed?.map(({ userData }) => userData));
  const at = waiting.findIndex(
    (row) => !ended.has(row.userData) && familyOf(row.operation) === familyOf(operation),
  );
  return at + 1;
}
