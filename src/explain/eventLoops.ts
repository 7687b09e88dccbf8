import type { Evidence, Resource, Sample } from '../model/sample';
import type { Scene } from './rule';
import { indexOf } from './sampleIndex';
import { counted, joined, processName } from './words';

/** What event loops wait for, a sentence each, with the proof. */
export interface EventLoops {
  readonly sentences: readonly string[];
  readonly evidence: readonly Evidence[];
}

/** Loops that are told one by one, and kinds of descriptors of each. */
const MOST_LOOPS = 3;
const MOST_KINDS = 5;

/** "Thread server (7) waits in the epoll set at descriptor 5 for 1 listening socket and 3 pipes." */
export function eventLoops({ sample, blocked }: Scene): EventLoops {
  const { resources } = indexOf(sample);
  const loops = blocked.flatMap(({ task, on }) => {
    const set = on.subsystem === 'epoll' && on.fd !== undefined ? resources.get(on.fd) : undefined;
    return set?.watches ? [{ task, set, watches: set.watches }] : [];
  });
  const told = loops.slice(0, MOST_LOOPS);
  return {
    sentences: told.map(({ task, set, watches }) => {
      const who = processName({ pid: task.tid, name: task.name });
      const what = kinds(
        watches.map((fd) => resources.get(fd)),
        sample,
      );
      return `Thread ${who} waits in the epoll set at descriptor ${set.fd} for ${what}.`;
    }),
    evidence: told.flatMap(({ task, set }) => [{ task: task.tid }, { fd: set.fd }]),
  };
}

/** What an epoll set watches, by kinds. */
export function watched(sample: Sample, set: Resource): string | undefined {
  const { resources } = indexOf(sample);
  return (
    set.watches &&
    kinds(
      set.watches.map((fd) => resources.get(fd)),
      sample,
    )
  );
}

/**
 * "3 pipes, 1 connection to 10.0.0.2:5432 and 1 listening socket"; a descriptor that is closed while its file lives on is
 * "descriptor".
 */
function kinds(found: readonly (Resource | undefined)[], { resources }: Sample): string {
  if (found.length === 0) return 'nothing: it watches no descriptor';
  const served = new Set(resources.filter(listens).flatMap((listening) => portOf(listening.socket?.local)));
  const counts = new Map<string, number>();
  for (const resource of found) {
    const kind = connectionOf(resource, served) ?? kindOf(resource);
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  const sorted = [...counts].sort((a, b) => b[1] - a[1]);
  const rest = sorted.slice(MOST_KINDS).reduce((sum, [, count]) => sum + count, 0);
  const parts = sorted.slice(0, MOST_KINDS).map(([kind, count]) => counted(count, kind));
  return joined(rest > 0 ? [...parts, counted(rest, 'other descriptor')] : parts);
}

/** A TCP connection by who asked for it: one to a port that the process listens on is a client's, any other its own. */
function connectionOf(resource: Resource | undefined, served: ReadonlySet<string>): string | undefined {
  const { protocol, local, peer, state } = resource?.socket ?? {};
  if (protocol?.startsWith('tcp') !== true || peer === undefined || state === 'LISTEN') return undefined;
  return portOf(local).some((port) => served.has(port)) ? 'client connection' : `connection to ${peer}`;
}

function portOf(address: string | undefined): string[] {
  const port = address && /:(\d+)$/.exec(address)?.[1];
  return port ? [port] : [];
}

function listens({ socket }: Resource): boolean {
  return /^LISTEN/.test(socket?.state ?? '');
}

function kindOf(resource: Resource | undefined): string {
  switch (resource?.kind) {
    case 'socket':
      return listens(resource) ? 'listening socket' : 'socket';
    case 'io_uring':
      return 'io_uring ring';
    case 'epoll':
      return 'epoll set';
    case undefined:
    case 'anonymous':
    case 'unknown':
      return 'descriptor';
    default:
      return resource?.kind ?? 'descriptor';
  }
}
