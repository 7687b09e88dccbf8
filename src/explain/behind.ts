import type { Request } from '../model/sample';
import { behindListed } from './behindListed';
import type { Blocked } from './blocking';
import { isPlaced, isUnplaced, unplaced } from './certainty';
import { otherFiles } from './otherFiles';
import { allTaken, cannotStart } from './queueWords';
import type { Scene } from './rule';
import { counted, sentence } from './words';
import { workerLimit } from './workers';

/** Requests in flight that stand behind held ones, in words. */
export interface Behind {
  readonly count: number;
  /** Indexes of those that have a row. */
  readonly requests?: readonly number[];
  readonly summary: string;
  /** Follows "8 of 8 io-wq workers are blocked in …;": what cannot start meanwhile. */
  readonly cannotStart?: string;
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
    const others = otherFiles(sample, sample.requests.filter(isUnplaced), sample.requests.filter(isRunning));
    const among = others.text === '' ? '' : `, ${others.text},`;
    return {
      count,
      summary: `; ${more}${among} queue${count === 1 ? 's' : ''} behind, for ${allTaken(limit.count, limit.count)}`,
      cannotStart: cannotStart(count, others),
      explanation: `The ring may use ${counted(limit.count, 'worker')} for files: the smaller of its SQ entries and four times the processors.`,
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

function isRunning({ state }: Request): boolean {
  return state === 'running';
}
