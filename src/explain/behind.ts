import { behindListed } from './behindListed';
import type { Blocked } from './blocking';
import { isPlaced, unplaced } from './certainty';
import type { Scene } from './rule';
import { counted, sentence } from './words';
import { workerLimit } from './workers';

/** Requests in flight that stand behind held ones, in words. */
export interface Behind {
  readonly count: number;
  /** Indexes of those that have a row. */
  readonly requests?: readonly number[];
  readonly summary: string;
  readonly explanation: string;
}

const NOTHING_BEHIND: Behind = { count: 0, summary: '', explanation: '' };

/**
 * What stands behind the tasks that are held; of several causes only the main one has the queue. Where it is not
 * known in which state the requests stand, they can only stand behind the held workers.
 */
export function behind(
  scene: Scene,
  carriers: readonly Blocked[],
  main: boolean,
  grave: ReadonlySet<number>,
): Behind {
  const { sample } = scene;
  if (isPlaced(sample)) return behindListed(sample, carriers, main, grave);
  const workers = carriers.filter(({ task }) => task.kind === 'worker');
  if (!main || workers.length === 0) return NOTHING_BEHIND;
  const count = sample.rings.reduce((sum, ring) => sum + unplaced(sample, ring), 0);
  if (count === 0) return NOTHING_BEHIND;
  const limit = workerLimit(sample);
  const writes = workers.every(({ task }) => task.operation === 'WRITE');
  const more = counted(count, 'more request');
  if (limit && workers.length >= limit.count) {
    return {
      count,
      summary: `; ${more} queue${count === 1 ? 's' : ''} behind, for all ${counted(limit.count, 'worker')} ${limit.count === 1 ? 'is' : 'are'} taken`,
      explanation: `The ring may use ${counted(limit.count, 'worker')} for files (the smaller of its SQ entries and four times the processors) and all are held; ${more} cannot start before one is free.`,
    };
  }
  if (writes && workers.length === 1) {
    return {
      count,
      summary: `; ${more} ${count === 1 ? 'is' : 'are'} in flight, most likely queued behind it`,
      explanation: `Writes to one file run one after the other in io-wq (hashed work), so ${more} most likely wait for the one in the worker.`,
    };
  }
  return {
    count,
    summary: `; ${more} ${count === 1 ? 'is' : 'are'} in flight`,
    explanation: `${sentence(more)} ${count === 1 ? 'is' : 'are'} in flight without a thread: queued behind the workers, or inside the file system or device already.`,
  };
}
