import type { ChainResult, ChaseResult } from '../probe/kernelProtocol';
import type { Failure, LinkResult, ListResult, MemoryResult, ReadResult } from '../probe/protocol';
import type { TcpSocket, UnixSocket } from '../probe/socketProtocol';
import type { Binaries } from './binaries';
import { ForeseenCalls, ForeseenPaths } from './foreseen';
import type { KernelMemory } from './kernelMemory';
import type { KernelSockets } from './kernelSockets';
import type { ListOptions, ReadOptions, Target } from './target';
import type { Tracing } from './tracing';

/** What was asked of paths; the answers of one path do not depend on the others'. */
interface AskedPaths {
  readonly verb: 'read' | 'list' | 'link' | 'inodes';
  readonly paths: readonly string[];
  readonly options: ListOptions | undefined;
  /** Paths whose answers are too long to be asked for on the chance that they are wanted. */
  readonly long: Set<string>;
}

/** What was asked as a whole: memory is read in an order that proves that it stood still. */
interface AskedCall {
  readonly verb: 'memory' | 'kernel' | 'sockets';
  readonly again: (view: View) => void;
  /** Questions of the same limits that follow one another go out as one, in their order. */
  readonly limits: string;
  bytes: number;
}

/** The questions of one look, in their order. */
export interface Asked {
  readonly calls: readonly (AskedPaths | AskedCall)[];
  /** What was foreseen of memory was not what the look came to ask for, or is too much: none is foreseen for the next one. */
  readonly missed: boolean;
}

/** Paths of one question: the answers to others are understood meanwhile. */
const PATHS_AT_A_TIME = 256;
/** Bytes of an answer that is asked for before it is wanted; and of all of a process's, or of the kernel's, memory. */
const LONG = 1 << 20;
/** Ranges, ways and lists of memory; a process of more is not worth it to compare them. */
const MOST_ITEMS = 4096;

/**
 * A target for one look that asks in its first round trip all that the look before asked. Each answer is given out once, to the
 * same question; what was not foreseen is asked as ever. So everything is read at this look, in the order of the last one: as if
 * the way to the host took no time. Once a question about the kernel's memory, or a descriptor of `pid`, was not
 * foreseen, nothing foreseen of memory is given out any more: it was read too early.
 */
export function foreseeing(
  target: Target,
  pid: number,
  before: Asked | undefined,
): { readonly target: Target; readonly asked: () => Asked } {
  const view = new View(target, `/proc/${pid}/fdinfo/`);
  if (before) void view.foresee(before);
  return { target: view, asked: () => view.asked() };
}

/** Without the search of all processes. */
export function withoutSearch({ calls, missed }: Asked): Asked {
  return { calls: calls.filter((call) => !('paths' in call && call.options?.only)), missed };
}

class View implements Target {
  readonly label: string;
  readonly frozen: boolean;
  readonly rights: Target['rights'];
  readonly arch: string;
  readonly self?: number;
  readonly foreignPids?: boolean;
  readonly processMemory?: boolean;
  readonly kernel?: KernelMemory;
  readonly sockets?: KernelSockets;
  readonly binaries?: Binaries;
  readonly tracing?: Tracing;
  readonly paths: {
    readonly read: ForeseenPaths<ReadResult>;
    readonly list: ForeseenPaths<ListResult>;
    readonly link: ForeseenPaths<LinkResult>;
    readonly inodes: ForeseenPaths<number | undefined>;
  };
  readonly memories = new ForeseenCalls<MemoryResult[]>();
  readonly ways = new ForeseenCalls<ChaseResult[]>();
  readonly chained = new ForeseenCalls<ChainResult[]>();
  readonly ranges = new ForeseenCalls<MemoryResult[]>();
  readonly unix = new ForeseenCalls<(UnixSocket | Failure)[]>();
  readonly tcp = new ForeseenCalls<(TcpSocket | Failure)[]>();
  private readonly calls: (AskedPaths | AskedCall)[] = [];
  private missed = false;
  /** Ranges, ways and lists that were asked for. */
  private items = 0;

