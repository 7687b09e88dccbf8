import { Cursor } from '../cursor';
import type { Abbreviation } from './abbreviations';
import { readForm, skipForm, type Value } from './forms';
import { Attribute } from './names';
import { type Range, rangesOf } from './ranges';
import type { Loaded, Unit } from './unit';

/** A debugging information entry (DIE): its tag, its attributes as they are asked for, its children. */
export class Entry {
  private constructor(
    readonly unit: Unit,
    private readonly loaded: Loaded,
    /** Where it begins, counted from the unit's start. */
    readonly offset: number,
    private readonly abbreviation: Abbreviation,
    /** Where its attributes begin. */
    private readonly body: number,
  ) {}

  /** Undefined where no entry begins there. */
  static at(unit: Unit, loaded: Loaded, offset: number): Entry | undefined {
    if (offset < unit.header.body) return undefined;
    const at = new Cursor(loaded.data, offset);
    const code = at.uleb();
    const abbreviation = at.bad || code === 0 ? undefined : loaded.abbreviations.find(code);
    return abbreviation === undefined ? undefined : new Entry(unit, loaded, offset, abbreviation, at.at);
  }

  /** The unit's own entry. */
  static root(unit: Unit, loaded: Loaded): Entry | undefined {
    return Entry.at(unit, loaded, unit.header.body);
  }

  get tag(): number {
    return this.abbreviation.tag;
  }

  has(attribute: number): boolean {
    return this.abbreviation.attributes.some((specification) => specification.attribute === attribute);
  }

  /** The value as it stands there. */
  value(attribute: number): Value | undefined {
    if (!this.has(attribute)) return undefined;
    const at = new Cursor(this.loaded.data, this.body);
    for (const { attribute: candidate, form, constant } of this.abbreviation.attributes) {
      if (candidate === attribute) {
        const value = readForm(at, form, constant, this.unit.header);
        return at.bad ? undefined : value;
      }
      skipForm(at, form, this.unit.header);
    }
    return undefined;
  }

  /** Of a constant, a flag or an offset. */
  number(attribute: number): number | undefined {
    const value = this.value(attribute);
    return value?.is === 'number' ? value.number : undefined;
  }

  /** Of an expression or bytes. */
  block(attribute: number): Buffer | undefined {
    const value = this.value(attribute);
    return value?.is === 'block' ? value.block : undefined;
  }

  async text(attribute: number): Promise<string | undefined> {
    const value = this.value(attribute);
    return value === undefined ? undefined : this.unit.text(value);
  }

  async address(attribute: number): Promise<number | undefined> {
    const value = this.value(attribute);
    return value === undefined ? undefined : this.unit.address(value);
  }

  name(): Promise<string | undefined> {
    return this.text(Attribute.name);
  }

  ranges(): Promise<Range[]> {
    return rangesOf(this.unit, {
      low: this.value(Attribute.lowPc),
      high: this.value(Attribute.highPc),
      ranges: this.value(Attribute.ranges),
    });
  }

  /** Its children, in order; a file that lies about them yields fewer. */
  *children(): Generator<Entry> {
    let next = this.abbreviation.children ? this.attributesEnd() : undefined;
    while (next !== undefined) {
      const child = Entry.at(this.unit, this.loaded, next);
      if (child === undefined || !this.unit.file.work.spend(8)) return;
      yield child;
      next = child.end();
    }
  }

  /** It, its children, theirs and so on, in the order of the file. */
  *descendants(): Generator<Entry> {
    let depth = 0;
    let next: number | undefined = this.offset;
    while (next !== undefined && next < this.loaded.data.length) {
      const entry = Entry.at(this.unit, this.loaded, next);
      if (entry === undefined) {
        if (this.loaded.data[next] !== 0 || --depth <= 0) return;
        next++;
        continue;
      }
      if (!this.unit.file.work.spend(8)) return;
      yield entry;
      if (entry.abbreviation.children) depth++;
      else if (depth === 0) return;
      next = entry.attributesEnd();
    }
  }

  /** Where the entry behind it and all its children begins, counted from the unit's start. */
  end(): number | undefined {
    const own = this.attributesEnd();
    if (!this.abbreviation.children || own === undefined) return own;
    const sibling = this.value(Attribute.sibling);
    if (sibling?.is === 'reference' && sibling.in === 'unit' && sibling.offset > own) return sibling.offset;
    let depth = 1;
    let next = own;
    while (depth > 0 && this.unit.file.work.spend(8)) {
      const entry = Entry.at(this.unit, this.loaded, next);
      if (entry === undefined) {
        if (this.loaded.data[next] !== 0) return undefined;
        depth--;
        next++;
        continue;
      }
      const end = entry.attributesEnd();
      if (end === undefined) return undefined;
      if (entry.abbreviation.children) depth++;
      next = end;
    }
    return depth === 0 ? next : undefined;
  }

  private attributesEnd(): number | undefined {
    const at = new Cursor(this.loaded.data, this.body);
    skipAttributes(at, this.abbreviation, this.unit);
    return at.bad ? undefined : at.at;
  }
}

export function skipAttributes(at: Cursor, { size, attributes }: Abbreviation, unit: Unit): void {
  if (size !== undefined) at.skip(size);
  else for (const { form } of attributes) skipForm(at, form, unit.header);
}
