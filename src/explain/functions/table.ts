import type { KernelFrame } from '../../model/sample';
import { plainName } from '../../ring/issueFunctions';
import { ADDRESS_SPACE } from './addressSpace';
import { BLOCK_LAYER } from './blockLayer';
import { BTRFS } from './btrfs';
import { CHARACTER_DEVICES } from './characterDevices';
import { DRIVERS } from './drivers';
import type { KernelFunction } from './entry';
import { EVENTS } from './events';
import { EXT4 } from './ext4';
import { FREEZE } from './freeze';
import { FUSE } from './fuse';
import { HELPERS } from './helpers';
import { IO_URING } from './ioUring';
import { LOCKS } from './locks';
import { MEMORY } from './memory';
import { NETWORK_FILE_SYSTEMS } from './networkFileSystems';
import { NFS } from './nfs';
import { OTHER_FILE_SYSTEMS } from './otherFileSystems';
import { PAGE_CACHE } from './pageCache';
import { PRIMITIVES } from './primitives';
import { PROCESSES } from './processes';
import { SOCKETS } from './sockets';
import { STACKED_DEVICES } from './stackedDevices';
import { STOPS } from './stops';
import { STREAMS } from './streams';
import { SYSTEM_LOCKS } from './systemLocks';
import { WRITEBACK } from './writeback';
import { XFS } from './xfs';

export const KERNEL_FUNCTIONS: readonly KernelFunction[] = [
  ...FUSE,
  ...NFS,
  ...NETWORK_FILE_SYSTEMS,
  ...HELPERS,
  ...EXT4,
  ...XFS,
  ...BTRFS,
  ...OTHER_FILE_SYSTEMS,
  ...FREEZE,
  ...PAGE_CACHE,
  ...WRITEBACK,
  ...BLOCK_LAYER,
  ...STACKED_DEVICES,
  ...DRIVERS,
  ...MEMORY,
  ...ADDRESS_SPACE,
  ...LOCKS,
  ...SYSTEM_LOCKS,
  ...STREAMS,
  ...SOCKETS,
  ...EVENTS,
  ...CHARACTER_DEVICES,
  ...PROCESSES,
  ...STOPS,
  ...IO_URING,
  ...PRIMITIVES,
];

const BY_NAME = new Map<string, KernelFunction[]>();
for (const entry of KERNEL_FUNCTIONS) {
  for (const name of entry.names) BY_NAME.set(name, [...(BY_NAME.get(name) ?? []), entry]);
}

/** Scheduler frames: never the answer. */
const SCHEDULER = new Set([
  '__switch_to',
  '__schedule',
  'schedule',
  'schedule_timeout',
  'schedule_preempt_disabled',
  'io_schedule',
  'preempt_schedule',
]);

export interface Blocking {
  /** The function as the kernel printed it. */
  readonly function: string;
  readonly entry: KernelFunction;
}

/** What is further out than a page fault of the kernel has only touched memory: it is not what the task waits for. */
const FAULTS = new Set(['exc_page_fault', 'asm_exc_page_fault', 'do_page_fault', 'do_mem_abort']);

/**
 * The frame that says why a task waits. Going outwards from the innermost frame the first specific entry
 * wins, then the first layer, then the first primitive; undefined = no frame is known.
 */
export function blockingFrame(stack: readonly Pick<KernelFrame, 'function'>[]): Blocking | undefined {
  const further = new Set<string>();
  let layer: Blocking | undefined;
  let primitive: Blocking | undefined;
  for (const frame of stack) {
    const name = plainName(frame.function);
    for (const entry of BY_NAME.get(name) ?? []) {
      if (!holds(entry, further)) continue;
      const found = { function: frame.function, entry };
      if (entry.rank === 'specific') return found;
      if (entry.rank === 'layer') layer ??= found;
      else primitive ??= found;
    }
    if (FAULTS.has(name)) break;
    further.add(name);
  }
  return layer ?? primitive;
}

/** Whether an entry's condition holds where these functions stand further in than its own. */
export function holds(entry: KernelFunction, further: ReadonlySet<string>): boolean {
  if (entry.inside && !entry.inside.some((inner) => further.has(inner))) return false;
  return !entry.innermost || [...further].every((inner) => SCHEDULER.has(inner));
}

/** The innermost frame that is not the scheduler's: what to name when no entry fits. */
export function innermostFrame(stack: readonly KernelFrame[]): string | undefined {
  return stack.find((frame) => !SCHEDULER.has(plainName(frame.function)))?.function;
}
