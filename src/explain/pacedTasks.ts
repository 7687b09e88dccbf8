import { plainName } from '../ring/issueFunctions';
import { type Blocked, blockedOn } from './blocking';
import { candidateFiles } from './candidates';
import { diskOf, inFlightOf } from './disks';
import { carriedFiles } from './listedRequests';
import type { Scene } from './rule';
import { indexOf } from './sampleIndex';

/** Waits that sleep for a fraction of a second at a time (`balance_dirty_pages` 0.2 s, over memory.high 2 s): these tasks never stand still. */
const PACED = /^balance_dirty_pages|mem_cgroup_handle_over_high$/;

/**
 * A task that the kernel slows down at both looks. A writer is told as one that waits for its disk where the disk has requests and
 * finished none between them; with another one everything is well. Undefined = one look cannot tell.
 */
export function pacedTask(scene: Scene, blocked: Blocked): Blocked | 'well' | undefined {
  const { sample, other } = scene;
  const { task, on, cause } = blocked;
  if (!other) return undefined;
  const before = indexOf(other).tasks.get(task.tid);
  if (before === undefined || blockedOn(before)?.on.function !== on.function) return 'well';
  if (on.subsystem === 'memory limit') return blocked;
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
  return PACED.test(plainName(on.function));
}
