import { Cursor } from '../cursor';
import { RangeMap } from './addressIndex';
import { skipAttributes } from './entries';
import { readForm, skipForm } from './forms';
import { Attribute, Form, Tag } from './names';
import { type Extent, rangeNow, rangesOf } from './ranges';
import type { Loaded, Unit } from './unit';

/** Kinds of entries whose names are part of the names of what is in them. */
const SCOPES: ReadonlySet<number> = new Set([
  Tag.namespace,
  Tag.class,
  Tag.structure,
  Tag.union,
  Tag.enumeration,
  Tag.interface,
  Tag.module,
  Tag.subprogram,
]);

/** Scopes of a unit that are noted at most. */
const MOST_SCOPES = 4 << 20;

/** Which of a unit's entries are functions with code, and which entries lie in which. Offsets count from the unit's start. */
export class FunctionMap {
  private readonly functions = new RangeMap();
  private readonly starts: number[] = [];
  private readonly ends: number[] = [];
  private readonly parents: number[] = [];

  private constructor() {}

  /** `zero`: code at address 0 is code. */
  static async scan(unit: Unit, loaded: Loaded, zero: boolean): Promise<FunctionMap> {
    const map = new FunctionMap();
    const further = map.walk(unit, loaded, zero);
    for (const { offset, extent } of further) {
      for (const { low, high } of await rangesOf(unit, extent)) map.add(low, high, offset, zero);
    }
    return map;
  }

  /** Bytes held, roughly. */
  get weight(): number {
    return this.functions.size * 24 + this.starts.length * 24;
  }

  /** The entry of the function whose code holds an address. */
  at(address: number): number | undefined {
    return this.functions.find(address);
  }

  /** The entries an entry lies in whose names belong to its own, innermost first. */
  *scopesOf(offset: number): Generator<number> {
    let low = 0;
    let high = this.starts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.starts[middle] ?? 0) < offset) low = middle + 1;
      else high = middle;
    }
    for (let scope = low - 1; scope >= 0; scope = this.parents[scope] ?? -1) {
      if ((this.ends[scope] ?? 0) > offset) yield this.starts[scope] ?? 0;
    }
  }

  private add(low: number, high: number, offset: number, zero: boolean): void {
    if (high > low && (low !== 0 || zero)) this.functions.add(low, high, offset);
  }

  /** Returns the functions whose ranges stand elsewhere. */
  private walk(unit: Unit, { data, abbreviations }: Loaded, zero: boolean) {
    const further: { readonly offset: number; readonly extent: Extent }[] = [];
    const { work } = unit.file;
    const at = new Cursor(data, unit.header.body);
    /** For each entry that is open: its place among the scopes, or -1 where it is none. */
    const open: number[] = [];
    let scope = -1;
    while (!at.done) {
      const offset = at.at;
      const code = at.uleb();
      if (code === 0) {
        const closed = open.pop();
        if (closed === undefined) break;
        if (closed >= 0) {
          this.ends[closed] = at.at;
          scope = this.parents[closed] ?? -1;
        }
        if (open.length === 0) break;
        continue;
      }
      const abbreviation = abbreviations.find(code);
      if (abbreviation === undefined) {
        unit.file.troubles.say('a unit has an entry of an unknown kind');
        break;
      }
      if (abbreviation.tag === Tag.subprogram) {
        const extent = readExtent(at, abbreviation.attributes, unit);
        if (extent !== undefined) {
          const range = rangeNow(unit, extent);
          if (range === undefined) further.push({ offset, extent });
          else this.add(range.low, range.high, offset, zero);
        }
      } else skipAttributes(at, abbreviation, unit);
      if (!work.spend(Math.max(at.at - offset, abbreviation.attributes.length))) break;
      if (!abbreviation.children) {
        if (open.length === 0) break;
        continue;
      }
      if (!SCOPES.has(abbreviation.tag) || this.starts.length === MOST_SCOPES) {
        open.push(-1);
        continue;
      }
      const place = this.starts.length;
      this.starts.push(offset);
      this.ends.push(data.length);
      this.parents.push(scope);
      open.push(place);
      scope = place;
    }
    return further;
  }
}

/** Undefined where an entry has no code. Leaves the cursor behind the attributes. */
export function readExtent(
  at: Cursor,
  attributes: readonly { readonly attribute: number; readonly form: number; readonly constant: number }[],
  unit: Unit,
): Extent | undefined {
  let extent: Extent | undefined;
  for (const { attribute, form, constant } of attributes) {
    if (attribute === Attribute.lowPc) extent = { ...extent, low: readForm(at, form, constant, unit.header) };
    else if (attribute === Attribute.highPc)
      extent = {
        ...extent,
        // The usual form, without the cost of its exact value.
        high:
          form === Form.data8
            ? { is: 'number', number: at.u64() }
            : readForm(at, form, constant, unit.header),
      };
    else if (attribute === Attribute.ranges)
      extent = { ...extent, ranges: readForm(at, form, constant, unit.header) };
    else skipForm(at, form, unit.header);
  }
  return extent;
}
