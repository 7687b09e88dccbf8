import type { KernelWalk, WalkedRing } from '../../kernel/walked';
import type { Request, Resource, Ring, Task } from '../../model/sample';
import { each, mapped, type Steps } from '../../target/turns';
import { type Carried, carriedBy, ringOfSubmitter, ringOfWorker } from '../carried';
import type { RingMemory } from '../ringMemory';
import type { RingsFound } from '../rings';
import { countsOf, ringWith } from './counts';
import { mergeWalked, numbered, type Proof, type Row } from './merging';
import { placePending, withSubmitters } from './placing';
import { rememberedRows } from './remembered';
import { withFields } from './withFields';

export interface MergeAsked {
  /** Rings and requests as fdinfo has them. */
  readonly told: RingsFound;
  readonly memory: readonly RingMemory[];
  readonly walk?: KernelWalk;
  readonly tasks: readonly Task[];
  readonly resources: readonly Resource[];
  /** Pid of the process. */
  readonly owner: number;
}

export interface Merged {
  readonly rings: readonly Ring[];
  readonly requests: readonly Request[];
}

/** What each source has of one ring. */
interface Sources {
  readonly printed: readonly Request[];
  readonly polls?: readonly string[];
  readonly memory?: RingMemory;
  readonly walked?: WalkedRing;
}

/** One list of requests from all that is known of the rings; where a source is missing the others say what they can. */
export function* mergeRings({ told, memory, walk, tasks, resources, owner }: MergeAsked): Steps<Merged> {
  const consistent = walk?.consistent ?? false;
  const byFd = new Map(resources.map((resource) => [resource.fd, resource]));
  const ages = new Map(tasks.map(({ tid, blocked }) => [tid, blocked]));
  const walked = new Set<number | undefined>();
  for (const ring of walk?.rings ?? []) for (const { worker } of ring.requests) walked.add(worker);
  let carried = tasks.flatMap((task) => (walked.has(task.tid) ? [] : (carriedBy(task) ?? [])));
  const rings: Ring[] = [];
  const rows: Row[] = [];
  for (const bare of [...told.rings, ...unreached(told.rings, walk, owner)]) {
    const sources = sourcesOf(bare, { told, memory, ...(walk ? { walk } : {}) });
    const ring = ringWith(bare, sources.walked, sources.memory);
    const own = carried.filter(
      ({ by, task }) => by === 'worker' || ringOfSubmitter(task, told.rings) === ring.id,
    );
    const { taken, prepared } = yield* rememberedRows(ring.id, sources.memory, own);
    const inFlight = sources.walked
      ? withSubmitters(
          yield* mergeWalked(
            ring.id,
            sources.walked.requests,
            taken,
            proofOf(sources.walked, sources, consistent),
          ),
          own,
        )
      : sources.memory?.rows
        ? placePending(ring.id, taken, {
            resources: byFd,
            carried: own,
            ...(sources.polls ? { polls: sources.polls } : {}),
          })
        : sources.printed.filter(({ state }) => state === 'polling');
    const found = yield* mapped(inFlight, (row) => withAge(asMessage(row), ages));
    const workers = new Set<number | undefined>();
    for (const { worker } of found) workers.add(worker);
    carried = carried.filter(({ task }) => !workers.has(task.tid));
    rings.push({ ...ring, ...countsOf(ring, found, sources, consistent) });
    const waiting = sources.memory?.prepared
      ? prepared
      : sources.printed.filter(({ state }) => state === 'prepared');
    for (const some of [waiting, found, finished(ring.id, sources, found)])
      yield* each(some, (row) => void rows.push(row));
    yield;
  }
  const astray = carried.map((one) => carriedRow(one, rings, rows));
  return {
    rings: rings.map((ring) => withAstray(ring, astray)),
    requests: yield* numbered([...rows, ...astray]),
  };
}

