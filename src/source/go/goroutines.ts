import type { Goroutines } from '../../model/goroutine';
import type { Origin } from '../../model/request';
import type { Sample } from '../../model/sample';
import type { Target } from '../../target/target';
import type { Binaries, Place } from '../binaries';
import { ProcessMemory } from '../origin/processMemory';
import { readChannels } from './channels';
import { goOrigins } from './goOrigins';
import { findGoProcess, type GoProcess, startedAt, threadField } from './goProcess';
import { type Alike, alikeOf, type Draft, groupGoroutines, groupOf, startOf } from './goroutineGroups';
import { GOROUTINE } from './goroutineLayout';
import { readPolls } from './polls';
import { type Goroutine, isUnchanged, readGoroutines } from './readGoroutines';

/** Stacks read in one look, and at once, so that their reads travel together. */
const MOST_STACKS = 200;
const AT_ONCE = 100;
const MOST_GROUPS = 100;
/** Processes kept. */
const MOST_PROCESSES = 8;
/** Milliseconds that a process whose memory did not answer is left alone, and one that is not Go's. */
const LEFT_ALONE = 30_000;
const DEADLINE = 500;

interface Known {
  readonly memory: ProcessMemory;
  go?: GoProcess | undefined;
  /** Until when it is left alone: its memory did not answer, or there is no Go in it. */
  until?: number;
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
    if (this.target.arch !== 'x86_64' || sample.tasks.length === 0) return undefined;
    const known = this.process(sample);
    if (known.until !== undefined && Date.now() < known.until) return undefined;
    const { memory } = known;
    if (!(await memory.open())) {
      known.until = Date.now() + LEFT_ALONE;
      return undefined;
    }
    const place = await placeOf();
    // Another program may run in it by now.
    if (known.go && (await memory.image(known.go.image.start)) !== known.go.image) delete known.go;
    known.go ??= await findGoProcess(memory, this.binaries, place);
    const found = known.go && (await this.read(known.go, memory, sample, place));
    // What was not found for lack of time may be there when there is time.
    if (memory.hangs || (!known.go && !memory.isSpent)) known.until = Date.now() + LEFT_ALONE;
    memory.close();
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
    const alike = alikeOf(own, go);
    await this.readStacks(alike, go);
    const unchanged = await this.unchanged(alike, go, place.pid);
    for (const group of alike) {
      const still = group.read.filter((one) => unchanged.has(one));
      group.read.splice(0, group.read.length, ...still);
    }
    const threads = await threadsOf(go, memory, own, tids);
    const drafts = await groupGoroutines(alike, go, this.binaries, place);
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
