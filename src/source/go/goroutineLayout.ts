import { wordIn } from '../origin/processMemory';

/** Bytes of a `runtime.g` that are read: what is needed lies in the first, in all versions. */
export const GOROUTINE = 400;

/** Where the fields of a `runtime.g` are. It differs from version to version of Go; what must be true of them tells. */
export interface GoroutineLayout {
  /** sp, pc and a pointer to the goroutine itself follow each other there. */
  readonly sched: number;
  /** The thread that carries it stands before. */
  readonly m: number;
  readonly status: number;
  readonly id: number;
  /** One byte: an index into the words for it. */
  readonly reason: number;
}

export interface GoroutineBytes {
  readonly address: number;
  readonly data: Buffer;
}

const FIRST_SCHED = 40;
const LAST_SCHED = 128;
/** Bytes from `sched` between which the number can be. */
const NEAREST_ID = 64;
const FARTHEST_ID = 144;
const MOST_ID = 2 ** 40;
/** The garbage collector looks at its stack. */
export const SCANNING = 0x1000;
export const Status = {
  idle: 0,
  runnable: 1,
  running: 2,
  syscall: 3,
  waiting: 4,
  dead: 6,
  copying: 8,
  preempted: 9,
  leaked: 10,
} as const;
const STATUSES: ReadonlySet<number> = new Set(Object.values(Status));

/**
 * The layout that fits all of these, the first of a process; undefined where none does, or more than one. Go 1.16 to 1.26 have
 * status, lock, number, link, time and reason in this order.
 */
export function goroutineLayout(first: readonly GoroutineBytes[]): GoroutineLayout | undefined {
  const sched = schedOf(first);
  if (sched === undefined) return undefined;
  const fitting: number[] = [];
  for (let id = sched + NEAREST_ID; id <= sched + FARTHEST_ID; id += 8)
    if (isNumbered(first, id)) fitting.push(id);
  const [id, ...others] = fitting;
  if (id === undefined || others.length > 0) return undefined;
  return { sched, m: sched - 8, status: id - 8, id, reason: id + 24 };
}

function schedOf(first: readonly GoroutineBytes[]): number | undefined {
  if (first.length === 0) return undefined;
  for (let sched = FIRST_SCHED; sched <= LAST_SCHED; sched += 8)
    if (first.every(({ address, data }) => wordIn(data, sched + 16) === address)) return sched;
  return undefined;
}

/** The main goroutine is number 1 and the first of all; no two that live have the same. */
function isNumbered(first: readonly GoroutineBytes[], at: number): boolean {
  const ids = new Set<number>();
  for (const [index, { data }] of first.entries()) {
    const id = wordIn(data, at);
    const status = statusOf(data, at - 8);
    if (id === undefined || id >= MOST_ID || data.readUInt32LE(at - 4) !== 0 || !STATUSES.has(status))
      return false;
    if (index === 0 && id !== 1) return false;
    if (status === Status.dead || status === Status.idle) continue;
    if (id === 0 || ids.has(id)) return false;
    ids.add(id);
  }
  return true;
}

export function statusOf(data: Buffer, at: number): number {
  return at >= 0 && at + 4 <= data.length ? data.readUInt32LE(at) & ~SCANNING : Status.dead;
}

/** Where a goroutine in a system call has stack pointer and program counter of its caller: behind `sched`. */
export function callerIn(
  data: Buffer,
  { sched, status }: GoroutineLayout,
  isCode: (address: number) => boolean,
): { readonly sp: number; readonly pc: number } | undefined {
  const [low = 0, high = 0] = [wordIn(data, 0), wordIn(data, 8)];
  for (let at = sched + 24; at + 16 <= status; at += 8) {
    const [sp = 0, pc = 0] = [wordIn(data, at), wordIn(data, at + 8)];
    if (sp >= low && sp < high && isCode(pc)) return { sp, pc };
  }
  return undefined;
}