/** Where only fdinfo counts, what a task is seen to carry explains as much of it. */
function withAstray(ring: Ring, astray: readonly Row[]): Ring {
  const carried = astray.filter((row) => row.ring === ring.id).length;
  const { inFlight, explained = 0 } = ring;
  if (carried === 0 || inFlight === undefined) return ring;
  return { ...ring, explained: Math.min(inFlight, explained + carried) };
}

/** Rings that no descriptor or mapping of the process leads to, but its threads' requests. */
function unreached(rings: readonly Ring[], walk: KernelWalk | undefined, owner: number): Ring[] {
  const missing = (walk?.rings ?? []).filter(
    ({ fds, inode }) => !rings.some((ring) => matches(ring, { fds, inode })),
  );
  return missing.map(({ inode }, index) => ({
    id: rings.length + index + 1,
    fd: null,
    owner,
    setup: [],
    readable: false,
    ...(inode === undefined ? {} : { inode }),
  }));
}

function matches(
  ring: Ring,
  { fds, inode }: { readonly fds: readonly number[]; readonly inode?: number | undefined },
): boolean {
  return ring.fd !== null && fds.length > 0
    ? fds.includes(ring.fd)
    : inode !== undefined && inode === ring.inode;
}

function sourcesOf(
  ring: Ring,
  { told, memory, walk }: Pick<MergeAsked, 'told' | 'memory' | 'walk'>,
): Sources {
  const remembered = memory.find((one) => matches(ring, one));
  const walked = walk?.rings.find((one) => matches(ring, one));
  const polls = told.polls.get(ring.id);
  return {
    printed: told.requests.filter((request) => request.ring === ring.id),
    ...(polls ? { polls } : {}),
    ...(remembered ? { memory: remembered } : {}),
    ...(walked ? { walked } : {}),
  };
}

/** Before 6.16 the kernel counts no requests: there a search, or the ring's counters of the same moment, say that all is found. */
function proofOf(walked: WalkedRing, { memory }: Sources, consistent: boolean): Proof {
  const { unexplained, searched = false, sqHead, cqTail } = walked;
  if (unexplained !== undefined) return { unexplained, consistent };
  const found = walked.requests.filter(({ state }) => state !== 'overflowed').length;
  const { counters, inFlight } = memory ?? {};
  const unmoved = counters?.sqHead === sqHead && counters.cqTail === cqTail;
  return { consistent, complete: searched || (unmoved && inFlight === found) };
}

/** What a task is inside of is as old as the task stands still. */
function withAge(row: Row, ages: ReadonlyMap<number, number | undefined>): Row {
  const age = row.worker === undefined ? undefined : ages.get(row.worker);
  return age === undefined ? row : withFields(row, { age });
}

/** A message that is not there yet is in no device: it needs the thread of the ring it is sent to (DEFER_TASKRUN, descriptors). */
function asMessage(row: Row): Row {
  return row.operation === 'MSG_RING' && row.state === 'issued' && row.stage === undefined
    ? withFields(row, { stage: 'waits for the thread of the ring it is sent to' })
    : row;
}

/** Completions that the program has not reaped, and those on the overflow list: fdinfo has their results. */
function finished(ring: number, { printed, memory, walked }: Sources, found: readonly Row[]): Row[] {
  const completed = memory?.completed?.map(
    (row): Row => ({ ...row, ring, state: 'completed', sources: ['ring memory'] }),
  );
  const overflowed = printed.filter(({ state }) => state === 'overflowed');
  const listed = found.some(({ state }) => state === 'overflowed');
  return [
    ...(completed ?? printed.filter(({ state }) => state === 'completed')),
    ...(walked && listed ? [] : overflowed),
  ];
}

/** A request of which only the task is known that carries it. */
function carriedRow({ task, operation, by }: Carried, rings: readonly Ring[], rows: readonly Row[]): Row {
  return {
    ring: by === 'submitter' ? ringOfSubmitter(task, rings) : ringOfWorker(rings, rows),
    operation,
    state: 'running',
    worker: task.tid,
    ...(task.blocked === undefined ? {} : { age: task.blocked }),
    certainty: 'inferred',
    sources: ['stack'],
  };
}