  constructor(
    readonly origin: Target,
    private readonly own: string,
  ) {
    this.label = origin.label;
    this.frozen = origin.frozen;
    this.rights = origin.rights;
    this.arch = origin.arch;
    if (origin.self !== undefined) this.self = origin.self;
    if (origin.foreignPids !== undefined) this.foreignPids = origin.foreignPids;
    if (origin.processMemory !== undefined) this.processMemory = origin.processMemory;
    if (origin.binaries) this.binaries = origin.binaries;
    if (origin.tracing) this.tracing = origin.tracing;
    this.paths = {
      read: new ForeseenPaths((paths, options) => origin.read(paths, options)),
      list: new ForeseenPaths((paths, options) => origin.list(paths, options)),
      link: new ForeseenPaths((paths, options) => origin.link(paths, options)),
      inodes: new ForeseenPaths((paths, options) => origin.inodes(paths, options)),
    };
    if (origin.kernel) this.kernel = kernelView(this, origin.kernel);
    if (origin.sockets) this.sockets = socketsView(this, origin.sockets);
  }

  get processor(): number | undefined {
    return this.origin.processor;
  }

  asked(): Asked {
    return { calls: this.calls, missed: this.missed || this.items > MOST_ITEMS };
  }

  /** Asks all of it. Questions about memory go out at the end of their turn (Joiner), which ends where others follow. */
  async foresee({ calls, missed }: Asked): Promise<void> {
    const inOrder = !missed && !isHeavy(calls);
    for (let at = 0; at < calls.length; at++) {
      const call = calls[at];
      if (call && !('paths' in call)) {
        if (!inOrder && call.verb !== 'sockets') continue;
        call.again(this);
        const next = calls[at + 1];
        if (!next || 'paths' in next || next.verb !== call.verb || next.limits !== call.limits)
          await undefined;
      } else if (call) {
        const paths = call.paths.filter((path) => !call.long.has(path));
        const alike = JSON.stringify(call.options);
        for (let next = calls[at + 1]; paths.length < PATHS_AT_A_TIME; next = calls[at + 1]) {
          if (!next || !('paths' in next) || next.verb !== call.verb) break;
          if (JSON.stringify(next.options) !== alike) break;
          const { long } = next;
          paths.push(...next.paths.filter((path) => !long.has(path)));
          at++;
        }
        this.paths[call.verb].foresee(paths, call.options);
      }
    }
  }

  async read(paths: readonly string[], options?: ReadOptions): Promise<ReadResult[]> {
    const long = this.note('read', paths, options);
    const before = this.paths.read.live;
    const answering = this.paths.read.take(paths, options);
    if (this.paths.read.live !== before && paths.some((path) => path.startsWith(this.own))) this.miss();
    const answers = await answering;
    for (const [index, path] of paths.entries()) {
      const answer = answers[index];
      if (answer?.ok && answer.data.length > LONG) long.add(path);
    }
    return answers;
  }

  list(paths: readonly string[], options?: ListOptions): Promise<ListResult[]> {
    this.note('list', paths, options);
    return this.paths.list.take(paths, options);
  }

  link(paths: readonly string[], options?: ReadOptions): Promise<LinkResult[]> {
    this.note('link', paths, options);
    return this.paths.link.take(paths, options);
  }

  inodes(paths: readonly string[], options?: ReadOptions): Promise<(number | undefined)[]> {
    this.note('inodes', paths, options);
    return this.paths.inodes.take(paths, options);
  }

  memory(...asked: Parameters<Target['memory']>): Promise<MemoryResult[]> {
    const ask = (view: View) => view.origin.memory(...asked);
    return this.call('memory', (view) => view.memories, asked, asked[2], ask);
  }

