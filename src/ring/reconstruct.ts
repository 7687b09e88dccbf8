import type { Certainty, Request, RequestState } from '../model/request';
import { atOnce, type Steps } from '../target/turns';
import { describeSqe, type SqeDescription } from './describe';
import type { RingHints, RingImage } from './image';
import { hex64 } from './operands/words';
import { slotOf } from './slots';
import { readSqe, type Sqe } from './sqe';
import { judge, verdict } from './verdicts';
import { standings } from './waitingBehind';
import { readWindows, type Windows } from './windows';

/** A request as ring memory tells it. */
export interface PendingRow extends SqeDescription {
  /** Absent: submitted and without a final CQE; where it is now, the rings do not tell. */
  readonly state?: Extract<RequestState, 'prepared' | 'linked' | 'drained' | 'timeout'>;
  readonly certainty: Certainty;
  readonly sequence: number;
  /** Index in `rows` of the one it waits behind; of a linked timeout the one it limits. */
  readonly after?: number;
  /** CQEs with F_MORE that are still in the queue: a multishot request, or a zero-copy send that awaits its notification. */
  readonly completions?: number;
  /** For what stands behind its pointers: `pointersOf`. */
  readonly sqe: Sqe;
}

export type CompletedRow = Pick<
  Request,
  'operation' | 'fd' | 'fixedFile' | 'userData' | 'result' | 'certainty' | 'sequence'
>;

export interface Reconstruction {
  /** Submitted and not completed, in the order of submission; at most MAX_ROWS. */
  readonly rows: readonly PendingRow[];
  /** Published and not taken by the kernel. */
  readonly prepared: readonly PendingRow[];
  /** Posted and not reaped, the oldest first; at most MAX_COMPLETED. */
  readonly completed: readonly CompletedRow[];
  readonly completedCount: number;
  /** Submitted and not completed by the counters; absent where they cannot tell. */
  readonly inFlight?: number;
  /** How many rows may as well be finished. */
  readonly ambiguous: number;
  /** In flight without a row, at least; absent where it cannot be told. */
  readonly lost?: number;
}

export const MAX_ROWS = 8192;
export const MAX_COMPLETED = 256;
/** Rows between two steps. */
const STEP = 64;

/** The requests of a ring from nothing but its memory. Never throws. */
export function reconstruct(image: RingImage, hints: RingHints = {}): Reconstruction {
  return atOnce(reconstructing(image, hints));
}

/** The same in steps. */
export function* reconstructing(image: RingImage, hints: RingHints = {}): Steps<Reconstruction> {
  const windows = readWindows(image, hints);
  yield;
  const { of, inFlight } = judge(windows, image.geometry.sqEntries);
  const at = (index: number): number => (windows.slot[index] ?? 0) * image.geometry.sqeSize;
  const standing = standings(windows, of, (index) => image.sqes.readUInt8(at(index)));
  yield;
  const rows: PendingRow[] = [];
  const rowOf = new Map<number, number>();
  let pending = 0;
  let ambiguous = 0;
  for (let index = 0; index < windows.count; index++) {
    const value = of[index] ?? verdict.done;
    if (value === verdict.done) continue;
    pending++;
    if (value === verdict.ambiguous) ambiguous++;
    if (rows.length === MAX_ROWS) continue;
    if (rows.length % STEP === STEP - 1) yield;
    rowOf.set(index, rows.length);
    const where = standing.get(index);
    const after = where?.behind === undefined ? undefined : rowOf.get(where.behind);
    const open = windows.groups.open[windows.group[index] ?? -1] ?? 0;
    rows.push({
      ...rowAt(image, at(index), (windows.first + index) >>> 0, hints.arch),
      certainty: CERTAINTY[value] ?? 'ambiguous',
      ...(where === undefined ? {} : { state: where.state }),
      ...(after === undefined ? {} : { after }),
      ...(open === 0 ? {} : { completions: open }),
    });
  }
  return {
    rows,
    prepared: yield* preparedRows(image, windows, hints),
    ...completedRows(image, windows),
    ambiguous,
    ...(inFlight === undefined ? {} : { inFlight, lost: Math.max(0, inFlight - pending) }),
  };
}

/** By value of `verdict`. */
const CERTAINTY: readonly Certainty[] = ['ambiguous', 'ambiguous', 'inferred', 'certain'];

function rowAt(
  { sqes }: RingImage,
  at: number,
  sequence: number,
  arch: string | undefined,
): Omit<PendingRow, 'certainty'> {
  const sqe = readSqe(sqes, at);
  return { ...describeSqe(sqe, arch), sequence, sqe };
}

/** Certain only where the kernel's own head is known: the ring's may lag behind while a batch is submitted. */
function* preparedRows(image: RingImage, { sqHead, sqTail }: Windows, hints: RingHints): Steps<PendingRow[]> {
  const count = Math.min((sqTail - sqHead) >>> 0, image.geometry.sqEntries, MAX_ROWS);
  const certainty = hints.cachedSqHead === undefined ? 'inferred' : 'certain';
  const rows: PendingRow[] = [];
  for (let index = 0; index < count; index++) {
    const position = (sqHead + index) >>> 0;
    const slot = slotOf(image, position);
    if (slot < 0) continue;
    if (rows.length % STEP === STEP - 1) yield;
    rows.push({
      ...rowAt(image, slot * image.geometry.sqeSize, position, hints.arch),
      certainty,
      state: 'prepared',
    });
  }
  return rows;
}

/** A CQE names its request by user_data alone: what it was is said where only one SQE can have been meant. */
function completedRows(
  image: RingImage,
  windows: Windows,
): { completed: CompletedRow[]; completedCount: number } {
  const { geometry, before, ring } = image;
  const waiting = (before.cqTail - before.cqHead) >>> 0;
  // More than the queue holds: the program has written nonsense over its head.
  const completedCount = waiting > geometry.cqEntries ? 0 : waiting;
  const completed: CompletedRow[] = [];
  for (let index = Math.max(0, windows.cqes - completedCount); index < windows.cqes; index++) {
    if (completed.length === MAX_COMPLETED) break;
    const g = windows.cqeGroup[index] ?? -2;
    if (g === -2) continue;
    const position = (windows.firstCqe + index) & (geometry.cqEntries - 1);
    const at = geometry.cqesAt + position * geometry.cqeSize;
    completed.push({
      ...requestOf(image, windows, g),
      userData: hex64(ring.readBigUInt64LE(at)),
      result: ring.readInt32LE(at + 8),
    });
  }
  return { completed, completedCount };
}

function requestOf(image: RingImage, windows: Windows, group: number): CompletedRow {
  const index = windows.groups.lastSqe[group] ?? -1;
  const alone = windows.groups.sqes[group] === 1 && (windows.groups.finals[group] ?? 0) <= 1;
  if (!alone || index < 0) return { operation: 'UNKNOWN', certainty: 'certain' };
  const sequence = (windows.first + index) >>> 0;
  const { operation, fd, fixedFile } = describeSqe(
    readSqe(image.sqes, (windows.slot[index] ?? 0) * image.geometry.sqeSize),
  );
  return {
    operation,
    ...(fd === undefined ? {} : { fd }),
    ...(fixedFile === undefined ? {} : { fixedFile }),
    sequence,
    certainty: windows.traits.firstLap ? 'certain' : 'inferred',
  };
}
