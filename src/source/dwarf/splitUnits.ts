import type { ElfFile } from '../elfFile';
import { DwarfFile } from './dwarfFile';
import { Attribute, UnitType } from './names';
import { baseOf, joinPath } from './paths';
import type { Unit } from './unit';
import { findParts } from './unitIndex';
import { Units } from './units';

/** Files with split units kept open. */
const KEPT = 64;
/** Most bytes of a package's index. */
const MOST_INDEX = 64 << 20;

/** Opens a file of the host where the program runs; undefined where there is none or none that can be read. */
export type OpenElf = (path: string) => Promise<ElfFile | undefined>;

/** Split units (-gsplit-dwarf): in .dwo files that their skeletons name, or all in one package beside the program. */
export class SplitUnits {
  private readonly found = new Map<Unit, Promise<Unit | undefined>>();
  private readonly open: (readonly [Unit, ElfFile])[] = [];
  private readonly folder: string;
  private package: Promise<ElfFile | undefined> | undefined;

  constructor(
    private readonly openElf: OpenElf,
    /** Of the program, or of its debug file. */
    private readonly program: string,
  ) {
    this.folder = joinPath(program, '..');
  }

  /** Undefined where the unit is not split, or what it is split into is not there. */
  of(skeleton: Unit): Promise<Unit | undefined> {
    let unit = this.found.get(skeleton);
    if (unit === undefined) {
      unit = this.find(skeleton);
      this.found.set(skeleton, unit);
    }
    return unit;
  }

  close(): void {
    for (const [, elf] of this.open.splice(0)) elf.source.close();
    void this.package?.then((elf) => elf?.source.close());
  }

  private async find(skeleton: Unit): Promise<Unit | undefined> {
    const name = (await skeleton.textOf(Attribute.dwoName)) ?? (await skeleton.textOf(Attribute.gnuDwoName));
    if (name === undefined) return undefined;
    const id = idOf(skeleton);
    const packed = await this.inPackage(skeleton, id);
    if (packed !== undefined) return packed;
    const paths = [joinPath((await skeleton.directory()) ?? '', name), joinPath(this.folder, baseOf(name))];
    for (const path of new Set(paths)) {
      const elf = await this.openElf(path);
      if (elf === undefined) continue;
      const { troubles, work } = skeleton.file;
      const file = await DwarfFile.open(elf, true, troubles, work);
      const unit = file === undefined ? undefined : await matching(file, skeleton, id);
      if (unit !== undefined) {
        this.keep(skeleton, elf);
        return unit;
      }
      elf.source.close();
      troubles.say(`${path} belongs to another build`);
    }
    skeleton.file.troubles.say(
      `${paths[0] ?? name} is not there: functions and inlined calls of its code are not told`,
    );
    return undefined;
  }

  private keep(skeleton: Unit, elf: ElfFile): void {
    this.open.push([skeleton, elf]);
    const oldest = this.open.length > KEPT ? this.open.shift() : undefined;
    if (oldest === undefined) return;
    this.found.delete(oldest[0]);
    oldest[1].source.close();
  }

  private async inPackage(skeleton: Unit, id: bigint | undefined): Promise<Unit | undefined> {
    this.package ??= this.openElf(`${this.program}.dwp`);
    const elf = await this.package;
    if (elf === undefined || id === undefined) return undefined;
    const index = await (await elf.section('.debug_cu_index'))?.bytes(0, MOST_INDEX);
    const parts = index === undefined ? undefined : findParts(index, id);
    if (parts === undefined) return undefined;
    const { troubles, work } = skeleton.file;
    const file = await DwarfFile.open(elf, true, troubles, work, parts);
    return file === undefined ? undefined : matching(file, skeleton, id);
  }
}

/** The id that ties a skeleton and its split unit together. */
function idOf(unit: Unit): bigint | undefined {
  if (unit.header.dwoId !== undefined) return unit.header.dwoId;
  return unit.bigOf(Attribute.gnuDwoId);
}

async function matching(file: DwarfFile, skeleton: Unit, id: bigint | undefined): Promise<Unit | undefined> {
  const units = new Units(file, skeleton);
  for await (const { offset, type } of units.headers()) {
    if (type === UnitType.type || type === UnitType.splitType) continue;
    const unit = await units.at(offset);
    if (unit !== undefined && (id === undefined || idOf(unit) === id)) return unit;
  }
  return undefined;
}
