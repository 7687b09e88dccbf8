import type { Evidence, Resource } from '../model/sample';
import type { Blocked } from './blocking';
import { socketSentences } from './otherEnds';
import type { Scene } from './rule';
import { indexOf } from './sampleIndex';
import { joined, resourceName } from './words';

/** Descriptors of one poll that are named; who waits for more has an event loop. */
const MOST_NAMED = 2;
/** Sockets that are told with state and queues. */
const MOST_TOLD = 3;

/** What a thread at rest waits for; of a poll for one or two descriptors "waits in poll for TCP a → b, whose other end is db (7)". */
export function restText({ sample }: Scene, { task, on }: Blocked): string {
  const polled = polledOf(sample, task.syscall?.polls);
  const { pid } = sample.process;
  return polled.length === 0
    ? on.text
    : `waits in poll for ${joined(polled.map((resource) => resourceName(resource, pid)))}`;
}

/** States of the sockets that are waited for in this way, with the proof. */
export function polledSockets({ sample, blocked }: Scene): {
  readonly sentences: readonly string[];
  readonly evidence: readonly Evidence[];
} {
  const found = new Map<number, Resource>();
  for (const { task } of blocked)
    for (const resource of polledOf(sample, task.syscall?.polls)) found.set(resource.fd, resource);
  const told = [...found.values()].slice(0, MOST_TOLD);
  return { sentences: told.flatMap(socketSentences), evidence: told.map(({ fd }) => ({ fd })) };
}

/** None where one of them is not known, or they are too many. */
function polledOf(sample: Scene['sample'], fds: readonly number[] | undefined): Resource[] {
  if (!Array.isArray(fds) || fds.length > MOST_NAMED) return [];
  const { resources } = indexOf(sample);
  const found = fds.flatMap((fd) => resources.get(fd) ?? []);
  return found.length === fds.length ? found : [];
}
