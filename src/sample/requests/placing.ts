import type { RequestState, Resource, ResourceKind } from '../../model/sample';
import type { Carried } from '../carried';
import type { Row } from './merging';
import type { Remembered } from './remembered';
import { familyOf } from './unplaced';
import { withFields } from './withFields';

/** What is known beside the rings' memory about where requests stand. */
export interface Surroundings {
  readonly resources: ReadonlyMap<number, Resource>;
  /** Opcodes of the ring's armed polls, as fdinfo prints them; absent where it could not be read. */
  readonly polls?: readonly string[];
  /** Requests that tasks carry which may belong to the ring, from their stacks: each can stand for one row only. */
  readonly carried: readonly Carried[];
}

/**
 * Where each pending request of one ring stands, as far as /proc tells: armed polls by their opcodes, running ones by
 * the stacks of workers and their order of submission. What is a guess is named in `inferred`.
 */
export function placePending(ring: number, rows: readonly Remembered[], surroundings: Surroundings): Row[] {
  const placed = new Map<Remembered, Row>();
  const place = (row: Remembered, state: RequestState, sure: boolean, more: Pick<Row, 'worker'> = {}) => {
    const inferred = more.worker === undefined ? (['state'] as const) : (['state', 'worker'] as const);
    placed.set(row, withFields(row, { ...more, ring, state, ...(sure ? {} : { inferred }) }));
  };
  const open = () => rows.filter((row) => !placed.has(row));
  for (const row of rows) {
    const state = row.state ?? ALWAYS.get(row.operation);
    if (state !== undefined) place(row, state, true);
  }
  placeSubmitter(open(), surroundings, place);
  placePolls(open(), surroundings, place);
  placeWorkers(open(), surroundings, place);
  const busy = surroundings.carried.some(({ by }) => by === 'worker');
  for (const row of open())
    place(row, busy && !waitsForReadiness(row, surroundings) ? 'queued' : 'issued', false);
  return rows.flatMap((row) => placed.get(row) ?? []);
}

type Place = (row: Remembered, state: RequestState, sure: boolean, more?: Pick<Row, 'worker'>) => void;

/** Operations that stand in one place only, once they are submitted and not behind another. */
const ALWAYS = new Map<string, RequestState>([
  ['TIMEOUT', 'timeout'],
  ['LINK_TIMEOUT', 'timeout'],
  ['FUTEX_WAIT', 'waiting'],
  ['FUTEX_WAITV', 'waiting'],
  ['WAITID', 'waiting'],
]);

/** The thread that submits is inside of the request it took last. */
function placeSubmitter(rows: readonly Remembered[], { carried }: Surroundings, place: Place): void {
  for (const one of carried.filter(({ by }) => by === 'submitter')) {
    const row = rows.findLast((candidate) => familyOf(candidate.operation) === familyOf(one.operation));
    if (!row) continue;
    place(row, 'running', false, { worker: one.task.tid });
  }
}

/** The same of rows of a ring that was walked: what a thread is inside of while it submits stands on no list. */
export function withSubmitters(rows: readonly Row[], carried: readonly Carried[]): Row[] {
  const placed = [...rows];
  for (const { task, operation, by } of carried) {
    const index = placed.findLastIndex(
      (row) =>
        row.state === 'issued' && row.worker === undefined && familyOf(row.operation) === familyOf(operation),
    );
    const row = placed[index];
    if (by !== 'submitter' || !row) continue;
    const { stage: _, ...request } = row;
    placed[index] = { ...request, state: 'running', worker: task.tid, inferred: ['state', 'worker'] };
  }
  return placed;
}

/** fdinfo says how many polls of each operation are armed, not which. */
function placePolls(rows: readonly Remembered[], surroundings: Surroundings, place: Place): void {
  const { polls } = surroundings;
  if (!polls) {
    for (const row of rows) if (waitsForReadiness(row, surroundings)) place(row, 'polling', false);
    return;
  }
  const left = new Map<string, number>();
  for (const operation of polls) left.set(operation, (left.get(operation) ?? 0) + 1);
  for (const [operation, count] of left) {
    const fitting = rows.filter((row) => row.operation === operation);
    const likely = fitting.filter((row) => waitsForReadiness(row, surroundings));
    const sure = fitting.length <= count;
    const others = () => fitting.filter((row) => !waitsForReadiness(row, surroundings));
    const chosen = sure ? fitting : [...likely, ...others()];
    for (const row of chosen.slice(0, count)) place(row, 'polling', sure || likely.length === count);
  }
}

/**
 * Workers take requests in the order of submission: those that have stood longest have the oldest. Those whose operation is
 * not known get what is left.
 */
function placeWorkers(rows: readonly Remembered[], surroundings: Surroundings, place: Place): void {
  const { carried } = surroundings;
  const workers = carried
    .filter(({ by }) => by === 'worker')
    .sort((a, b) => vague(a) - vague(b) || standing(b) - standing(a) || a.task.tid - b.task.tid);
  if (workers.length === 0) return;
  const inOrder = [
    ...rows.filter((row) => !waitsForReadiness(row, surroundings)),
    ...rows.filter((row) => waitsForReadiness(row, surroundings)),
  ];
  // By family, those that no worker has yet; a set keeps their order.
  const open = new Map<string, Set<Remembered>>([['UNKNOWN', new Set(inOrder)]]);
  for (const row of inOrder) {
    const family = familyOf(row.operation);
    if (family === 'UNKNOWN') continue;
    const alike = open.get(family);
    if (alike) alike.add(row);
    else open.set(family, new Set([row]));
  }
  for (const one of workers) {
    const [row] = open.get(familyOf(one.operation)) ?? [];
    if (!row) continue;
    open.get('UNKNOWN')?.delete(row);
    open.get(familyOf(row.operation))?.delete(row);
    place(row, 'running', false, { worker: one.task.tid });
  }
}

const vague = ({ operation }: Carried): number => Number(operation === 'UNKNOWN');
const standing = ({ task }: Carried): number => task.blocked ?? 0;

const READY_OPERATIONS = new Set([
  ...['POLL_ADD', 'ACCEPT', 'CONNECT', 'RECV', 'RECVMSG', 'SEND', 'SENDMSG', 'SEND_ZC', 'SENDMSG_ZC'],
  ...['RECV_ZC', 'EPOLL_WAIT', 'READ_MULTISHOT'],
]);

const READY_KINDS = new Set<ResourceKind>([
  ...(['pipe', 'fifo', 'socket', 'eventfd', 'timerfd', 'signalfd', 'inotify', 'fanotify'] as const),
  ...(['pidfd', 'userfaultfd', 'epoll', 'io_uring'] as const),
]);

/** The operation arms a poll where it cannot go on at once, unless IOSQE_ASYNC sends it to a worker. */
function waitsForReadiness(row: Remembered, { resources }: Surroundings): boolean {
  if (READY_OPERATIONS.has(row.operation)) return true;
  const resource = row.fd == null ? undefined : resources.get(row.fd);
  const family = familyOf(row.operation);
  const moves = family === 'READ' || family === 'WRITE';
  return moves && resource !== undefined && READY_KINDS.has(resource.kind) && !row.flags?.includes('ASYNC');
}
