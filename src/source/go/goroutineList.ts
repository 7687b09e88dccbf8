import { type ProcessMemory, wordIn } from '../origin/processMemory';
import { GOROUTINE, type GoroutineBytes, type GoroutineLayout, goroutineLayout } from './goroutineLayout';

const MOST_LISTED = 1 << 26;
/** Goroutines that a layout must fit. */
const TRIALS = 16;
/** Bytes that can follow an address in an instruction: none, or what is compared with. */
const BEHIND = [4, 5, 8];
/** The function whose code names the list. */
export const APPENDING = 'runtime.allgadd';

/** Code of a function, as it lies in a process. */
export interface RunningCode {
  readonly start: number;
  readonly bytes: Buffer;
}

/** Where a process has its list of goroutines (`runtime.allgs`). */
export interface GoroutineList {
  readonly address: number;
  readonly layout: GoroutineLayout;
}

/**
 * Found without symbols: the function that appends to it names it. What it names is the list if all that it leads to is
 * goroutines. x86-64.
 */
export async function findGoroutineList(
  memory: ProcessMemory,
  appending: RunningCode,
): Promise<GoroutineList | undefined> {
  for (const address of namedIn(memory, appending)) {
    const first = await listed(memory, address, TRIALS);
    const layout = first && goroutineLayout(await goroutinesAt(memory, first.addresses));
    if (layout) return { address, layout };
  }
  return undefined;
}

/** Addresses of data relative to instructions, wherever an instruction may be. */
export function namedIn(memory: ProcessMemory, { bytes: code, start }: RunningCode): Set<number> {
  const named = new Set<number>();
  for (let at = 0; at + 8 <= code.length; at++)
    for (const behind of BEHIND) {
      const address = start + at + behind + code.readInt32LE(at);
      const region = address % 8 === 0 ? memory.region(address) : undefined;
      if (region && !region.executable && !region.constant) named.add(address);
    }
  return named;
}

/** The first addresses of the list, and how many it has. */
export async function listed(
  memory: ProcessMemory,
  address: number,
  most: number,
): Promise<{ readonly addresses: readonly number[]; readonly count: number } | undefined> {
  const slice = await memory.bytes(address, 24);
  if (slice === undefined) return undefined;
  const [start, count, capacity] = [0, 8, 16].map((at) => wordIn(slice, at));
  if (!start || !count || !capacity || count > capacity || capacity > MOST_LISTED) return undefined;
  const length = Math.min(count, most) * 8;
  const addresses: number[] = [];
  for (let at = 0; at < length; at += PART) {
    const part = await memory.bytes(start + at, Math.min(PART, length - at));
    for (let from = 0; part && from < part.length; from += 8) {
      const word = wordIn(part, from);
      if (word !== undefined && word % 8 === 0) addresses.push(word);
    }
  }
  return addresses.length === 0 ? undefined : { addresses, count };
}

const PART = 1 << 16;

/** Those that can be read. */
export async function goroutinesAt(
  memory: ProcessMemory,
  addresses: readonly number[],
): Promise<GoroutineBytes[]> {
  const read = await Promise.all(
    addresses.map(async (address) => ({ address, data: await memory.bytes(address, GOROUTINE) })),
  );
  return read.flatMap(({ address, data }) => (data ? [{ address, data }] : []));
}
