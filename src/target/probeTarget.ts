import { UserError } from '../model/errors';
import { errnoName } from '../probe/errno';
import {
  type Answer,
  type Failure,
  type Hello,
  type Item,
  type LinkResult,
  type ListResult,
  type MemoryRange,
  type MemoryResult,
  PROTOCOL,
  type ReadResult,
  type Verb,
} from '../probe/protocol';
import { decodeListing, encodeMemory, encodeRequest, ITEMS_MAX, itemSize, LIMIT_MAX } from '../probe/wire';
import { Channel } from './channel';
import type { Connection } from './connection';
import { probeFailed, wrongProtocol } from './probeErrors';
import type { ReadOptions, Target, TargetRights } from './target';

const DEFAULT_LIMIT = 1 << 20;
const DEFAULT_DEADLINE = 1000;
/** Items of a question's first request; each further one takes twice as many. */
const FIRST_BATCH = 64;

/**
 * Waits for the probe's greeting. Rejects with a `probe-failed` UserError when it does not come within
 * `patience` milliseconds, is no greeting, or is of another protocol; the connection is closed then.
 */
export async function connectProbe(
  connection: Connection,
  label: string,
  patience = 10_000,
): Promise<ProbeTarget> {
  const channel = new Channel(connection);
  try {
    const hello = await channel.greeting(patience);
    if (hello.protocol !== PROTOCOL) throw wrongProtocol(hello.protocol, PROTOCOL);
    return new ProbeTarget(channel, hello, label);
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

  constructor(
    private readonly channel: Channel,
    readonly hello: Hello,
    readonly label: string,
  ) {
    this.rights = { uid: hello.uid, capabilities: hello.capabilities };
    this.arch = hello.machine;
  }

  async read(paths: readonly string[], options?: ReadOptions): Promise<ReadResult[]> {
    const answers = await this.ask('read', paths, options);
    return answers.map(contentOf);
  }

  async list(
    paths: readonly string[],
    options?: ReadOptions & { readonly links?: boolean },
  ): Promise<ListResult[]> {
    const answers = await this.ask('list', paths, options, options?.links);
    return answers.map(listingOf);
  }

  async link(paths: readonly string[], options?: ReadOptions): Promise<LinkResult[]> {
    const answers = await this.ask('link', paths, options);
    return answers.map((answer) => failureOf(answer) ?? { ok: true, target: answer.data.toString('utf8') });
  }

  async memory(pid: number, ranges: readonly MemoryRange[], options?: ReadOptions): Promise<MemoryResult[]> {
    const answers = await this.ask(
      'memory',
      ranges.map((range) => encodeMemory(pid, range)),
      options,
    );
    return answers.map(contentOf);
  }

  dispose(): void {
    this.channel.close();
  }

  /** One answer for each body, in their order; as many requests as their size needs. */
  private async ask(
    verb: Verb,
    bodies: readonly (string | Buffer)[],
    options: ReadOptions = {},
    links = false,
  ): Promise<Answer[]> {
    if (bodies.length === 0) return [];
    const limit = Math.min(options.limit ?? DEFAULT_LIMIT, LIMIT_MAX);
    const deadline = options.deadline ?? DEFAULT_DEADLINE;
    const asked: Promise<Answer[]>[] = [];
    let most = FIRST_BATCH;
    for (let from = 0; from < bodies.length; ) {
      const items = batchOf(bodies, from, most, { limit, deadline });
      asked.push(this.channel.ask((id) => encodeRequest({ id, verb, links, items }), items.length, deadline));
      from += items.length;
      // The probe begins with the first batch while the rest are still being written.
      most *= 2;
    }
    return (await Promise.all(asked)).flat();
  }
}

/** Items from `from` on, `most` at the most and as many as a request has room for. */
function batchOf(
  bodies: readonly (string | Buffer)[],
  from: number,
  most: number,
  bounds: { readonly limit: number; readonly deadline: number },
): Item[] {
  const items: Item[] = [];
  let size = 0;
  for (let at = from; at < bodies.length && items.length < most; at++) {
    const body = bounded(bodies[at] ?? '');
    size += itemSize(body);
    if (size > ITEMS_MAX) break;
    items.push({ ...bounds, body });
  }
  return items;
}

/** A path longer than any the kernel takes is cut, which leaves it refused. */
function bounded(body: string | Buffer): string | Buffer {
  return body.length > 5000 ? body.slice(0, 5000) : body;
}

function failureOf(answer: Answer): Failure | undefined {
  return answer.errno === 0 ? undefined : { ok: false, errno: errnoName(answer.errno) };
}

function contentOf(answer: Answer): ReadResult {
  return failureOf(answer) ?? { ok: true, data: answer.data, truncated: answer.truncated };
}

function listingOf(answer: Answer): ListResult {
  const failure = failureOf(answer);
  if (failure) return failure;
  return { ok: true, entries: decodeListing(answer.data), truncated: answer.truncated };
}
