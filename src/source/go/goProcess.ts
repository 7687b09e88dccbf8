import type { Binaries, Place } from '../binaries';
import type { GoFunction, GoTable } from '../goTable';
import { type ProcessMemory, wordIn } from '../origin/processMemory';
import { isSystemImage } from '../origin/programFiles';
import type { Image } from '../unwind/images';
import { FINDING, GoHeap } from './goHeap';
import { GOROUTINE } from './goroutineLayout';
import { APPENDING, findGoroutineList, type GoroutineList, listed, type RunningCode } from './goroutineList';
import { GoroutineUnwinder } from './goroutineStack';
import type { Goroutine } from './readGoroutines';
import { waitReasons } from './waitReasons';

/** Binaries of a process that are asked whether they are of Go. */
const MOST_BINARIES = 8;
/** Goroutines that are asked where their beginning is noted. */
const TRIALS = 12;
/** Bytes of a function that are looked at. */
const MOST_CODE = 4096;
/** Bytes of a `runtime.m` that its thread's number is looked for in. */
const THREAD = 128;

/** What of a process stays the same while it runs: its Go runtime. */
export interface GoProcess {
  readonly image: Image;
  readonly table: GoTable;
  readonly list: GoroutineList;
  readonly reasons: readonly string[];
  readonly unwinder: GoroutineUnwinder;
  /** Absent where it is not found. */
  readonly heap: GoHeap | undefined;
  /** Where a `runtime.g` has the instruction that started it; its function's address is two words further. */
  startedAt?: number | undefined;
  /** Where a `runtime.m` has the number of its thread. */
  thread?: number | undefined;
}

/** The Go runtime in a process; undefined where there is none that can be read. */
export async function findGoProcess(
  memory: ProcessMemory,
  binaries: Binaries,
  place: Place,
): Promise<GoProcess | undefined> {
  const files = memory.files().filter(({ path }) => path.startsWith('/') && !isSystemImage(path));
  for (const { start } of files.slice(0, MOST_BINARIES)) {
    const image = await memory.image(start);
    const { lines } = image ? await binaries.of(image, place) : { lines: undefined };
    const table = await lines?.go();
    if (!image || !table) continue;
    const functions = await table.named([APPENDING, FINDING]);
    const codeOf = (name: string) => codeIn(memory, image, functions, name);
    const appending = await codeOf(APPENDING);
    const list = appending && (await findGoroutineList(memory, appending));
    if (!list) continue;
    const reasons = await waitReasons(memory, image);
    const heap = await findHeap(memory, await codeOf(FINDING), list);
    return { image, table, list, heap, reasons, unwinder: new GoroutineUnwinder(memory, image, table) };
  }
  return undefined;
}

async function codeIn(
  memory: ProcessMemory,
  { bias }: Image,
  functions: readonly GoFunction[],
  wanted: string,
): Promise<RunningCode | undefined> {
  const found = functions.find(({ name }) => name === wanted);
  if (found === undefined) return undefined;
  const start = found.start + bias;
  const bytes = await memory.bytes(start, Math.min(found.end - found.start, MOST_CODE));
  return bytes && { start, bytes };
}

async function findHeap(
  memory: ProcessMemory,
  finding: RunningCode | undefined,
  list: GoroutineList,
): Promise<GoHeap | undefined> {
  const [known] = (await listed(memory, list.address, 1))?.addresses ?? [];
  return finding && known ? GoHeap.find(memory, finding, known) : undefined;
}

/** Behind the number: the instruction that started it, a list, and the beginning of its function. */
export async function startedAt(
  { image, table, list }: GoProcess,
  goroutines: readonly Goroutine[],
): Promise<number | undefined> {
  const tried = goroutines.slice(0, TRIALS);
  for (let at = list.layout.reason + 8; at + 24 <= GOROUTINE; at += 8) {
    let fits = 0;
    for (const { data } of tried) {
      const [from, first] = [wordIn(data, at), wordIn(data, at + 16)];
      if (!from || !first) continue;
      const started = await table.functionAt(first - image.bias);
      if (started?.start === first - image.bias && (await table.functionAt(from - image.bias))) fits++;
    }
    if (fits * 4 >= tried.length * 3 && fits > 0) return at;
  }
  return undefined;
}

/** Where threads have their number, by those that carry goroutines. */
export async function threadField(
  memory: ProcessMemory,
  goroutines: readonly Goroutine[],
  tids: ReadonlySet<number>,
): Promise<number | undefined> {
  const carriers = goroutines.flatMap(({ m }) => (m === undefined ? [] : [m])).slice(0, TRIALS);
  const read = await Promise.all(carriers.map((m) => memory.bytes(m, THREAD)));
  for (let at = 8; at < THREAD; at += 8)
    if (read.length > 0 && read.every((data) => data && tids.has(wordIn(data, at) ?? 0))) return at;
  return undefined;
}
