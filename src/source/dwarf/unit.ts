import { Cursor } from '../cursor';
import type { Abbreviations } from './abbreviations';
import type { DwarfFile } from './dwarfFile';
import { readForm, type Value } from './forms';
import { Attribute } from './names';
import type { UnitHeader } from './unitHeader';
import type { Units } from './units';

/** Bytes of a unit's first entry, at first: names are seldom longer. */
const ROOT = 1 << 10;
const LONGEST_ROOT = 1 << 20;
/** Bytes in front of what the bases of split units point to. */
const OFFSETS_HEADER = { narrow: 8, wide: 16 };
const RNGLISTS_HEADER = { narrow: 12, wide: 20 };

/** The attributes of a unit's first entry, not followed. */
export type Root = ReadonlyMap<number, Value>;

/** A unit's bytes and how to read them. */
export interface Loaded {
  readonly data: Buffer;
  readonly abbreviations: Abbreviations;
}

/** A unit with its first entry read: what is needed to follow the values of all others. */
export class Unit {
  constructor(
    /** The file's units, this one among them. */
    readonly units: Units,
    readonly header: UnitHeader,
    /** True where it stands in `.debug_types`. */
    readonly inTypes: boolean,
    readonly tag: number,
    readonly root: Root,
  ) {}

  get file(): DwarfFile {
    return this.units.file;
  }

  /** The unit in the program that a split one belongs to. */
  get skeleton(): Unit | undefined {
    return this.units.skeleton;
  }

  /** Where it is loaded: addresses that ranges count from. */
  async base(): Promise<number> {
    const low = this.root.get(Attribute.lowPc);
    const own = low === undefined ? undefined : await this.address(low);
    return own ?? (await this.skeleton?.base()) ?? 0;
  }

  name(): Promise<string | undefined> {
    return this.textOf(Attribute.name);
  }

  async directory(): Promise<string | undefined> {
    return (await this.textOf(Attribute.compDir)) ?? (await this.skeleton?.directory());
  }

  async textOf(attribute: number): Promise<string | undefined> {
    const value = this.root.get(attribute);
    return value === undefined ? undefined : this.text(value);
  }

  numberOf(attribute: number): number | undefined {
    const value = this.root.get(attribute);
    return value?.is === 'number' ? value.number : undefined;
  }

  /** A number of 8 bytes, exact; undefined for others. */
  bigOf(attribute: number): bigint | undefined {
    const value = this.root.get(attribute);
    return value?.is === 'number' ? value.exact : undefined;
  }

  /** The string a value stands for. */
  async text(value: Value): Promise<string | undefined> {
    switch (value.is) {
      case 'text':
        return value.text;
      case 'textAt':
        return value.in === 'alt'
          ? this.units.alt?.file.section('str').text(value.offset)
          : this.file.section(value.in).text(value.offset);
      case 'index': {
        if (value.of !== 'str') return undefined;
        const { wide, version } = this.header;
        const each = wide ? 8 : 4;
        const header = wide ? OFFSETS_HEADER.wide : OFFSETS_HEADER.narrow;
        const base = this.numberOf(Attribute.strOffsetsBase) ?? (this.file.split && version < 5 ? 0 : header);
        const data = await this.file.section('str_offsets').bytes(base + value.number * each, each);
        return data.length < each
          ? undefined
          : this.file.section('str').text(new Cursor(data).unsigned(each));
      }
      default:
        return undefined;
    }
  }

  /** The address a value stands for; at once where it stands there or its table has been read. */
  addressNow(value: Value): number | undefined {
    if (value.is === 'address') return value.number;
    const place = this.addressPlace(value);
    const data = place?.section.now(place.offset, 8);
    return data === undefined || data.length < 8 ? undefined : new Cursor(data).u64();
  }

  async address(value: Value): Promise<number | undefined> {
    if (value.is === 'address') return value.number;
    const place = this.addressPlace(value);
    const data = await place?.section.bytes(place.offset, 8);
    return data === undefined || data.length < 8 ? undefined : new Cursor(data).u64();
  }

  /** Where in `.debug_rnglists` a value points. */
  async rnglist(value: Value): Promise<number | undefined> {
    if (value.is === 'number') return value.number;
    if (value.is !== 'index' || value.of !== 'rnglists') return undefined;
    const { wide } = this.header;
    const each = wide ? 8 : 4;
    const header = wide ? RNGLISTS_HEADER.wide : RNGLISTS_HEADER.narrow;
    const base = this.numberOf(Attribute.rnglistsBase) ?? header;
    const data = await this.file.section('rnglists').bytes(base + value.number * each, each);
    return data.length < each ? undefined : base + new Cursor(data).unsigned(each);
  }

  private addressPlace(value: Value) {
    if (value.is !== 'index' || value.of !== 'addr') return undefined;
    const owner = this.skeleton ?? this;
    const base =
      owner.numberOf(Attribute.addrBase) ?? owner.numberOf(Attribute.gnuAddrBase) ?? OFFSETS_HEADER.narrow;
    return { section: owner.file.section('addr'), offset: base + value.number * 8 };
  }

  /** Bytes of the whole unit in memory. */
  get size(): number {
    return this.header.end - this.header.offset;
  }

  /** A string says why it cannot be had. */
  async load(): Promise<Loaded | string> {
    const { header, file } = this;
    if (this.size > MOST_BYTES) return 'a unit is too big to be read';
    const section = file.section(this.inTypes ? 'types' : 'info');
    const abbreviations = await file.abbreviations(header.abbreviations, header, true);
    const data = await section.bytes(header.offset, this.size);
    return data.length < this.size ? 'a unit is cut short' : { data, abbreviations };
  }
}

/** Most bytes of a unit: link-time optimisation makes one of a whole program. */
const MOST_BYTES = 256 << 20;

/** Reads a unit's first entry; undefined where that makes no sense. */
export async function openUnit(
  units: Units,
  header: UnitHeader,
  inTypes: boolean,
): Promise<Unit | undefined> {
  const { file } = units;
  const section = file.section(inTypes ? 'types' : 'info');
  const abbreviations = await file.abbreviations(header.abbreviations, header, false);
  const size = header.end - header.offset;
  for (let length = ROOT; ; length *= 8) {
    const data = await section.bytes(header.offset, Math.min(length, size));
    const at = new Cursor(data, header.body);
    const abbreviation = abbreviations.find(at.uleb());
    if (abbreviation === undefined) return undefined;
    const root = new Map<number, Value>();
    for (const { attribute, form, constant } of abbreviation.attributes)
      root.set(attribute, readForm(at, form, constant, header));
    file.work.spend(at.at);
    if (!at.bad) return new Unit(units, header, inTypes, abbreviation.tag, root);
    if (length >= size || length >= LONGEST_ROOT) return undefined;
  }
}
