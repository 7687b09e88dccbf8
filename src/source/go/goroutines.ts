import type { GoroutineFd, GoroutineGroup, GoroutineState, Goroutines } from '../../model/goroutine';
import type { Origin } from '../../model/request';
import type { Sample, UserFrame } from '../../model/sample';
import type { Target } from '../../target/target';
import type { Binaries, Place } from '../binaries';
import { namedStacks } from '../callStacks';
import { ProcessMemory, wordIn } from '../origin/processMemory';
import type { StackFrame } from '../unwind/walkStack';
import { readChannels } from './channels';
import { goOrigins } from './goOrigins';
import { findGoProcess, type GoProcess, startedAt, threadField } from './goProcess';
import { GOROUTINE, Status } from './goroutineLayout';
import type { GoroutineStack } from './goroutineStack';
import { type Polled, readPolls } from './polls';
import { type Goroutine, isUnchanged, readGoroutines } from './readGoroutines';

/** Stacks read in one look, and at once, so that their reads travel together. */
const MOST_STACKS = 400;
const AT_ONCE = 100;
/** Groups told of, and numbers and descriptors in one. */
const MOST_GROUPS = 100;
const MOST_IDS = 8;
const MOST_FDS = 1000;
/** Processes kept. */
const MOST_PROCESSES = 8;
/** Milliseconds that a process whose memory did not answer is left alone, and that one is believed not to be Go's. */
const HUNG_FOR = 30_000;
const DEADLINE = 500;

interface Known {
  readonly memory: ProcessMemory;
  go?: GoProcess | undefined;
  /** Of what is mapped when it was looked for. */
  generation?: number;
  hungAt?: number;
}

/** Goroutines alike as far as their descriptions tell. */
interface Alike {
  readonly members: Goroutine[];
  readonly read: { readonly goroutine: Goroutine; readonly stack: GoroutineStack }[];
}

/** What one look at a Go program has found. */
export interface GoFound {
  readonly goroutines: Goroutines;
  /** The code of requests, by user_data; none of those that lie in Go's heap and lead to nothing known. */
  readonly origins: ReadonlyMap<string, readonly Origin[]>;
}

/** Tells what the goroutines of Go programs wait for, from the memory of processes; nothing is stopped. */
export class GoroutineReader {
  private readonly processes = new Map<string, Known>();

  constructor(
    private readonly target: Target,
    private readonly binaries: Binaries,
  ) {}

  /** Undefined where the process is not Go's, or its memory does not tell. Never rejects for what lies in the memory. */
  async of(sample: Sample, placeOf: () => Promise<Place>): Promise<GoFound | undefined> {
    if (this.target.arch !== 'x86_64') return undefined;
    const known = this.process(sample);
    if (known.hungAt !== undefined && Date.now() - known.hungAt < HUNG_FOR) return undefined;
    const { memory } = known;
    if (!(await memory.open())) return undefined;
    const place = await placeOf();
    // Another program may run in it by now.
    if (known.go && (await memory.image(known.go.image.start)) !== known.go.image) delete known.go;
    if (known.go === undefined && known.generation !== memory.generation) {
      known.go = await findGoProcess(memory, this.binaries, place);
      known.generation = memory.generation;
      // What was not found for lack of time may be there when there is time.
      if (memory.isSpent) delete known.generation;
    }
    const found = known.go && (await this.read(known.go, memory, sample, place));
    memory.close();
    if (memory.hangs) known.hungAt = Date.now();
    return found;
  }

  close(): void {
    this.processes.clear();
  }

