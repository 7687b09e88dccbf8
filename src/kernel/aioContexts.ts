import type { Target } from '../target/target';
import { processorOffsets } from './perProcessor';
import type { Leader } from './process';
import { readThreads } from './process';
import type { Reader } from './reader';
import type { Structure } from './structure';

/** A kioctx (fs/aio.c), which has been alike from 5.10 to 7.2. */
export interface AioContext {
  readonly context: Structure;
  /** Submitted and not completed; absent where what the processors keep of it cannot be read. */
  readonly pending?: number;
  /** What it is counted from, to be held against a later look. */
  readonly stamp: string;
}

/** Contexts looked at in one process. */
const MOST_CONTEXTS = 1024;
const WHAT = 'contexts of Linux AIO';

/** All contexts of the process that are not being destroyed, and what is pending in each. */
export async function readAioContexts(reader: Reader, target: Target, leader: Leader): Promise<AioContext[]> {
  const { optional, sizes } = reader.layout;
  const { aioTable, aioTableSize, aioTableSlots, aioEvents, aioDead } = optional;
  if (!aioTable || !aioTableSize || !aioTableSlots || !aioEvents) return [];
  const memory = await memoryOf(reader, leader);
  if (memory === 0n) return [];
  const [owner] = await reader.structures([{ address: memory, start: aioTable[0], length: 8 }], WHAT);
  const address = owner?.pointer(aioTable) ?? 0n;
  // A process that never had one has no table.
  if (address === 0n) return [];
  const [table] = await reader.structures([{ address, start: aioTableSize[0], length: 4 }], WHAT);
  const count = Math.min(table?.number(aioTableSize) ?? 0, MOST_CONTEXTS);
  const [slots] = await reader.structures([{ address, start: aioTableSlots[0], length: 8 * count }], WHAT);
  const addresses = Array.from(
    { length: count },
    (_, index) => slots?.pointer([aioTableSlots[0] + 8 * index, 8]) ?? 0n,
  ).filter((slot) => slot !== 0n);
  const contexts = (
    await reader.structures(
      addresses.map((slot) => ({ address: slot, length: sizes.aioContext })),
      WHAT,
    )
  ).filter(
    (context): context is Structure =>
      context !== undefined && context.number(aioDead) === 0 && context.number(aioEvents) > 0,
  );
  return withPending(reader, target, leader, contexts);
}

/** The leader's memory; where it has ended, that of another thread. */
async function memoryOf(reader: Reader, leader: Leader): Promise<bigint> {
  const { taskMemory } = reader.layout.needed;
  const read = async (tasks: readonly bigint[]): Promise<bigint> => {
    const found = await reader.structures(
      tasks.map((address) => ({ address, start: taskMemory[0], length: 8 })),
    );
    return found.map((task) => task?.pointer(taskMemory) ?? 0n).find((memory) => memory !== 0n) ?? 0n;
  };
  const own = await read([leader.task]);
  return own === 0n ? read((await readThreads(reader, leader)).map(({ task }) => task)) : own;
}

/**
 * Each slot of a context's ring is free, in a processor's own reserve, taken by a request, or by a completion that the kernel
 * has not yet given back: what the first, second and last leave is pending.
 */
async function withPending(
  reader: Reader,
  target: Target,
  { task }: Leader,
  contexts: readonly Structure[],
): Promise<AioContext[]> {
  const { aioCounters, aioEvents, aioAvailable, aioCompleted, aioTail } = reader.layout.optional;
  const offsets = contexts.length === 0 ? undefined : await processorOffsets(reader, target, task);
  const all = [...(offsets?.values() ?? [])];
  const reserves = await reader.structures(
    contexts.flatMap((context) =>
      all.map((offset) => ({
        address: BigInt.asUintN(64, context.pointer(aioCounters) + offset),
        length: 4,
      })),
    ),
    WHAT,
  );
  return contexts.map((context, index) => {
    const own = reserves.slice(index * all.length, (index + 1) * all.length);
    const kept = own.map((reserve) => reserve?.number([0, 4]));
    const counted = offsets && aioAvailable && aioCompleted && kept.every((count) => count !== undefined);
    const slots = context.number(aioEvents) - 1;
    const free = kept.reduce<number>((sum, count) => sum + (count ?? 0), context.number(aioAvailable));
    const pending = slots - free - context.number(aioCompleted);
    const stamp = [...kept, ...[aioAvailable, aioCompleted, aioTail].map((place) => context.raw(place))];
    return {
      context,
      stamp: JSON.stringify(stamp),
      ...(counted && pending >= 0 && pending <= slots ? { pending } : {}),
    };
  });
}
