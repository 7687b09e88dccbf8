import { type MapsRow, ringMappings } from '../procfs/maps';
import type { Target } from '../target/target';
import { type AioFound, readAio } from './aio';
import type { Descriptor } from './descriptors';
import { type PendingAsked, type PendingSources, readPending, type WalkOptions } from './pendingSources';
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
  readonly begun?: PendingAsked['begun'];
}

/** All that is known of a process's rings: fdinfo, the kernel's structures, the rings' memory. */
export interface RingSources {
  readonly mappings: readonly MapsRow[];
  readonly rings: RingInfos;
  readonly pending: PendingSources;
  /** The older interface, which a program may use beside its rings. */
  readonly aio: AioFound;
}

export async function readRingSources(target: Target, asked: RingSourcesAsked): Promise<RingSources> {
  const { pid, maps, walk, signal } = asked;
  const [rings, aio] = await Promise.all([
    readRings(target, asked),
    readAio(target, { pid, maps, walk, signal }),
  ]);
  return { ...rings, aio };
}

async function readRings(
  target: Target,
  { pid, maps, ownInode, walk, signal, begun, rings: descriptors }: RingSourcesAsked,
): Promise<Omit<RingSources, 'aio'>> {
  const mappings = ringMappings(maps);
  const rings = await readRingInfos(target, pid, descriptors, mappings);
  const pending = await readPending(target, {
    pid,
    rings: rings.descriptors,
    mappings,
    maps,
    ownInode,
    ...(begun ? { begun } : {}),
    ...(walk === false ? {} : { walk: { ...walk, ...(signal ? { signal } : {}) } }),
  });
  return { mappings, rings, pending };
}