  private async read(
    go: GoProcess,
    memory: ProcessMemory,
    sample: Sample,
    place: Place,
  ): Promise<GoFound | undefined> {
    const { goroutines: all, unread } = await readGoroutines(memory, go.list);
    if (all.length === 0) return undefined;
    go.startedAt ??= await startedAt(go, all);
    const tids = new Set(sample.tasks.map(({ tid }) => tid));
    go.thread ??= await threadField(memory, all, tids);
    const isOwn = await this.ownOnes(go, all);
    const own = all.filter(isOwn);
    const addresses = new Set(own.map(({ address }) => address));
    const sets = sample.resources.flatMap(({ kind, fd }) => (kind === 'epoll' ? [fd] : []));
    const polls = await readPolls(this.target, memory, place.pid, sets, (address) => addresses.has(address));
    const alike = sorted(own, go);
    await this.readStacks(alike, go);
    const unchanged = await this.unchanged(alike, go, place.pid);
    for (const group of alike) {
      const still = group.read.filter((one) => unchanged.has(one));
      group.read.splice(0, group.read.length, ...still);
    }
    const threads = await threadsOf(go, memory, own, tids);
    const drafts = await this.groups(alike, go, place);
    const groups = drafts
      .map((draft) => groupOf(draft, { polls, threads }))
      .sort((a, b) => b.count - a.count || (a.ids[0] ?? 0) - (b.ids[0] ?? 0))
      .slice(0, MOST_GROUPS);
    const told = groups.reduce((sum, { count }) => sum + count, 0);
    return {
      goroutines: {
        count: own.length + unread,
        runtime: all.length - own.length,
        unread: own.length - told + unread,
        groups,
      },
      origins: await requestsOf(go, memory, sample, own, drafts),
    };
  }

  /** Those that Go's runtime has not started for itself. */
  private async ownOnes(
    go: GoProcess,
    all: readonly Goroutine[],
  ): Promise<(goroutine: Goroutine) => boolean> {
    const names = new Map<number, string | undefined>();
    for (const goroutine of all) {
      const start = startOf(goroutine, go);
      if (start !== undefined && !names.has(start))
        names.set(start, (await go.table.functionAt(start - go.image.bias))?.name);
    }
    return (goroutine) => {
      const name = names.get(startOf(goroutine, go) ?? 0) ?? '';
      return name === 'runtime.main' || !name.startsWith('runtime.');
    };
  }

  /** Some of each kind; of all of them where there is room. */
  private async readStacks(alike: readonly Alike[], { unwinder }: GoProcess): Promise<void> {
    const wanted: (readonly [Alike, Goroutine])[] = [];
    for (let round = 0; wanted.length < MOST_STACKS; round++) {
      const before = wanted.length;
      for (const group of alike) {
        const goroutine = group.members[round];
        if (goroutine && wanted.length < MOST_STACKS) wanted.push([group, goroutine]);
      }
      if (wanted.length === before) break;
    }
    for (let at = 0; at < wanted.length; at += AT_ONCE)
      await Promise.all(
        wanted.slice(at, at + AT_ONCE).map(async ([group, goroutine]) => {
          const { pc, sp, high } = goroutine;
          const stack = pc && sp ? await unwinder.unwind(pc, sp, high) : undefined;
          if (stack) group.read.push({ goroutine, stack });
        }),
      );
  }

  /** Those of which the same is read once more: they have not run meanwhile. */
  private async unchanged(
    alike: readonly Alike[],
    { list }: GoProcess,
    pid: number,
  ): Promise<Set<Alike['read'][number]>> {
    const all = alike.flatMap(({ read }) => read);
    const ranges = all.flatMap(({ goroutine, stack }) => [
      { address: BigInt(goroutine.address), length: GOROUTINE },
      { address: BigInt(stack.from), length: stack.bytes.length },
    ]);
    const again = ranges.length === 0 ? [] : await this.target.memory(pid, ranges, { deadline: DEADLINE });
    return new Set(
      all.filter(({ goroutine, stack }, index) => {
        const [description, bytes] = [again[2 * index], again[2 * index + 1]];
        if (!description?.ok || !bytes?.ok) return false;
        return isUnchanged(goroutine, description.data, list.layout) && bytes.data.equals(stack.bytes);
      }),
    );
  }

