import type { GoroutineFd, GoroutineGroup, GoroutineState } from '../../model/goroutine';
import type { UserFrame } from '../../model/sample';
import type { Binaries, Place } from '../binaries';
import { namedStacks } from '../callStacks';
import { wordIn } from '../origin/processMemory';
import type { StackFrame } from '../unwind/walkStack';
import type { GoProcess } from './goProcess';
import { Status } from './goroutineLayout';
import type { GoroutineStack } from './goroutineStack';
import type { Polled } from './polls';
import type { Goroutine } from './readGoroutines';

/** Numbers and descriptors told of one group. */
const MOST_IDS = 8;
const MOST_FDS = 1000;

/** Goroutines alike as far as their descriptions tell. */
export interface Alike {
  readonly members: Goroutine[];
  readonly read: { readonly goroutine: Goroutine; readonly stack: GoroutineStack }[];
}

/** One group of those that wait for the same with the same stack. */
export async function groupGoroutines(
  alike: readonly Alike[],
  go: GoProcess,
  binaries: Binaries,
  place: Place,
): Promise<Draft[]> {
  const stacks = alike.flatMap(({ read }) => read);
  const starts = new Map<number, StackFrame>();
  for (const { members } of alike)
    for (const goroutine of members.slice(0, 1)) {
      const pc = createdBy(goroutine, go);
      if (pc !== undefined) starts.set(pc, { pc, lookup: pc - 1, trust: 'proven', image: go.image });
    }
  const named = await namedStacks(
    [...stacks.map(({ stack }) => stack.frames), ...[...starts.values()].map((frame) => [frame])],
    binaries,
    place,
  );
  const frames = new Map(stacks.map((one, index) => [one, named[index] ?? []]));
  const started = new Map(
    [...starts.keys()].map((pc, index) => [pc, named[stacks.length + index]?.[0]] as const),
  );
  const groups = new Map<string, Draft>();
  for (const { members, read } of alike) {
    const texts = new Map(read.map((one) => [one.goroutine, keyOf(frames.get(one) ?? [])]));
    const places = new Set(texts.values());
    const [only = ''] = places;
    for (const goroutine of members) {
      const text = texts.get(goroutine) ?? (places.size === 1 ? only : undefined);
      // It ran meanwhile, or is one of very many that differ.
      if (text === undefined && goroutine.pc !== undefined) continue;
      const { state, reason } = waitOf(goroutine, go);
      const key = `${state} ${reason ?? ''} ${startOf(goroutine, go)} ${text ?? ''}`;
      const draft = groups.get(key) ?? { members: [], read: 0, state, reason };
      groups.set(key, draft);
      draft.members.push(goroutine);
      const one = texts.has(goroutine) ? read.find((other) => other.goroutine === goroutine) : undefined;
      if (!one) continue;
      draft.read++;
      draft.stack ??= frames.get(one);
      draft.note ??= one.stack.ending;
      draft.startedAt ??= started.get(createdBy(goroutine, go) ?? 0);
    }
  }
  return [...groups.values()];
}

export interface Facts {
  readonly polls: ReadonlyMap<number, Polled>;
  /** Of the threads that carry goroutines, by the address of `runtime.m`. */
  readonly threads: ReadonlyMap<number, number>;
}

export interface Draft {
  readonly members: Goroutine[];
  read: number;
  readonly state: GoroutineState;
  readonly reason: string | undefined;
  stack?: readonly UserFrame[] | undefined;
  note?: string | undefined;
  startedAt?: UserFrame | undefined;
}

export function groupOf(
  { members, read, state, reason, stack, note, startedAt: started }: Draft,
  facts: Facts,
): GoroutineGroup {
  const ordered = [...members].sort((a, b) => a.id - b.id);
  const fds: GoroutineFd[] = ordered.flatMap(({ id, address }) => {
    const polled = facts.polls.get(address);
    return polled && state === 'waiting' ? [{ goroutine: id, ...polled }] : [];
  });
  const tids = [
    ...new Set(ordered.flatMap(({ m }) => (m === undefined ? [] : (facts.threads.get(m) ?? [])))),
  ];
  return {
    count: members.length,
    ids: ordered.slice(0, MOST_IDS).map(({ id }) => id),
    state,
    ...(reason === undefined ? {} : { reason }),
    ...(stack ? { stack } : {}),
    ...(note === undefined ? {} : { stackNote: `ends here: ${note}` }),
    ...(read > 0 && read < members.length ? { read } : {}),
    ...(started ? { startedAt: started } : {}),
    ...(fds.length === 0 ? {} : { fds: fds.slice(0, MOST_FDS) }),
    ...(tids.length === 0 ? {} : { tids }),
  };
}

/** By state, what they wait for, how they were started, where they go on and how deep they are; those few are of one kind first. */
export function alikeOf(goroutines: readonly Goroutine[], go: GoProcess): Alike[] {
  const alike = new Map<string, Alike>();
  for (const goroutine of goroutines) {
    const { status, reason, pc, sp = 0, high } = goroutine;
    const key = [status, reason, startOf(goroutine, go), pc, high - sp].join(' ');
    const group = alike.get(key);
    if (group) group.members.push(goroutine);
    else alike.set(key, { members: [goroutine], read: [] });
  }
  return [...alike.values()].sort((a, b) => a.members.length - b.members.length);
}

const STATES: ReadonlyMap<number, GoroutineState> = new Map([
  [Status.runnable, 'runnable'],
  [Status.syscall, 'syscall'],
  [Status.waiting, 'waiting'],
  [Status.leaked, 'waiting'],
  [Status.preempted, 'preempted'],
]);

function waitOf({ status, reason = 0 }: Goroutine, { reasons }: GoProcess) {
  const state = STATES.get(status) ?? 'running';
  const words = state === 'waiting' ? reasons[reason] : undefined;
  return { state, reason: words === '' ? undefined : words };
}

/** The address of the function it was started with. */
export function startOf({ data }: Goroutine, { startedAt: at }: GoProcess): number | undefined {
  return at === undefined ? undefined : wordIn(data, at + 16);
}

/** Where it was started. */
function createdBy({ data, id }: Goroutine, { startedAt: at }: GoProcess): number | undefined {
  // The first one is started by the runtime.
  return at === undefined || id === 1 ? undefined : wordIn(data, at);
}

function keyOf(frames: readonly UserFrame[]): string {
  return frames.map(({ function: name, file, line }) => `${name} ${file}:${line}`).join('<');
}
