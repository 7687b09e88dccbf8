import type { DwarfFile } from './dwarfFile';
import { UnitType } from './names';
import { openUnit, type Unit } from './unit';
import { LONGEST_HEADER, parseUnitHeader, type UnitHeader } from './unitHeader';

/** Units kept with their first entries. */
const KEPT = 4096;

/** The units of one file by where they are. Headers are read one after the other, only as far as they are needed. */
export class Units {
  private readonly open = new Map<number, Promise<Unit | undefined>>();
  /** Starts of units known to be ones, in order. */
  private readonly starts: number[] = [0];
  private signatures:
    | Promise<Map<bigint, { readonly header: UnitHeader; readonly inTypes: boolean }>>
    | undefined;

  /** Those of the file that dwz moved common parts to. */
  alt: Units | undefined;

  constructor(
    readonly file: DwarfFile,
    /** Of a split file: the unit in the program that it belongs to. */
    readonly skeleton?: Unit,
  ) {}

  /** The unit that begins there. */
  at(offset: number): Promise<Unit | undefined> {
    let unit = this.open.get(offset);
    if (unit === undefined) {
      unit = this.read(offset);
      if (this.open.size >= KEPT) this.open.clear();
      this.open.set(offset, unit);
    }
    return unit;
  }

  /** The unit that holds an offset of `.debug_info`. */
  async around(offset: number): Promise<Unit | undefined> {
    let start = this.nearest(offset);
    while (start <= offset) {
      const header = await this.header(start);
      if (header === undefined) return undefined;
      if (offset < header.end) return this.at(start);
      start = header.end;
      this.learn(start);
    }
    return undefined;
  }

  /** Headers of all units, in order. */
  async *headers(): AsyncGenerator<UnitHeader> {
    const { size } = this.file.section('info');
    for (let start = 0; start < size; ) {
      const header = await this.header(start);
      if (header === undefined || !this.file.work.spend(LONGEST_HEADER)) return;
      yield header;
      start = header.end;
    }
  }

  /** Says that a unit begins there: spares the way to it. */
  learn(start: number): void {
    let low = 0;
    let high = this.starts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.starts[middle] ?? 0) < start) low = middle + 1;
      else high = middle;
    }
    if (this.starts[low] !== start) this.starts.splice(low, 0, start);
  }

  /** The unit of a type that others refer to by signature. */
  async ofType(signature: bigint): Promise<Unit | undefined> {
    this.signatures ??= this.readSignatures();
    const found = (await this.signatures).get(signature);
    return found === undefined ? undefined : openUnit(this, found.header, found.inTypes);
  }

  private async readSignatures() {
    const found = new Map<bigint, { readonly header: UnitHeader; readonly inTypes: boolean }>();
    for await (const header of this.headers()) {
      if (header.type === UnitType.type || header.type === UnitType.splitType)
        found.set(header.signature ?? 0n, { header, inTypes: false });
    }
    const { size } = this.file.section('types');
    for (let start = 0; start < size; ) {
      const header = await this.header(start, true);
      if (header === undefined || !this.file.work.spend(LONGEST_HEADER)) break;
      found.set(header.signature ?? 0n, { header, inTypes: true });
      start = header.end;
    }
    return found;
  }

  private async header(start: number, inTypes = false): Promise<UnitHeader | undefined> {
    const section = this.file.section(inTypes ? 'types' : 'info');
    const data = await section.bytes(start, LONGEST_HEADER);
    const header = parseUnitHeader(data, start, section.size, inTypes);
    if (typeof header !== 'string') return header;
    if (start < section.size) this.file.troubles.say(header);
    return undefined;
  }

  private async read(offset: number): Promise<Unit | undefined> {
    const header = await this.header(offset);
    if (header === undefined) return undefined;
    const unit = await openUnit(this, header, false);
    if (unit === undefined) this.file.troubles.say('the first entry of a unit makes no sense');
    return unit;
  }

  private nearest(offset: number): number {
    let low = 0;
    let high = this.starts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.starts[middle] ?? 0) <= offset) low = middle + 1;
      else high = middle;
    }
    return this.starts[low - 1] ?? 0;
  }
}
