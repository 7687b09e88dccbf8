import type { KernelLayout } from '../kernel/layout';
import type { Sample, Task } from '../model/sample';
import { parseMountinfo } from '../procfs/mountinfo';
import type { Target } from '../target/target';
import { Binaries, type BinariesOptions, type Place } from './binaries';
import { blindSources, isBlindSource } from './blindSources';
import { type CallStack, readCallStacks, readDumpedStacks } from './callStacks';
import { Origins } from './origin/origins';
import { withOrigins } from './requestOrigins';
import { standingStacks, withStacks } from './standing';
import { ProcessStacks, type StackDump } from './unwind/threads';

/** Threads of one Sample whose stacks are told. */
const MOST_THREADS = 200;
/** Processes whose unwind tables are kept. */
const MOST_PROCESSES = 8;

export interface LinkOptions {
  /** An earlier Sample of the same process: the stacks of threads that have not run since, the origins of requests that still stand are taken over. */
  readonly previous?: Sample | undefined;
  /** Of the target's kernel, where its memory can be read: makes every stack whole. */
  readonly layout?: KernelLayout | undefined;
}

/**
 * Links what waits to the program's source. One for each target; what it has learned of processes and binaries is kept.
 */
export class SampleLinker {
  private readonly processes = new Map<string, ProcessStacks>();
  private readonly binaries: Binaries;
  private readonly origins: Origins;

  constructor(
    private readonly target: Target,
    options: BinariesOptions,
  ) {
    this.binaries = new Binaries(target, options);
    this.origins = new Origins(target, this.binaries);
  }

  /** The Sample with the user stacks of its threads and the origins of its requests, those that matter most if they are many. Rejects only when the target is gone. */
  async link(sample: Sample, options: LinkOptions = {}): Promise<Sample> {
    const linked = await this.linkThreads(sample, options);
    return withOrigins(linked, options.previous, this.origins, () => this.place(sample));
  }

  /** Stacks of a process that were copied while it ran, in the words of its program. In order. */
  async nameDumps(of: Pick<Sample, 'process'>, dumps: readonly StackDump[]): Promise<CallStack[]> {
    return readDumpedStacks(this.process(of), this.binaries, await this.place(of), dumps);
  }

  private async linkThreads(sample: Sample, { previous, layout }: LinkOptions): Promise<Sample> {
    const known = standingStacks(sample, previous);
    const wanted = threadsOf(sample).filter(({ tid, userStack }) => !userStack && !known.has(tid));
    if (wanted.length === 0 && known.size === 0) return this.withBlindness(sample);
    const stacks = wanted.length === 0 ? [] : await this.read(sample, wanted, layout);
    for (const stack of stacks) known.set(stack.tid, stack);
    return this.withBlindness(withStacks(sample, known));
  }

  private withBlindness(sample: Sample): Sample {
    const { pid } = sample.process;
    const rows = blindSources(sample, (path) => this.binaries.facts(pid, path));
    const others = sample.notVisible.filter((row) => !isBlindSource(row));
    if (rows.length === 0 && others.length === sample.notVisible.length) return sample;
    return { ...sample, notVisible: [...others, ...rows] };
  }

  close(): void {
    this.processes.clear();
    this.origins.close();
    this.binaries.close();
  }

  private async read(
    sample: Sample,
    tasks: readonly Task[],
    layout: KernelLayout | undefined,
  ): Promise<CallStack[]> {
    const tids = tasks.map(({ tid }) => tid);
    return readCallStacks(this.process(sample), this.binaries, await this.place(sample), tids, layout);
  }

  private async place({ process: { pid } }: Pick<Sample, 'process'>): Promise<Place> {
    const [mountinfo] = await this.target.read([`/proc/${pid}/mountinfo`]);
    const mounts = parseMountinfo(mountinfo?.ok ? mountinfo.data.toString('utf8') : '').rows;
    return { pid, mounts };
  }

  private process({ process: { pid, startTime = 0 } }: Pick<Sample, 'process'>): ProcessStacks {
    const key = `${pid} ${startTime}`;
    const stacks = this.processes.get(key) ?? new ProcessStacks(this.target, pid);
    this.processes.delete(key);
    this.processes.set(key, stacks);
    const [oldest] = this.processes.keys();
    if (this.processes.size > MOST_PROCESSES && oldest !== undefined) this.processes.delete(oldest);
    return stacks;
  }
}

/** The program's own threads that sleep: first those a finding rests on, then those that have requests pending. */
function threadsOf(sample: Sample): Task[] {
  const shown = new Set(
    sample.findings.flatMap(({ evidence }) => evidence.flatMap((one) => ('task' in one ? [one.task] : []))),
  );
  const submitters = new Set(sample.requests.flatMap(({ submitter, worker }) => [submitter, worker]));
  const rank = ({ tid }: Task): number => (shown.has(tid) ? 0 : submitters.has(tid) ? 1 : 2);
  return sample.tasks
    .filter(({ kind, state }) => kind === 'thread' && state !== 'R' && state !== 'Z' && state !== 'X')
    .sort((a, b) => rank(a) - rank(b))
    .slice(0, MOST_THREADS);
}
