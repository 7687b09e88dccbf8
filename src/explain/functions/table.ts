import type { KernelFrame } from '../../model/sample';
import { plainName } from '../../ring/issueFunctions';
import { BLOCK_LAYER } from './blockLayer';
import { DRIVERS } from './drivers';
import type { KernelFunction } from './entry';
import { EVENTS } from './events';
import { FUSE } from './fuse';
import { IO_URING } from './ioUring';
import { LOCAL_FILE_SYSTEMS } from './localFileSystems';
import { LOCKS } from './locks';
import { MEMORY } from './memory';
import { NETWORK_FILE_SYSTEMS } from './networkFileSystems';
import { PAGE_CACHE } from './pageCache';
import { PRIMITIVES } from './primitives';
import { SOCKETS } from './sockets';
import { STOPS } from './stops';
import { STREAMS } from './streams';

export const KERNEL_FUNCTIONS: readonly KernelFunction[] = [
  ...FUSE,
  ...NETWORK_FILE_SYSTEMS,
  ...LOCAL_FILE_SYSTEMS,
  ...PAGE_CACHE,
  ...BLOCK_LAYER,
  ...DRIVERS,
  ...MEMORY,
  ...LOCKS,
  ...STREAMS,
  ...SOCKETS,
  ...EVENTS,
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
      if (entry.inside && !entry.inside.some((inner) => further.has(inner))) continue;
      if (entry.innermost && [...further].some((inner) => !SCHEDULER.has(inner))) continue;
      const found = { function: frame.function, entry };
      if (entry.rank === 'specific') return found;
      if (entry.rank === 'layer') layer ??= found;
      else primitive ??= found;
    }
    further.add(name);
  }
  return layer ?? primitive;
}

/** The innermost frame that is not the scheduler's: what to name when no entry fits. */
export function innermostFrame(stack: readonly KernelFrame[]): string | undefined {
  return stack.find((frame) => !SCHEDULER.has(plainName(frame.function)))?.function;
}
