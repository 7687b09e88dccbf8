import { plainName } from '../ring/issueFunctions';
import { type Blocked, blockedOn } from './blocking';
import { candidateFiles } from './candidates';
import { diskOf, inFlightOf } from './disks';
import { carriedFiles } from './listedRequests';
import type { Scene } from './rule';
import { indexOf } from './sampleIndex';

/** Waits that look again every fifth of a second at most: their task never stands still, for all that it gets nowhere. */
const LOOKS_AGAIN = new Set(['balance_dirty_pages', 'balance_dirty_pages_ratelimited_flags']);

/** Whether a task is held back at both looks because of a disk that has finished nothing between them. */
export function heldByStillDisk({ sample, other }: Scene, { task, on, cause }: Blocked): boolean {
  if (!LOOKS_AGAIN.has(plainName(on.function))) return false;
  const earlier = other && indexOf(other).tasks.get(task.tid);
  if (!earlier || blockedOn(earlier)?.on.text !== on.text) return false;
  const files = carriedFiles(sample, [task]) ?? candidateFiles(sample, [task], cause, on.fd);
  const disks = files.map((file) => diskOf(sample, file));
  return disks.length > 0 && disks.every((disk) => disk?.finished === 0 && inFlightOf(disk) > 0);
}
