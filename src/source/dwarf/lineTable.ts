import { ET_REL } from '../elfHeaders';
import { type LineHeader, lineTableSize, parseLineHeader, type SourceFile } from './lineHeader';
import { LineRows, type Row } from './lineRows';
import { Attribute } from './names';
import { joinPath } from './paths';
import type { Unit } from './unit';

/** Most bytes of one unit's table. */
const MOST = 64 << 20;

/** A unit's lines: rows and the names of their files. */
export class LineTable {
  private readonly paths = new Map<number, Promise<string | undefined>>();

  private constructor(
    private readonly unit: Unit,
    private readonly header: LineHeader,
    readonly rows: LineRows,
  ) {}

  get weight(): number {
    return this.rows.weight;
  }

  /** Undefined where the unit has none, or one that cannot be read. */
  static async read(unit: Unit, elfType: number): Promise<LineTable | undefined> {
    const start = unit.numberOf(Attribute.stmtList);
    if (start === undefined) return undefined;
    const { troubles, work } = unit.file;
    const section = unit.file.section('line');
    const size = lineTableSize(await section.bytes(start, 16));
    const data = size === undefined || size > MOST ? undefined : await section.bytes(start, size);
    if (size === undefined || data === undefined || data.length < size) {
      troubles.say('a table of lines reaches beyond its section');
      return undefined;
    }
    const header = parseLineHeader(data, unit.header.addressSize);
    if (typeof header === 'string') {
      troubles.say(header);
      return undefined;
    }
    return work.spend(size)
      ? new LineTable(unit, header, new LineRows(data, header, elfType === ET_REL))
      : undefined;
  }

  row(address: number): Row | undefined {
    return this.rows.at(address);
  }

  /** The path of a file of the table, absolute where the compiler says enough; undefined for a number it does not have. */
  path(index: number): Promise<string | undefined> {
    let path = this.paths.get(index);
    if (path === undefined) {
      path = this.makePath(this.file(index));
      this.paths.set(index, path);
    }
    return path;
  }

  /** Of the content, as the compiler saw it. */
  md5(index: number): Buffer | undefined {
    return this.file(index)?.md5;
  }

  private file(index: number): SourceFile | undefined {
    const { files } = this.header;
    return index < files.length ? files[index] : this.rows.defined[index - files.length];
  }

  private async makePath(file: SourceFile | undefined): Promise<string | undefined> {
    if (file === undefined) return undefined;
    const name = await this.unit.text(file.name);
    if (name === undefined || name === '') return undefined;
    const value = this.header.directories[file.directory];
    const directory = value === undefined ? undefined : await this.unit.text(value);
    return joinPath((await this.unit.directory()) ?? '', joinPath(directory ?? '', name));
  }
}
