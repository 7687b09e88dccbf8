import { type Blocked, blockedOn } from './blocking';
import { candidateFiles } from './candidates';
import { diskOf, inFlightOf } from './disks';
import { carriedFiles } from './listedRequests';
import type { Scene } from './rule';
import { indexOf } from './sampleIndex';

/** Sleeps at most 0.2 s at a time and then looks whether it may write on: it never stands still. */
const PACED = 'balance_dirty_pages';

/**
 * A writer that the kernel slows down, told as one that waits for its disk where the disk has requests and finished none between
 * two looks. Of another one everything is well; undefined = one look cannot tell.
 */
export function pacedWriter(scene: Scene, blocked: Blocked): Blocked | 'well' | undefined {
  const { sample, other } = scene;
  const { task, on, cause } = blocked;
  if (!other) return undefined;
  const before = indexOf(other).tasks.get(task.tid);
  if (before === undefined || blockedOn(before)?.on.function !== on.function) return 'well';
  const fd = task.operation === undefined ? on.fd : undefined;
  const files = carriedFiles(sample, [task]) ?? candidateFiles(sample, [task], cause, fd);
  const stands = files.map((file) => {
    const disk = diskOf(sample, file);
    const earlier = other.devices?.find(({ name }) => name === disk?.name);
    return disk !== undefined && inFlightOf(disk) > 0 && earlier?.completed === disk.completed;
  });
  if (stands.length === 0 || stands.includes(false)) return 'well';
  return { ...blocked, cause: 'writeback' };
}

export function isPaced({ on }: Blocked): boolean {
  return on.function.startsWith(PACED);
}
