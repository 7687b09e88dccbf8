import type { Blindness } from '../model/sample';
import type { KernelMemory } from '../target/kernelMemory';
import type { Target } from '../target/target';
import type { KernelLayout } from './layout';
import { type Numbering, numberingOf } from './numbering';
import { pass } from './pass';
import { findLeader, type Leader } from './process';
import { Reader } from './reader';
import { type Registered, readRegistered } from './registered';
import type { SlabSearch } from './slab';
import { neverStill, noKernelMemory, otherNamespace, partlyUnknown, processGone, refusedBy } from './trouble';
import type { KernelWalk } from './walked';

export interface WalkAsked {
  readonly pid: number;
  /** Its descriptors that are rings. */
  readonly ringFds: readonly number[];
  readonly layout: KernelLayout;
  readonly signal?: AbortSignal;
  /** Looks for requests on no list, too, where the kernel counts more than the lists have. Takes 0.1 to 1 s. */
  readonly search?: SlabSearch;
  /** What beginWalk gave for this process, a moment ago. */
  readonly begun?: WalkBegun;
}

/** A process as a walk finds it first; an errno where it does not. */
export interface WalkBegun {
  readonly leader: Leader | string;
  /** Undefined: of another PID namespace. */
  readonly numbering: Numbering | 'outermost' | undefined;
}

/** A stuck process stands still; one that does not is looked at so many times. */
const ATTEMPTS = 3;

/**
 * All requests in flight of a process, from the kernel's own structures. No lock is taken: what is read is checked for
 * having stood still. Rejects with the reason of `signal`, or when the target is gone.
 */
export async function walkKernel(target: Target, asked: WalkAsked): Promise<KernelWalk> {
  const memory = target.kernel;
  if (memory === undefined) return nothing(noKernelMemory(target));
  const { leader: first, numbering } = asked.begun ?? (await beginWalk(target, memory, asked));
  if (typeof first === 'string') return nothing(await failed(target, asked.pid, first));
  if (numbering === undefined) return nothing(otherNamespace());
  let moved: readonly string[] = [];
  for (let attempt = 1; ; attempt++) {
    const reader = new Reader(
      memory,
      asked.layout,
      asked.signal,
      numbering === 'outermost' ? undefined : numbering,
    );
    const { gone, contexts, table, ...found } = await pass(
      reader,
      target,
      first,
      asked.ringFds,
      () => fate(memory, asked, first),
      asked.search,
    );
    if (reader.refused !== undefined) return nothing(await refusedBy(target, reader.refused));
    if (gone !== undefined) return nothing(gone);
    moved = [...reader.broken];
    if (found.consistent || attempt === ATTEMPTS) {
      const { missing } = asked.layout;
      const trouble = [
        ...(found.consistent ? [] : [neverStill(moved)]),
        ...found.trouble,
        ...(missing.length === 0 ? [] : [partlyUnknown(missing)]),
      ];
      const registered = await readRegistered(reader, contexts, table);
      const rings = found.rings.map((ring, index) => ({
        ...ring,
        registered: registered.get(contexts[index]?.ring.address ?? 0n) ?? NOTHING_REGISTERED,
      }));
      return { ...found, rings, trouble };
    }
  }
}

const NOTHING_REGISTERED: Registered = { groups: [] };

/** The first round trips of a walk, for which its rings need not be known. */
export async function beginWalk(
  target: Target,
  memory: KernelMemory,
  { pid, layout, signal }: Pick<WalkAsked, 'pid' | 'layout' | 'signal'>,
): Promise<WalkBegun> {
  const leader = await findLeader(memory, layout, pid);
  if (typeof leader === 'string') return { leader, numbering: undefined };
  return { leader, numbering: await numberingOf(target, new Reader(memory, layout, signal), leader, pid) };
}

/** Whether the pid still stands for the process and its program; what happened otherwise. */
async function fate(
  memory: KernelMemory,
  { layout, pid }: WalkAsked,
  before: { readonly process: string; readonly program: string },
): Promise<Blindness | undefined> {
  const after = await findLeader(memory, layout, pid);
  if (typeof after === 'string' || after.process !== before.process) return processGone('ended');
  return after.program === before.program ? undefined : processGone('executed another program');
}

/** A process that /proc shows and nobody has the pid of is of another namespace. */
async function failed(target: Target, pid: number, errno: string): Promise<Blindness> {
  if (errno !== 'ESRCH') return refusedBy(target, errno);
  const [file] = await target.read([`/proc/${pid}/status`]);
  return file?.ok ? otherNamespace() : processGone('ended');
}

function nothing(trouble: Blindness): KernelWalk {
  return { rings: [], pools: [], trouble: [trouble], consistent: false };
}
