import { type MapsRow, ringMappings } from '../procfs/maps';
import type { Target } from '../target/target';
import type { Descriptor } from './descriptors';
import { type PendingSources, readPending, type WalkOptions } from './pendingSources';
import { type RingInfos, readRingInfos } from './ringInfo';

export interface RingSourcesAsked {
  readonly pid: number;
  /** Its descriptors that are rings. */
  readonly rings: readonly Descriptor[];
  /** /proc/PID/maps. */
  readonly maps: string;
  readonly ownInode: boolean;
  readonly walk: WalkOptions | false | undefined;
  readonly signal: AbortSignal | undefined;
}

/** All that is known of a process's rings: fdinfo, the kernel's structures, the rings' memory. */
export interface RingSources {
  readonly mappings: readonly MapsRow[];
  readonly rings: RingInfos;
  readonly pending: PendingSources;
}

export async function readRingSources(target: Target, asked: RingSourcesAsked): Promise<RingSources> {
  const { pid, maps, ownInode, walk, signal } = asked;
  const mappings = ringMappings(maps);
  const rings = await readRingInfos(target, pid, asked.rings, mappings);
  const pending = await readPending(target, {
    pid,
    rings: rings.descriptors,
    mappings,
    maps,
    ownInode,
    ...(walk === false ? {} : { walk: { ...walk, ...(signal ? { signal } : {}) } }),
  });
  return { mappings, rings, pending };
}
