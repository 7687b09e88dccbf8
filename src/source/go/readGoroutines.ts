import { type ProcessMemory, wordIn } from '../origin/processMemory';
import {
  callerIn,
  type GoroutineBytes,
  type GoroutineLayout,
  SCANNING,
  Status,
  statusOf,
} from './goroutineLayout';
import { type GoroutineList, goroutinesAt, listed } from './goroutineList';

/** Goroutines that are looked at. */
const MOST_LOOKED = 10_000;

/** A goroutine that is alive. */
export interface Goroutine {
  readonly address: number;
  readonly data: Buffer;
  readonly id: number;
  readonly status: number;
  /** Index into the words for it; only of those that wait. */
  readonly reason?: number;
  /** Of the thread that carries it (`runtime.m`). */
  readonly m?: number;
  /** Where it goes on; absent while it runs. */
  readonly pc?: number;
  readonly sp?: number;
  /** Where its stack begins. */
  readonly high: number;
}

export interface GoroutinesRead {
  readonly goroutines: readonly Goroutine[];
  /** On the list, the dead ones too, and not looked at. */
  readonly unread: number;
}

export async function readGoroutines(
  memory: ProcessMemory,
  { address, layout }: GoroutineList,
): Promise<GoroutinesRead> {
  const list = await listed(memory, address, MOST_LOOKED);
  if (list === undefined) return { goroutines: [], unread: 0 };
  const read = await goroutinesAt(memory, list.addresses);
  const goroutines = read.flatMap((bytes) => {
    const goroutine = goroutineOf(memory, bytes, layout);
    return goroutine ? [goroutine] : [];
  });
  return { goroutines, unread: Math.max(0, list.count - list.addresses.length) };
}

function goroutineOf(
  memory: ProcessMemory,
  { address, data }: GoroutineBytes,
  layout: GoroutineLayout,
): Goroutine | undefined {
  const status = statusOf(data, layout.status);
  const [id, high, m] = [layout.id, 8, layout.m].map((at) => wordIn(data, at));
  if (status === Status.dead || status === Status.idle || !id || !high) return undefined;
  const isCode = (pc: number): boolean => memory.isCode(pc);
  const saved = { sp: wordIn(data, layout.sched) ?? 0, pc: wordIn(data, layout.sched + 8) ?? 0 };
  const place =
    status === Status.running || status === Status.copying
      ? undefined
      : status === Status.syscall
        ? callerIn(data, layout, isCode)
        : isCode(saved.pc)
          ? saved
          : undefined;
  return {
    address,
    data,
    id,
    status,
    high,
    ...(m ? { m } : {}),
    ...place,
    ...(status === Status.waiting || status === Status.preempted ? { reason: data[layout.reason] ?? 0 } : {}),
  };
}

/** Whether nothing that is told of it has changed; what the collector of garbage notes in it does not count. */
export function isUnchanged(before: Goroutine, now: Buffer, { status, id, sched }: GoroutineLayout): boolean {
  if (now.length < id + 8) return false;
  const word = now.readUInt32LE(status) & ~SCANNING;
  return (
    word === before.status &&
    now.subarray(id, id + 8).equals(before.data.subarray(id, id + 8)) &&
    now.subarray(sched, sched + 16).equals(before.data.subarray(sched, sched + 16))
  );
}
