import type { Stretch } from '../bytes';
import { Cursor } from '../cursor';
import type { Value } from './forms';
import { Attribute } from './names';
import type { Unit } from './unit';

/** From `low` up to, not including, `high`. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

/** Where an entry's code is, as the entry says it. */
export interface Extent {
  readonly low?: Value | undefined;
  readonly high?: Value | undefined;
  readonly ranges?: Value | undefined;
}

/** Bytes of a list that are read at a time, and room for the longest entry. */
const PIECE = 1 << 10;
const LONGEST_ENTRY = 32;
/** Work of an entry: what is kept of it counts more than its bytes. */
const COST = 256;

/** DW_RLE_… (DWARF 5 §7.25). */
const Kind = {
  end: 0,
  baseIndex: 1,
  startEndIndex: 2,
  startIndexLength: 3,
  offsetPair: 4,
  base: 5,
  startEnd: 6,
  startLength: 7,
} as const;

/** One range where that can be told without a fetch. */
export function rangeNow(unit: Unit, { low, high, ranges }: Extent): Range | undefined {
  if (ranges !== undefined || low === undefined || high === undefined) return undefined;
  const from = unit.addressNow(low);
  if (from === undefined) return undefined;
  if (high.is === 'number') return { low: from, high: from + high.number };
  const to = unit.addressNow(high);
  return to === undefined ? undefined : { low: from, high: to };
}

/** All ranges of an entry; none where it has no code, or what it says makes no sense. */
export async function rangesOf(unit: Unit, extent: Extent): Promise<Range[]> {
  const { low, high, ranges } = extent;
  if (ranges !== undefined) return unit.header.version >= 5 ? newList(unit, ranges) : oldList(unit, ranges);
  if (low === undefined || high === undefined) return [];
  const from = await unit.address(low);
  if (from === undefined) return [];
  const to = high.is === 'number' ? from + high.number : await unit.address(high);
  return to === undefined || to <= from ? [] : [{ low: from, high: to }];
}

/** Of `.debug_ranges`: DWARF 2 to 4. */
async function oldList(unit: Unit, value: Value): Promise<Range[]> {
  if (value.is !== 'number') return [];
  const owner = unit.skeleton ?? unit;
  // A split unit's lists stand in the program, counted from a base that does not hold for the skeleton's own.
  const from = unit.skeleton === undefined ? 0 : (owner.numberOf(Attribute.gnuRangesBase) ?? 0);
  const found: Range[] = [];
  const { addressSize } = unit.header;
  const highest = addressSize === 8 ? -1 : 0xffff_ffff;
  let base = await unit.base();
  await readList(owner.file.section('ranges'), from + value.number, unit, (at) => {
    const low = at.unsigned(addressSize);
    const high = at.unsigned(addressSize);
    if (low === 0 && high === 0) return false;
    if (low === highest) base = high;
    else if (high > low) found.push({ low: base + low, high: base + high });
    return true;
  });
  return found;
}

/** Of `.debug_rnglists`: DWARF 5. */
async function newList(unit: Unit, value: Value): Promise<Range[]> {
  const start = await unit.rnglist(value);
  if (start === undefined) return [];
  const found: Range[] = [];
  const add = (low: number | undefined, high: number | undefined) => {
    if (low !== undefined && high !== undefined && high > low) found.push({ low, high });
  };
  const indexed = async (number: number) => unit.address({ is: 'index', of: 'addr', number });
  const addIndexed = async (low: number, high: number) => {
    add(await indexed(low), await indexed(high));
    return true;
  };
  const { addressSize } = unit.header;
  let base: number | undefined = await unit.base();
  const setBase = async (number: number) => {
    base = await indexed(number);
    return true;
  };
  const addStart = async (number: number, length: number) => {
    const low = await indexed(number);
    add(low, low === undefined ? undefined : low + length);
    return true;
  };
  await readList(unit.file.section('rnglists'), start, unit, (at) => {
    switch (at.u8()) {
      case Kind.baseIndex:
        return setBase(at.uleb());
      case Kind.startEndIndex:
        return addIndexed(at.uleb(), at.uleb());
      case Kind.startIndexLength:
        return addStart(at.uleb(), at.uleb());
      case Kind.offsetPair: {
        const low = at.uleb();
        const high = at.uleb();
        if (base !== undefined) add(base + low, base + high);
        return true;
      }
      case Kind.base:
        base = at.unsigned(addressSize);
        return true;
      case Kind.startEnd:
        add(at.unsigned(addressSize), at.unsigned(addressSize));
        return true;
      case Kind.startLength: {
        const low = at.unsigned(addressSize);
        add(low, low + at.uleb());
        return true;
      }
      default:
        return false;
    }
  });
  return found;
}

/** Goes through a list until `entry` says that it has ended. */
async function readList(
  section: Stretch,
  start: number,
  unit: Unit,
  entry: (at: Cursor) => boolean | Promise<boolean>,
): Promise<void> {
  for (let from = start; from < section.size; ) {
    const at = new Cursor(await section.bytes(from, PIECE));
    const last = at.data.length < PIECE;
    while (!at.done && (last || at.at + LONGEST_ENTRY <= PIECE)) {
      const answer = entry(at);
      const more = typeof answer === 'boolean' ? answer : await answer;
      if (!more || at.bad || !unit.file.work.spend(COST)) return;
    }
    if (last) return;
    from += at.at;
  }
}
