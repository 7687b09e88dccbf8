import { UserError } from '../model/errors';
import {
  type Body,
  type Hello,
  type LinkResult,
  type ListResult,
  type MemoryRange,
  type MemoryResult,
  PROTOCOL,
  type Question,
  type ReadResult,
  type Verb,
} from '../probe/protocol';
import { decodeListing, encodeMemory, encodeWanted, LIMIT_MAX } from '../probe/wire';
import type { Binaries } from './binaries';
import { Channel } from './channel';
import type { Connection } from './connection';
import { Joiner } from './joiner';
import { keepAlive } from './keepAlive';
import type { KernelMemory } from './kernelMemory';
import type { KernelSockets } from './kernelSockets';
import { ProbeBinaries } from './probeBinaries';
import { probeFailed, wrongProtocol } from './probeErrors';
import { ProbeKernel } from './probeKernel';
import type { ProbeOptions } from './probeOptions';
import { ProbeSockets } from './probeSockets';
import { ProbeTracing } from './probeTracing';
import type { ListOptions, ReadOptions, Target, TargetRights } from './target';
import type { Tracing } from './tracing';

const DEFAULT_LIMIT = 1 << 20;
/** Room for the links of some 50,000 descriptors. */
const DEFAULT_LIST_LIMIT = 8 << 20;
const DEFAULT_DEADLINE = 1000;

export interface ConnectOptions extends Pick<ProbeOptions, 'processMemory'> {
  /** Milliseconds for the greeting. Default 10 s. */
  readonly patience?: number;
  /** Seconds without a word from here after which the probe ends by itself; absent = only with its connection. */
  readonly idle?: number;
}

/**
 * Waits for the probe's greeting. Rejects with a `probe-failed` UserError when it does not come in time, is no greeting, or is of
 * another protocol; the connection is closed then.
 */
export async function connectProbe(
  connection: Connection,
  label: string,
  { patience = 10_000, idle, processMemory = true }: ConnectOptions = {},
): Promise<ProbeTarget> {
  const channel = new Channel(connection);
  try {
    const hello = await channel.greeting(patience);
    if (hello.protocol !== PROTOCOL) throw wrongProtocol(hello.protocol, PROTOCOL);
    if (idle !== undefined) keepAlive(channel, idle, connection.ended);
    return new ProbeTarget(channel, hello, label, connection.ended, processMemory);
  } catch (error) {
    channel.close();
    throw error instanceof UserError ? error : probeFailed(String(error));
  }
}

/** A host read through a running probe. */
export class ProbeTarget implements Target {
  readonly frozen = false;
  readonly rights: TargetRights;
  readonly arch: string;
  readonly self?: number;
  readonly foreignPids: boolean;
  private readonly memories: Joiner;
  readonly kernel: KernelMemory;
  readonly sockets: KernelSockets;
  readonly tracing: Tracing;
  readonly binaries: Binaries;

  constructor(
    private readonly channel: Channel,
    readonly hello: Hello,
    readonly label: string,
    readonly lost: Promise<string>,
    readonly processMemory: boolean,
  ) {
    this.rights = { uid: hello.uid, capabilities: hello.capabilities };
    this.arch = hello.machine;
    this.foreignPids = hello.foreignPids;
    if (hello.pid !== 0) this.self = hello.pid;
    this.memories = new Joiner((bodies, options) => this.ask('memory', bodies, options));
    this.kernel = new ProbeKernel((bodies, options) => this.ask('kernel', bodies, options));
    this.sockets = new ProbeSockets((bodies, options) => this.ask('sockets', bodies, options));
    this.tracing = new ProbeTracing((bodies, options) => this.ask('trace', bodies, options));
    this.binaries = new ProbeBinaries((bodies, options) => this.ask('elf', bodies, options));
  }

  get processor(): number {
    return this.channel.processor;
  }

  read(paths: readonly string[], options?: ReadOptions): Promise<ReadResult[]> {
    return this.ask('read', paths, options);
  }

  async list(paths: readonly string[], options?: ListOptions): Promise<ListResult[]> {
    const behind = options?.only && encodeWanted(options.only);
    const only = options?.only && behind === undefined ? new Set(options.only) : undefined;
    const answers = await this.ask(
      'list',
      behind === undefined ? paths : paths.map((path) => path + behind),
      {
        ...options,
        links: options?.links === true || options?.only !== undefined,
        only: behind !== undefined,
      },
    );
    return answers.map((answer) => listingOf(answer, only));
  }

  async link(paths: readonly string[], options?: ReadOptions): Promise<LinkResult[]> {
    const answers = await this.ask('link', paths, options);
    return answers.map((answer) => (answer.ok ? { ok: true, target: answer.data.toString('utf8') } : answer));
  }

  async inodes(paths: readonly string[], options?: ReadOptions): Promise<(number | undefined)[]> {
    const answers = await this.ask('link', paths, { ...options, inode: true });
    return answers.map((answer) =>
      answer.ok && answer.data.length === 8 ? Number(answer.data.readBigUInt64LE()) : undefined,
    );
  }

  memory(pid: number, ranges: readonly MemoryRange[], options?: ReadOptions): Promise<MemoryResult[]> {
    return this.memories.join(
      ranges.map((range) => encodeMemory(pid, range)),
      options,
    );
  }

  dispose(): void {
    this.channel.close();
  }

  private ask(
    verb: Verb,
    bodies: readonly Body[],
    options: ReadOptions & Pick<Question, 'links' | 'only' | 'inode'> = {},
  ): Promise<ReadResult[]> {
    const { links = false, only = false, inode = false } = options;
    const usual = verb === 'list' ? DEFAULT_LIST_LIMIT : DEFAULT_LIMIT;
    const limit = Math.min(options.limit ?? usual, LIMIT_MAX);
    const deadline = options.deadline ?? DEFAULT_DEADLINE;
    return this.channel.ask({ verb, links, only, inode, limit, deadline }, bodies);
  }
}

/** `only`: what the probe was not told to leave out. */
function listingOf(answer: ReadResult, only: ReadonlySet<string> | undefined): ListResult {
  if (!answer.ok) return answer;
  const all = decodeListing(answer.data);
  const entries = only ? all.filter(({ link }) => link !== undefined && only.has(link)) : all;
  return { ok: true, entries, truncated: answer.truncated };
}
