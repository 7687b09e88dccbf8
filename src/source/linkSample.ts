import type { KernelLayout } from '../kernel/layout';
import type { Origin, Sample, Task } from '../model/sample';
import { parseMountinfo } from '../procfs/mountinfo';
import type { Target } from '../target/target';
import { Binaries, type BinariesOptions, type Place } from './binaries';
import { blindSources, isBlindSource } from './blindSources';
import {
  type CallStack,
  type CallStackOptions,
  nameStacks,
  readCallStacks,
  readDumpedStacks,
} from './callStacks';
import { GoroutineReader } from './go/goroutines';
import { Origins } from './origin/origins';
import { withOrigins } from './requestOrigins';
import { lineCount, standingStacks, withStacks } from './standing';
import { ThreadChoice, threadsLeftOut } from './threadChoice';
import { ProcessStacks, type StackDump, type ThreadStack } from './unwind/threads';

/** Processes whose unwind tables are kept. */
const MOST_PROCESSES = 8;
/** Stacks of a process of which is kept what they were told from. */
const MOST_OPEN = 1000;

export interface LinkOptions {
  /** An earlier Sample of the same process: the stacks of threads that have not run since, the origins of requests that still stand are taken over. */
  readonly previous?: Sample | undefined;
  /** Of the target's kernel, where its memory can be read: makes every stack whole. */
  readonly layout?: KernelLayout | undefined;
  /** Its look is given up: `link` rejects with its reason soon. */
  readonly signal?: AbortSignal | undefined;
  /** Is given the Sample once more when debug files have come that it was told without. */
  readonly late?: ((linked: Sample) => void) | undefined;
}

export interface LinkerOptions extends BinariesOptions {
  /** False: debug files that are still to come, or lie apart from their binaries, are not waited for; see `late`. */
  readonly waits?: boolean;
}

/** What is kept of a process. */
interface Known {
  readonly stacks: ProcessStacks;
  readonly choice: ThreadChoice;
  /** What stacks were told from that have frames without lines. */
  open: readonly ThreadStack[];
  /** The latest Sample with such stacks, and who wants it with lines. */
  latest?: { readonly sample: Sample; readonly late: (linked: Sample) => void };
}

/**
 * Links what waits to the program's source. One for each target; what it has learned of processes and binaries is kept.
 */
export class SampleLinker {
  private readonly processes = new Map<string, Known>();
  private readonly binaries: Binaries;
  private readonly origins: Origins;
  private readonly goroutines: GoroutineReader;
  private readonly waits: boolean | undefined;

  constructor(
    private readonly target: Target,
    options: LinkerOptions,
  ) {
    this.waits = options.waits;
    const onArrival = () => void this.tellAnew().catch(() => undefined);
    this.binaries = new Binaries(target, options.waits === false ? { ...options, onArrival } : options);
    this.origins = new Origins(target, this.binaries);
    this.goroutines = new GoroutineReader(target, this.binaries);
  }

  /** The Sample with the user stacks of its threads and the origins of its requests, those that matter most if they are many. Rejects only when the target is gone, or `signal` says so. */
  async link(sample: Sample, options: LinkOptions = {}): Promise<Sample> {
    const linked = await this.linkThreads(sample, options);
    const { previous, signal, late } = options;
    const place = (): Promise<Place> => this.place(sample);
    signal?.throwIfAborted();
    const go = await this.goroutines.of(sample, place);
    const origins = go
      ? {
          of: (where: Place, values: Iterable<string>, given?: AbortSignal) =>
            this.originsWith(go.origins, where, values, given),
        }
      : this.origins;
    const told = go ? { ...linked, goroutines: go.goroutines } : linked;
    const whole = await withOrigins(told, previous, origins, place, signal);
    const known = this.process(sample);
    if (late && known.open.length > 0) known.latest = { sample: whole, late };
    if (late && this.waits === false) setImmediate(() => this.binaries.readOn());
    return whole;
  }

  /** Where Go's own are known nothing else is looked for. */
  private async originsWith(
    ofGo: ReadonlyMap<string, readonly Origin[]>,
    place: Place,
    values: Iterable<string>,
    signal: AbortSignal | undefined,
  ): Promise<Map<string, readonly Origin[]>> {
    const wanted = [...values];
    const others = wanted.filter((value) => !ofGo.has(value));
    const found = await this.origins.of(place, others, signal);
    for (const value of wanted) {
      const origins = ofGo.get(value);
      if (origins && origins.length > 0) found.set(value, origins);
    }
    return found;
  }

