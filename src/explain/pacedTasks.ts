import { plainName } from '../ring/issueFunctions';
import { type Blocked, blockedOn } from './blocking';
import { candidateFiles } from './candidates';
import { diskOf, inFlightOf } from './disks';
import { carriedFiles } from './listedRequests';
import { isMemoryLimit } from './memoryLimits';
import { inFlight } from './ringCounts';
import { before, type Scene } from './rule';
import { indexOf } from './sampleIndex';

/**
 * Waits that sleep for a fraction of a second at a time and then look whether they may go on (over memory.high for 2 s at
 * most): these tasks never stand still.
 */
const PACED = /^(?:balance_dirty_pages.*|_*mem_cgroup_handle_over_high|ioc_rqos_throttle)$/;

export function isPaced({ on }: Blocked): boolean {
  return PACED.test(plainName(on.function));
}

/**
 * A task that the kernel slows down at both looks, while nothing of it went on; undefined = one look cannot tell. A writer
 * whose disk has requests and finished none is told as one that waits for it.
 */
export function pacedTask(scene: Scene, blocked: Blocked): Blocked | 'well' | undefined {
  const { other } = scene;
  const { task, on } = blocked;
  if (!other) return undefined;
  const earlier = indexOf(other).tasks.get(task.tid);
  if (earlier === undefined || blockedOn(earlier)?.on.function !== on.function) return 'well';
  if (isMemoryLimit(blocked)) return blocked;
  const busy = scene.sample.rings.filter((ring) => inFlight(ring) !== 0);
  const moved = busy.some((ring) => before(scene, ring)?.cqTail !== ring.cqTail);
  if (task.operation !== undefined && moved) return 'well';
  const disks = standingDisks(scene, blocked);
  if (disks === undefined) return 'well';
  return on.function.startsWith('balance_dirty_pages')
    ? disks > 0
      ? { ...blocked, cause: 'writeback' }
      : 'well'
    : blocked;
}

/** How many requests the disks of its files have in flight; undefined where one of them finished any, or none is known. */
function standingDisks({ sample, other }: Scene, { task, on, cause }: Blocked): number | undefined {
  const fd = task.operation === undefined ? on.fd : undefined;
  const files = carriedFiles(sample, [task]) ?? candidateFiles(sample, [task], cause, fd);
  if (files.length === 0) return undefined;
  let requests = 0;
  for (const file of files) {
    const disk = diskOf(sample, file);
    const earlier = other?.devices?.find(({ name }) => name === disk?.name);
    if (disk === undefined || earlier?.completed !== disk.completed) return undefined;
    requests += inFlightOf(disk);
  }
  return requests;
}
