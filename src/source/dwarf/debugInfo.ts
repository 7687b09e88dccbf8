import type { Troubles, Work } from '../trouble';
import { AddressIndex } from './addressIndex';
import type { DwarfFile } from './dwarfFile';
import { Entry } from './entries';
import type { Value } from './forms';
import { Attribute, Tag } from './names';
import type { SplitUnits } from './splitUnits';
import { Store } from './store';
import type { Unit } from './unit';
import { Units } from './units';

/** Entries that lead to each other for a name, and scopes within scopes, at most. */
const DEEPEST = 24;

export interface FunctionName {
  /** With the namespaces and classes it is in, as the source has it: `ns::Class::method`. */
  readonly name?: string;
  /** As the linker knows it: mangled. */
  readonly linkage?: string;
}

/** The debug information of one program or library: units by address, entries by reference. */
export class DebugInfo {
  readonly units: Units;
  readonly store: Store;
  private readonly index: AddressIndex;
  private readonly names = new Map<string, Promise<FunctionName>>();

  constructor(
    file: DwarfFile,
    elfType: number,
    private readonly splitUnits: SplitUnits,
    alt: DwarfFile | undefined,
  ) {
    this.units = new Units(file);
    if (alt !== undefined) this.units.alt = new Units(alt);
    this.store = new Store(elfType);
    this.index = new AddressIndex(this.units, this.store.zero);
  }

  get troubles(): Troubles {
    return this.units.file.troubles;
  }

  get work(): Work {
    return this.units.file.work;
  }

  /** The unit in the program whose code holds the address: it has the table of lines. */
  unitAt(address: number): Promise<Unit | undefined> {
    return this.index.find(address);
  }

  /** The unit that has the entries: another one where a skeleton points to a .dwo file that can be had. */
  async full(unit: Unit): Promise<Unit> {
    return (await this.splitUnits.of(unit)) ?? unit;
  }

  /** The entry of the function whose code holds the address; `unit` as `full` gives it. */
  async functionAt(unit: Unit, address: number): Promise<Entry | undefined> {
    const offset = (await this.store.functions(unit))?.at(address);
    return offset === undefined ? undefined : this.entry(unit, offset);
  }

  /** The entry that begins at an offset counted from the unit's start. */
  async entry(unit: Unit, offset: number): Promise<Entry | undefined> {
    const loaded = await this.store.load(unit);
    return loaded === undefined ? undefined : Entry.at(unit, loaded, offset);
  }

  async root(unit: Unit): Promise<Entry | undefined> {
    return this.entry(unit, unit.header.body);
  }

  /** The entry that an attribute refers to: in its unit, another one, dwz's shared file, or a type unit. */
  async follow(entry: Entry, attribute: number): Promise<Entry | undefined> {
    const value = entry.value(attribute);
    return value === undefined ? undefined : this.followValue(entry.unit, value);
  }

  async followValue(unit: Unit, value: Value): Promise<Entry | undefined> {
    if (value.is === 'signature') {
      const type = await unit.units.ofType(value.signature);
      return type === undefined ? undefined : this.entry(type, type.header.typeOffset ?? 0);
    }
    if (value.is !== 'reference') return undefined;
    if (value.in === 'unit') return this.entry(unit, value.offset);
    const units = value.in === 'alt' ? unit.units.alt : unit.units;
    const other = await units?.around(value.offset);
    return other === undefined ? undefined : this.entry(other, value.offset - other.header.offset);
  }

  /** Its own name or that of the declaration it completes. */
  async plainName(entry: Entry): Promise<string | undefined> {
    for (let at: Entry | undefined = entry, depth = 0; at !== undefined && depth < DEEPEST; depth++) {
      const name = await at.name();
      if (name !== undefined) return name;
      at = await this.origin(at);
    }
    return undefined;
  }

  /** A function's or type's name, through abstract origins and declarations. */
  nameOf(entry: Entry): Promise<FunctionName> {
    const { unit, offset } = entry;
    const key = `${this.fileNumber(unit)} ${unit.inTypes} ${unit.header.offset} ${offset}`;
    let name = this.names.get(key);
    if (name === undefined) {
      name = this.findName(entry);
      if (this.names.size >= MOST_NAMES) this.names.clear();
      this.names.set(key, name);
    }
    return name;
  }

  /** Types of a unit with that plain name and a definition: structures, classes, unions, enumerations, names for types. */
  async *typesNamed(unit: Unit, name: string): AsyncGenerator<Entry> {
    const root = await this.root(unit);
    if (root === undefined) return;
    for (const entry of root.descendants()) {
      if (TYPES.has(entry.tag) && !entry.has(Attribute.declaration) && (await entry.name()) === name)
        yield entry;
    }
  }

  private async findName(entry: Entry, nested = 0): Promise<FunctionName> {
    let name: string | undefined;
    let linkage: string | undefined;
    let declared = entry;
    for (let at: Entry | undefined = entry, depth = 0; at !== undefined && depth < DEEPEST; depth++) {
      name ??= await at.name();
      linkage ??= (await at.text(Attribute.linkageName)) ?? (await at.text(Attribute.mipsLinkageName));
      declared = at;
      at = await this.origin(at);
    }
    if (name === undefined) return linkage === undefined ? {} : { linkage };
    const qualified = [...(await this.scopesOf(declared, nested)), name].join('::');
    return { name: qualified, ...(linkage === undefined ? {} : { linkage }) };
  }

  /** Names of what it is in, outermost first. */
  private async scopesOf(entry: Entry, nested: number): Promise<string[]> {
    const map = await this.store.functions(entry.unit);
    const names: string[] = [];
    if (map === undefined || nested === DEEPEST) return names;
    for (const offset of map.scopesOf(entry.offset)) {
      if (names.length === DEEPEST) break;
      const scope = await this.entry(entry.unit, offset);
      if (scope === undefined) break;
      // Of a function that is declared elsewhere, what the declaration is in counts.
      const elsewhere = scope.has(Attribute.specification) || scope.has(Attribute.abstractOrigin);
      const name = elsewhere ? (await this.findName(scope, nested + 1)).name : await scope.name();
      names.unshift(name ?? (scope.tag === Tag.namespace ? '(anonymous namespace)' : '(anonymous)'));
      if (elsewhere) break;
    }
    return names;
  }

  private async origin(entry: Entry): Promise<Entry | undefined> {
    return (
      (await this.follow(entry, Attribute.abstractOrigin)) ??
      (await this.follow(entry, Attribute.specification))
    );
  }

  private fileNumber(unit: Unit): number {
    let number = this.numbers.get(unit.units);
    if (number === undefined) {
      number = this.numbers.size;
      this.numbers.set(unit.units, number);
    }
    return number;
  }

  private readonly numbers = new Map<Units, number>();
}

const MOST_NAMES = 1 << 16;

const TYPES: ReadonlySet<number> = new Set([
  Tag.class,
  Tag.structure,
  Tag.union,
  Tag.enumeration,
  Tag.typedef,
  Tag.interface,
]);