  /** Stacks of a process that were copied while it ran, in the words of its program. In order. */
  async nameDumps(of: Pick<Sample, 'process'>, dumps: readonly StackDump[]): Promise<CallStack[]> {
    return readDumpedStacks(this.process(of).stacks, this.binaries, await this.place(of), dumps);
  }

  private async linkThreads(
    sample: Sample,
    { previous, layout, signal, late }: LinkOptions,
  ): Promise<Sample> {
    const known = standingStacks(sample, previous);
    const { choice } = this.process(sample);
    const wanted = choice.next(sample, ({ tid, userStack }) => userStack !== undefined || known.has(tid));
    if (wanted.length === 0 && known.size === 0) return this.withBlindness(sample);
    const soon = late !== undefined && this.waits === false;
    const stacks = wanted.length === 0 ? [] : await this.read(sample, wanted, { layout, signal, soon });
    for (const stack of stacks) known.set(stack.tid, stack);
    this.keepOpen(sample, stacks);
    return this.withBlindness(withStacks(sample, known));
  }

  private withBlindness(sample: Sample): Sample {
    const { pid } = sample.process;
    const rows = [
      ...blindSources(sample, (path) => this.binaries.facts(pid, path)),
      ...threadsLeftOut(sample),
    ];
    const others = sample.notVisible.filter((row) => !isBlindSource(row));
    if (rows.length === 0 && others.length === sample.notVisible.length) return sample;
    return { ...sample, notVisible: [...others, ...rows] };
  }

  private keepOpen(sample: Sample, stacks: readonly CallStack[]): void {
    const process = this.process(sample);
    const anew = new Set(stacks.map(({ tid }) => tid));
    const open = stacks.flatMap(({ frames, unwound }) =>
      unwound && frames?.some(({ line }) => line === undefined) ? [unwound] : [],
    );
    process.open = [...process.open.filter(({ tid }) => !anew.has(tid)), ...open].slice(-MOST_OPEN);
  }

  /** A debug file has come: says what it tells of the stacks that were told without. */
  private async tellAnew(): Promise<void> {
    for (const process of this.processes.values()) {
      if (!process.latest) continue;
      const stacks = await nameStacks(process.open, this.binaries, await this.place(process.latest.sample));
      const { sample, late } = process.latest;
      const shown = new Map(sample.tasks.map(({ tid, userStack }) => [tid, userStack]));
      const told = stacks.filter(({ tid, frames = [] }) => {
        const before = shown.get(tid);
        return before?.[0]?.address === frames[0]?.address && lineCount(frames) > lineCount(before);
      });
      if (told.length === 0) continue;
      const linked = this.withBlindness(withStacks(sample, new Map(told.map((stack) => [stack.tid, stack]))));
      process.latest = { sample: linked, late };
      late(linked);
    }
  }

  close(): void {
    this.processes.clear();
    this.origins.close();
    this.goroutines.close();
    this.binaries.close();
  }

  private async read(
    sample: Sample,
    tasks: readonly Task[],
    options: CallStackOptions,
  ): Promise<CallStack[]> {
    const tids = tasks.map(({ tid }) => tid);
    const place = await this.place(sample);
    return readCallStacks(this.process(sample).stacks, this.binaries, place, tids, options);
  }

  private async place({ process: { pid } }: Pick<Sample, 'process'>): Promise<Place> {
    const [mountinfo] = await this.target.read([`/proc/${pid}/mountinfo`]);
    const mounts = parseMountinfo(mountinfo?.ok ? mountinfo.data.toString('utf8') : '').rows;
    return { pid, mounts };
  }

  private process({ process: { pid, startTime = 0 } }: Pick<Sample, 'process'>): Known {
    const key = `${pid} ${startTime}`;
    const known = this.processes.get(key) ?? {
      stacks: new ProcessStacks(this.target, pid),
      choice: new ThreadChoice(),
      open: [],
    };
    this.processes.delete(key);
    this.processes.set(key, known);
    const [oldest] = this.processes.keys();
    if (this.processes.size > MOST_PROCESSES && oldest !== undefined) this.processes.delete(oldest);
    return known;
  }
}
