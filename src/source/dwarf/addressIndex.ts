import { Cursor } from '../cursor';
import { Attribute, Tag } from './names';
import { rangesOf } from './ranges';
import type { Unit } from './unit';
import { readLength } from './unitHeader';
import type { Units } from './units';

/** Most bytes of `.debug_aranges`. */
const MOST = 256 << 20;
/** Lookups by going through all ranges; only then is sorting them cheaper. */
const UNSORTED = 16;

/** Ranges of addresses with a number each. Of several that hold an address the shortest is meant. */
export class RangeMap {
  private lows = new Float64Array(64);
  private highs = new Float64Array(64);
  private values = new Float64Array(64);
  private count = 0;
  private asked = 0;
  /** Places by their low address, and the highest high address up to each. */
  private order: Uint32Array | undefined;
  private reach = new Float64Array(0);

  get size(): number {
    return this.count;
  }

  add(low: number, high: number, value: number): void {
    if (this.count === this.lows.length) this.grow();
    this.lows[this.count] = low;
    this.highs[this.count] = high;
    this.values[this.count++] = value;
    this.order = undefined;
  }

  find(address: number): number | undefined {
    let best: number | undefined;
    const consider = (place: number) => {
      if ((this.lows[place] ?? 0) > address || (this.highs[place] ?? 0) <= address) return;
      if (best === undefined || this.length(place) <= this.length(best)) best = place;
    };
    if (this.order === undefined && this.asked++ < UNSORTED) {
      for (let place = 0; place < this.count; place++) consider(place);
    } else {
      const order = this.order ?? this.sort();
      let low = 0;
      let high = order.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if ((this.lows[order[middle] ?? 0] ?? 0) <= address) low = middle + 1;
        else high = middle;
      }
      for (let at = low - 1; at >= 0 && (this.reach[at] ?? 0) > address; at--) consider(order[at] ?? 0);
    }
    return best === undefined ? undefined : this.values[best];
  }

  private length(place: number): number {
    return (this.highs[place] ?? 0) - (this.lows[place] ?? 0);
  }

  private sort(): Uint32Array {
    const { lows } = this;
    const order = Uint32Array.from({ length: this.count }, (_, place) => place);
    order.sort((a, b) => (lows[a] ?? 0) - (lows[b] ?? 0) || a - b);
    this.reach = new Float64Array(this.count);
    let highest = Number.NEGATIVE_INFINITY;
    for (let at = 0; at < this.count; at++) {
      highest = Math.max(highest, this.highs[order[at] ?? 0] ?? 0);
      this.reach[at] = highest;
    }
    this.order = order;
    return order;
  }

  private grow(): void {
    for (const name of ['lows', 'highs', 'values'] as const) {
      const grown = new Float64Array(this[name].length * 2);
      grown.set(this[name]);
      this[name] = grown;
    }
  }
}

/**
 * Which unit an address belongs to: by `.debug_aranges`, and where that does not have it, by what the units that
 * it does not list say themselves.
 */
export class AddressIndex {
  private listed: Promise<{ readonly ranges: RangeMap; readonly units: ReadonlySet<number> }> | undefined;
  private unlisted: Promise<RangeMap> | undefined;

  constructor(
    private readonly units: Units,
    /** Code at address 0 is code. */
    private readonly zero: boolean,
  ) {}

  async find(address: number): Promise<Unit | undefined> {
    this.listed ??= this.readListed();
    const { ranges, units } = await this.listed;
    const found = ranges.find(address);
    if (found !== undefined) return this.units.at(found);
    this.unlisted ??= this.readUnlisted(units);
    const other = (await this.unlisted).find(address);
    return other === undefined ? undefined : this.units.at(other);
  }

  private async readListed() {
    const ranges = new RangeMap();
    const units = new Set<number>();
    const { file } = this.units;
    const section = file.section('aranges');
    if (section.size > MOST) file.troubles.say('.debug_aranges is too big; read in part');
    const data = await section.bytes(0, MOST);
    for (const at = new Cursor(data); !at.done && file.work.spend(16); ) {
      const from = at.at;
      const start = readLength(at);
      if (start === undefined) break;
      const end = at.at + start.length;
      const version = at.u16();
      const unit = at.offset(start.wide);
      const size = at.u8();
      const segment = at.u8();
      if (end > data.length || version !== 2 || size !== 8 || segment !== 0) {
        file.troubles.say('.debug_aranges makes no sense in part');
        if (end > data.length) break;
      } else {
        at.skip(-(at.at - from) & 15);
        if (this.readSet(at, end, unit, ranges)) units.add(unit);
      }
      at.skip(end - at.at);
    }
    return { ranges, units };
  }

  /** True when a range was listed: an empty set says nothing about its unit. */
  private readSet(at: Cursor, end: number, unit: number, ranges: RangeMap): boolean {
    const before = ranges.size;
    while (at.at + 16 <= end && !at.bad) {
      const low = at.u64();
      const length = at.u64();
      if (low === 0 && length === 0) break;
      if (length > 0 && (low !== 0 || this.zero)) ranges.add(low, low + length, unit);
    }
    if (ranges.size === before) return false;
    this.units.learn(unit);
    return true;
  }

  private async readUnlisted(listed: ReadonlySet<number>): Promise<RangeMap> {
    const ranges = new RangeMap();
    for await (const { offset, type } of this.units.headers()) {
      if (listed.has(offset) || type === 2 || type === 6) continue;
      const unit = await this.units.at(offset);
      if (unit === undefined || unit.tag === Tag.partialUnit) continue;
      const own = await rangesOf(unit, {
        low: unit.root.get(Attribute.lowPc),
        high: unit.root.get(Attribute.highPc),
        ranges: unit.root.get(Attribute.ranges),
      });
      for (const { low, high } of own) if (low !== 0 || this.zero) ranges.add(low, high, offset);
    }
    return ranges;
  }
}