  /** One question that is asked as a whole, foreseen or not. */
  call<A>(
    verb: AskedCall['verb'],
    store: (view: View) => ForeseenCalls<A>,
    asked: readonly unknown[],
    options: ReadOptions | undefined,
    ask: (view: View) => Promise<A>,
  ): Promise<A> {
    const own = store(this);
    this.items += asked.reduce((sum: number, one) => sum + (Array.isArray(one) ? one.length : 0), 0);
    if (this.items > MOST_ITEMS) {
      this.miss();
      return ask(this);
    }
    const key = `${verb} ${textOf(asked)}`;
    const again = (view: View) => store(view).foresee(key, () => ask(view));
    const call: AskedCall = { verb, again, limits: textOf(options ?? {}), bytes: 0 };
    this.calls.push(call);
    const foreseen = own.take(key);
    if (!foreseen && verb !== 'sockets') this.miss(verb);
    const answers = foreseen ?? ask(this);
    answers.then(
      (given) => {
        const all: readonly unknown[] = Array.isArray(given) ? given : [given];
        call.bytes = all.reduce((sum: number, one) => sum + bytesOf(one), 0);
      },
      () => undefined,
    );
    return answers;
  }

  /** What is not of the order that was foreseen: what was read of memory after it may have been read too early. */
  private miss(verb: 'memory' | 'kernel' = 'kernel'): void {
    const stores =
      verb === 'memory' ? [this.memories] : [this.memories, this.ways, this.chained, this.ranges];
    for (const store of stores) if (store.forget()) this.missed = true;
  }

  private note(
    verb: AskedPaths['verb'],
    paths: readonly string[],
    options: ListOptions | undefined,
  ): Set<string> {
    const long = new Set<string>();
    this.calls.push({ verb, paths, options, long });
    return long;
  }

  dispose(): void {
    // It belongs to the target.
  }
}

/** Questions go to the target of the look that asks them: after a host was lost that is another one than that of the look before. */
function kernelView(view: View, kernel: KernelMemory): KernelMemory {
  const of = (one: View): KernelMemory => one.origin.kernel ?? kernel;
  return {
    find: async (pid, way, options) => {
      const ask = async (one: View) => [await of(one).find(pid, way, options)];
      const [found] = await view.call('kernel', (one) => one.ways, ['find', pid, way, options], options, ask);
      return found ?? { ok: false, errno: 'EIO' };
    },
    read: (ranges, options) => {
      const ask = (one: View) => of(one).read(ranges, options);
      return view.call('kernel', (one) => one.ranges, ['read', ranges, options], options, ask);
    },
    chase: (ways, options) => {
      const ask = (one: View) => of(one).chase(ways, options);
      return view.call('kernel', (one) => one.ways, ['chase', ways, options], options, ask);
    },
    chains: (chains, options) => {
      const ask = (one: View) => of(one).chains(chains, options);
      return view.call('kernel', (one) => one.chained, ['chains', chains, options], options, ask);
    },
    scan: (...asked) => kernel.scan(...asked),
  };
}

function socketsView(view: View, sockets: KernelSockets): KernelSockets {
  const of = (one: View): KernelSockets => one.origin.sockets ?? sockets;
  return {
    unix: (inodes, options) => {
      const ask = (one: View) => of(one).unix(inodes, options);
      return view.call('sockets', (one) => one.unix, ['unix', inodes, options], options, ask);
    },
    tcp: (ends, options) => {
      const ask = (one: View) => of(one).tcp(ends, options);
      return view.call('sockets', (one) => one.tcp, ['tcp', ends, options], options, ask);
    },
  };
}

/** More memory than is asked for on the chance that it is wanted. */
function isHeavy(calls: Asked['calls']): boolean {
  return calls.reduce((sum, call) => sum + ('paths' in call ? 0 : call.bytes), 0) > LONG;
}

function bytesOf(answer: unknown): number {
  if (typeof answer !== 'object' || answer === null) return 0;
  if ('data' in answer && Buffer.isBuffer(answer.data)) return answer.data.length;
  if (!('records' in answer) || !Array.isArray(answer.records)) return 0;
  return answer.records.reduce((sum: number, one: unknown) => sum + bytesOf(one), 0);
}

function textOf(asked: unknown): string {
  return JSON.stringify(asked, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value));
}
