import { type LayoutCache, type OpenedLayout, openLayout } from '../kernel/openLayout';
import { beginWalk, type WalkBegun, walkKernel } from '../kernel/walk';
import type { KernelWalk, WalkedRing } from '../kernel/walked';
import type { Blindness } from '../model/sample';
import { type IoUringFdinfo, parseIoUringFdinfo } from '../procfs/ioUringFdinfo';
import { type MapsRow, parseMaps } from '../procfs/maps';
import { parseUptime } from '../procfs/uptime';
import type { Target } from '../target/target';
import type { RingDescriptor } from './ringInfo';
import { type RingMemory, readRingMemory } from './ringMemory';
import { textOf } from './text';

export interface PendingAsked {
  readonly pid: number;
  readonly rings: readonly RingDescriptor[];
  readonly mappings: readonly MapsRow[];
  /** /proc/PID/maps as a whole, for rings that live in ordinary memory; absent where it is not at hand. */
  readonly maps?: string;
  readonly ownInode: boolean;
  /** Absent: kernel memory is not walked at this look. */
  readonly walk?: WalkOptions;
  /** From beginWalking, where the walk is under way. */
  readonly begun?: Promise<WalkBegun | undefined>;
}

export interface WalkOptions {
  readonly layouts?: LayoutCache;
  /** Search the kernel's slabs for what stands on no list, where the counts do not match. */
  readonly search?: { readonly progress?: (fraction: number) => void };
  readonly signal?: AbortSignal;
}

/** What the two sources beyond /proc tell of a process's requests. */
export interface PendingSources {
  readonly memory: readonly RingMemory[];
  /** Absent where kernel memory could not be walked; `blind` says why. */
  readonly walk?: KernelWalk;
  readonly blind: readonly Blindness[];
  /** Seconds since boot when the rings’ memory was read; absent where no counters of theirs could be. */
  readonly countedAt?: number;
}

/**
 * Walks the kernel's structures, then reads the rings' memory with what the walk and fdinfo know of them: a request
 * that ends in between is still a row of the walk. Rejects only when the target is gone or the signal says so.
 */
export async function readPending(target: Target, asked: PendingAsked): Promise<PendingSources> {
  const { walk, blind } = await readWalk(target, asked);
  const [[clock], memory] = await Promise.all([
    target.read(['/proc/uptime']),
    readRingMemory(target, {
      pid: asked.pid,
      mappings: asked.mappings,
      ownInode: asked.ownInode,
      descriptors: asked.rings.map((ring) => hintsFor(ring, walk)),
      ...(asked.maps === undefined ? {} : { everyMapping: () => parseMaps(asked.maps ?? '').rows }),
    }),
  ]);
  const uptime = memory.some(({ counters }) => counters) ? parseUptime(textOf(clock) ?? '') : undefined;
  return { memory, ...(walk ? { walk } : {}), blind, ...(uptime === undefined ? {} : { countedAt: uptime }) };
}

const layouts = new WeakMap<Target, Promise<OpenedLayout>>();

/** What the kernel of a target has where; found out once. */
export function layoutOf(target: Target, { layouts: cache }: WalkOptions): Promise<OpenedLayout> {
  const origin = target.origin ?? target;
  const opening = layouts.get(origin) ?? openLayout(origin, cache);
  layouts.set(origin, opening);
  return opening;
}

/** Begins a walk while the process's rings are still looked for. */
export async function beginWalking(
  target: Target,
  pid: number,
  options: WalkOptions,
): Promise<WalkBegun | undefined> {
  if (!target.kernel) return undefined;
  const opened = await layoutOf(target, options);
  return opened.ok ? beginWalk(target, target.kernel, { pid, layout: opened.layout }) : undefined;
}

async function readWalk(
  target: Target,
  { pid, rings, walk: options, begun: under }: PendingAsked,
): Promise<{ readonly walk?: KernelWalk; readonly blind: readonly Blindness[] }> {
  if (!options || !target.kernel) return { blind: [] };
  const opened = await layoutOf(target, options);
  if (!opened.ok) return { blind: [opened.blindness] };
  const { signal, search } = options;
  const begun = await under;
  const walk = await walkKernel(target, {
    ...(begun ? { begun } : {}),
    pid,
    ringFds: rings.map(({ fd }) => fd),
    layout: opened.layout,
    ...(signal ? { signal } : {}),
    ...(search ? { search } : {}),
  });
  return walk.rings.length === 0 ? { blind: walk.trouble } : { walk, blind: walk.trouble };
}

function hintsFor(ring: RingDescriptor, walk: KernelWalk | undefined) {
  const { fd, inode } = ring;
  const info = ring.info === undefined ? undefined : parseIoUringFdinfo(ring.info);
  const walked = walk?.rings.find(({ fds }) => fds.includes(fd));
  const taken = walked?.sqHead ?? info?.counters?.cachedSqHead;
  return {
    fd,
    ...(inode === undefined ? {} : { inode }),
    ...(info?.counters ? { counters: info.counters } : {}),
    ...(walked ? { setup: walked.setup } : {}),
    ...(taken === undefined ? {} : { cachedSqHead: taken }),
    ...overflowOf(walked, info),
  };
}

function overflowOf(walked: WalkedRing | undefined, info: IoUringFdinfo | undefined) {
  if (info?.body && info.counters) return { overflowed: info.overflow };
  if (!walked) return {};
  const rows = walked.requests.filter(({ state }) => state === 'overflowed');
  return { overflowed: rows.map(({ userData }) => ({ userData: BigInt(userData ?? 0) })) };
}
