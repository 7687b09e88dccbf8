import type { Target } from '../target/target';
import type { RingContext } from './contexts';
import type { KernelLayout } from './layout';
import type { Reader } from './reader';

/** Where the kernel has its memory and the descriptions of it, both in order of page frames from the first one. */
export interface MemoryMap {
  /** Address of `struct page`, and of the page itself in the direct map, of frame 0 as counted here. */
  readonly pages: bigint;
  readonly direct: bigint;
  /** Frames from 0 on in which there is memory. */
  readonly frames: number;
}

/** Bytes of a page where it is not known to be otherwise; a wrong map is found out by what is read through it. */
export const PAGE = 4096;
/** x86_64 places both at random multiples of this (arch/x86/mm/kaslr.c). */
const ALIGNED = 1n << 30n;
/** Where x86_64 has them when not at random. */
const FIXED = { pages: 0xffffea0000000000n, direct: 0xffff888000000000n };
const MOST_SYMBOLS = 16 << 20;
const DEADLINE = 5000;

/**
 * Maps that may be right, the likeliest first: derived from a page of a ring (6.14+), from the kernel's symbols, and
 * the one that holds where nothing is at random.
 */
export async function memoryMaps(
  reader: Reader,
  target: Target,
  rings: readonly RingContext[],
): Promise<MemoryMap[]> {
  const [zones, symbols] = await target.read(['/proc/zoneinfo', '/proc/kallsyms'], {
    limit: MOST_SYMBOLS,
    deadline: DEADLINE,
  });
  const frames = zones?.ok ? framesIn(zones.data.toString('latin1')) : 0;
  if (frames === 0) return [];
  const named = symbols?.ok ? symbolsIn(symbols.data, ['vmemmap_base', 'page_offset_base']) : [];
  const [pairs, [pages, direct]] = await Promise.all([
    ringPages(reader, rings),
    reader.structures(named.map((address) => ({ address, length: 8 }))),
  ]);
  const word = [0, 8] as const;
  return [
    ...pairs.map((pair) => mapFrom(reader.layout, pair, frames)),
    ...(pages && direct ? [{ pages: pages.pointer(word), direct: direct.pointer(word), frames }] : []),
    { ...FIXED, frames },
  ];
}

interface PagePair {
  readonly page: bigint;
  readonly memory: bigint;
}

/** Descriptions and addresses of first pages of rings. Where the ring is not of one piece the address is no good. */
async function ringPages(reader: Reader, rings: readonly RingContext[]): Promise<PagePair[]> {
  const { ringPages: ring, ringMemory, submissionPages, submissionMemory } = reader.layout.optional;
  const regions = rings.flatMap((context) => [
    { pages: context.ring.pointer(ring), memory: context.ring.pointer(ringMemory) },
    { pages: context.ring.pointer(submissionPages), memory: context.ring.pointer(submissionMemory) },
  ]);
  const found = await reader.structures(regions.map(({ pages }) => ({ address: pages, length: 8 })));
  return regions.flatMap(({ memory }, index) => {
    const page = found[index]?.pointer([0, 8]) ?? 0n;
    return page === 0n || memory === 0n ? [] : [{ page, memory }];
  });
}

/**
 * The frame of a page from the address of its description, as its start is aligned. More memory than that tells apart
 * is looked for on both sides of the page.
 */
function mapFrom(layout: KernelLayout, { page, memory }: PagePair, frames: number): MemoryMap {
  const size = BigInt(layout.sizes.page || 64);
  const told = Number(ALIGNED / size);
  const low = (page % ALIGNED) / size;
  const before = frames <= told ? low : low + BigInt(Math.ceil(frames / told) * told);
  return {
    pages: page - before * size,
    direct: memory - before * BigInt(PAGE),
    frames: frames <= told ? frames : 2 * Number(before),
  };
}

/** Frames up to the end of the last zone. */
export function framesIn(zoneinfo: string): number {
  let most = 0;
  let spanned = 0;
  for (const [, key, digits] of zoneinfo.matchAll(/^\s+(spanned|start_pfn:)\s+(\d{1,15})$/gm)) {
    if (key === 'spanned') spanned = Number(digits);
    else if (spanned > 0) most = Math.max(most, Number(digits) + spanned);
  }
  return most;
}

/** Addresses of symbols of the kernel itself, in the order asked for; empty unless all are there and not hidden. */
export function symbolsIn(kallsyms: Buffer, names: readonly string[]): bigint[] {
  const found: bigint[] = [];
  for (const name of names) {
    const end = kallsyms.indexOf(` ${name}\n`);
    const start = kallsyms.lastIndexOf('\n', end) + 1;
    const address = end < 0 ? null : /^([0-9a-f]{1,16}) \w$/.exec(kallsyms.toString('latin1', start, end));
    if (address?.[1] !== undefined && !/^0+$/.test(address[1])) found.push(BigInt(`0x${address[1]}`));
  }
  return found.length === names.length ? found : [];
}