  private async groups(alike: readonly Alike[], go: GoProcess, place: Place): Promise<Draft[]> {
    const stacks = alike.flatMap(({ read }) => read);
    const starts = new Map<number, StackFrame>();
    for (const { members } of alike)
      for (const goroutine of members.slice(0, 1)) {
        const pc = createdBy(goroutine, go);
        if (pc !== undefined) starts.set(pc, { pc, lookup: pc - 1, trust: 'proven', image: go.image });
      }
    const named = await namedStacks(
      [...stacks.map(({ stack }) => stack.frames), ...[...starts.values()].map((frame) => [frame])],
      this.binaries,
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

  private process({ process: { pid, startTime = 0 } }: Sample): Known {
    const key = `${pid} ${startTime}`;
    const known = this.processes.get(key) ?? { memory: new ProcessMemory(this.target, pid) };
    this.processes.delete(key);
    this.processes.set(key, known);
    const [oldest] = this.processes.keys();
    if (this.processes.size > MOST_PROCESSES && oldest !== undefined) this.processes.delete(oldest);
    return known;
  }
}

interface Facts {
  readonly polls: ReadonlyMap<number, Polled>;
  /** Of the threads that carry goroutines, by the address of `runtime.m`. */
  readonly threads: ReadonlyMap<number, number>;
}

interface Draft {
  readonly members: Goroutine[];
  read: number;
  readonly state: GoroutineState;
  readonly reason: string | undefined;
  stack?: readonly UserFrame[] | undefined;
  note?: string | undefined;
  startedAt?: UserFrame | undefined;
}

function groupOf(
  { members, read, state, reason, stack, note, startedAt: started }: Draft,
  facts: Facts,
): GoroutineGroup {
  const ordered = [...members].sort((a, b) => a.id - b.id);
  const fds: GoroutineFd[] = ordered.flatMap(({ id, address }) => {
    const polled = facts.polls.get(address);
    return polled && state === 'waiting' ? [{ goroutine: id, ...polled }] : [];
  });
  const tids = ordered.flatMap(({ m }) => (m === undefined ? [] : (facts.threads.get(m) ?? [])));
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
function sorted(goroutines: readonly Goroutine[], go: GoProcess): Alike[] {
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
function startOf({ data }: Goroutine, { startedAt: at }: GoProcess): number | undefined {
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

async function requestsOf(
  go: GoProcess,
  memory: ProcessMemory,
  { requests }: Sample,
  goroutines: readonly Goroutine[],
  drafts: readonly Draft[],
): Promise<ReadonlyMap<string, readonly Origin[]>> {
  const values = requests.flatMap(({ userData }) => (userData === undefined ? [] : [userData]));
  if (go.heap === undefined || values.length === 0) return new Map();
  const read = go.startedAt === undefined ? [] : await readChannels(memory, goroutines, go.startedAt);
  const stacks = new Map(drafts.flatMap(({ members, stack }) => members.map((one) => [one, stack] as const)));
  const channels = new Map(
    [...read].map(([channel, waiters]) => [
      channel,
      waiters.map((one) => ({
        goroutine: one.id,
        frame: stacks.get(one)?.find(({ function: name }) => !name.startsWith('runtime.')),
      })),
    ]),
  );
  return goOrigins(memory, go, go.heap, channels, values);
}

/** By the address of `runtime.m`. */
async function threadsOf(
  { thread }: GoProcess,
  memory: ProcessMemory,
  goroutines: readonly Goroutine[],
  tids: ReadonlySet<number>,
): Promise<Map<number, number>> {
  const found = new Map<number, number>();
  if (thread === undefined) return found;
  const carriers = new Set(goroutines.flatMap(({ m }) => (m === undefined ? [] : [m])));
  await Promise.all(
    [...carriers].map(async (m) => {
      const tid = await memory.word(m + thread);
      if (tid !== undefined && tids.has(tid)) found.set(m, tid);
    }),
  );
  return found;
}
