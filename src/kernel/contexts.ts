import type { FileTable, Thread } from './process';
import { readTasks } from './process';
import { MOST, type Reader, type Way } from './reader';
import { Structure } from './structure';

/** A ring as the kernel has it: an io_ring_ctx, and by which ways the process reaches it. */
export interface RingContext {
  readonly ring: Structure;
  /** Descriptors of the process, ascending. */
  readonly fds: number[];
  readonly inode?: number;
  registeredBy?: { readonly tid: number; readonly index: number };
}

/** An io_uring_task: what a thread has of io_uring. */
export interface Tctx {
  readonly owner: Thread;
  readonly tctx: Structure;
}

/** Rings looked at in one process, and tasks that use them. */
const MOST_RINGS = 1024;
const MOST_TASKS = 4096;

/** The rings behind descriptors of the process and behind what its threads have registered, each once. */
export async function readRings(
  reader: Reader,
  table: FileTable,
  ringFds: readonly number[],
  tctxs: readonly Tctx[],
): Promise<RingContext[]> {
  const { needed } = reader.layout;
  const held = [...ringFds]
    .sort((a, b) => a - b)
    .map((fd): RingFile => ({ file: table.files[fd] ?? 0n, fd, registered: undefined }));
  const ways = [...held, ...registeredFiles(reader, tctxs)]
    .filter(({ file }) => file !== 0n)
    .slice(0, MOST_RINGS);
  // The rings are asked for in the same turn as where they are: of files, for a ring has seldom two.
  const files = [...new Set(ways.map(({ file }) => file))];
  const [pointers, inodes, behind] = await Promise.all([
    reader.structures(
      ways.map(({ file }) => ({ address: file, start: needed.filePrivate[0], length: 8 })),
      'rings of the process',
    ),
    reader.records(
      ways.map(
        ({ file }): Way => ({
          from: file,
          steps: [needed.fileInode[0]],
          last: needed.inodeNumber[0],
          length: 8,
        }),
      ),
    ),
    reader.records(
      files.map(
        (from): Way => ({ from, steps: [needed.filePrivate[0]], last: 0, length: reader.layout.sizes.ring }),
      ),
    ),
  ]);
  const contexts = new Map(
    behind.flatMap((record): [bigint, Structure][] =>
      record ? [[record.address, new Structure(record.address, record.data)]] : [],
    ),
  );
  const addresses = new Set(pointers.map((file) => file?.pointer(needed.filePrivate) ?? 0n));
  addresses.delete(0n);
  if ([...addresses].some((address) => !contexts.has(address))) reader.broken.add('rings of the process');
  const rings = new Map([...contexts].filter(([, ring]) => isRing(reader, ring)));
  const found = new Map<bigint, RingContext>();
  for (const [index, { fd, registered }] of ways.entries()) {
    const ring = rings.get(pointers[index]?.pointer(needed.filePrivate) ?? 0n);
    if (ring === undefined) continue;
    const inode = inodes[index]?.data.readBigUInt64LE(0);
    const context = found.get(ring.address) ?? {
      ring,
      fds: [],
      ...(inode === undefined ? {} : { inode: Number(inode) }),
    };
    found.set(ring.address, context);
    if (fd !== undefined) context.fds.push(fd);
    if (registered !== undefined) context.registeredBy ??= registered;
  }
  return [...found.values()];
}

interface RingFile {
  readonly file: bigint;
  readonly fd: number | undefined;
  readonly registered: { readonly tid: number; readonly index: number } | undefined;
}

/** Rings registered with IORING_REGISTER_RING_FDS (5.18+): their descriptor may be closed. */
function registeredFiles(reader: Reader, tctxs: readonly Tctx[]): RingFile[] {
  const slots = reader.layout.optional.tctxRings;
  if (slots === undefined) return [];
  return tctxs.flatMap(({ owner, tctx }) =>
    Array.from({ length: slots[1] / 8 }, (_, index) => ({
      file: tctx.pointer([slots[0] + index * 8, 8]),
      fd: undefined,
      registered: { tid: owner.tid, index },
    })),
  );
}

/** Rings by address; what is none is left out by its entries, which are powers of two in every ring. */
export async function readContexts(reader: Reader, addresses: readonly bigint[]): Promise<Structure[]> {
  const length = reader.layout.sizes.ring;
  const rings = await reader.structures(
    addresses.filter((address) => address !== 0n).map((address) => ({ address, length })),
    'rings of the process',
  );
  return rings.filter((ring): ring is Structure => isRing(reader, ring));
}

function isRing({ layout: { needed } }: Reader, ring: Structure | undefined): boolean {
  const entries = [ring?.number(needed.ringSqEntries) ?? 0, ring?.number(needed.ringCqEntries) ?? 0];
  return entries.every((count) => count > 0 && Number.isInteger(Math.log2(count)));
}

/** The threads' own, where they have any. */
export async function readTctxs(reader: Reader, threads: readonly Thread[]): Promise<Tctx[]> {
  const owners = [...new Map(threads.map((thread) => [thread.tctx, thread])).values()].filter(
    ({ tctx }) => tctx !== 0n,
  );
  const found = await reader.structures(
    owners.map(({ tctx }) => ({ address: tctx, length: reader.layout.sizes.tctx })),
    'io_uring state of the threads',
  );
  return owners.flatMap((owner, index) => {
    const tctx = found[index];
    return tctx ? [{ owner, tctx }] : [];
  });
}

/**
 * What belongs to other tasks that use one of the rings: SQPOLL threads, threads of other processes that share or were
 * passed it. Their io-wq may carry its requests.
 */
export async function readSharers(
  reader: Reader,
  rings: readonly RingContext[],
  known: readonly Tctx[],
): Promise<Tctx[]> {
  const { needed, sizes } = reader.layout;
  const [lists, threads] = await Promise.all([
    reader.lists(
      rings.map(({ ring }) => ({
        name: 'tasks that use a ring',
        head: ring.address + BigInt(needed.ringTasks[0]),
        buckets: 1,
        stride: 0,
        next: 0,
        circular: true,
        node: needed.nodeOfRing[0],
        length: sizes.ringNode,
        most: MOST,
      })),
    ),
    reader.records(
      rings
        .map(({ ring }) => ring.pointer(needed.ringSqThread))
        .filter((data) => data !== 0n)
        .map((from): Way => ({ from, steps: [], last: needed.sqThreadTask[0], length: 8 })),
    ),
  ]);
  const tasks = new Set([
    ...lists.flat().map(({ address, data }) => new Structure(address, data).pointer(needed.nodeTask)),
    ...threads.map((record) => record?.data.readBigUInt64LE(0) ?? 0n),
  ]);
  for (const { owner } of known) tasks.delete(owner.task);
  tasks.delete(0n);
  return readTctxs(reader, await readTasks(reader, [...tasks].slice(0, MOST_TASKS)));
}
