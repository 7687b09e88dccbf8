import type { Stretch } from '../bytes';
import { MemoryStretch } from '../bytes';
import type { ElfFile } from '../elfFile';
import type { Troubles, Work } from '../trouble';
import { Abbreviations } from './abbreviations';
import type { Encoding } from './forms';
import type { Parts } from './unitIndex';

const SECTIONS = [
  'info',
  'types',
  'abbrev',
  'line',
  'str',
  'line_str',
  'str_offsets',
  'addr',
  'ranges',
  'rnglists',
  'aranges',
] as const;

export type SectionName = (typeof SECTIONS)[number];

/** First guess at the bytes of a table of abbreviations. */
const TABLE = 1 << 14;
/** Tables of abbreviations kept. */
const KEPT = 256;
const NOTHING = new MemoryStretch(Buffer.alloc(0));

/** The sections with debug information of one file, or of one unit in a package of them (.dwp). */
export class DwarfFile {
  private readonly tables = new Map<string, Promise<Abbreviations>>();

  constructor(
    private readonly stretches: Partial<Record<SectionName, Stretch>>,
    /** True of a .dwo file: its units lean on a skeleton elsewhere. */
    readonly split: boolean,
    readonly troubles: Troubles,
    readonly work: Work,
  ) {}

  /** Undefined where the file has no debug information. `parts`: only these of its sections are the unit's. */
  static async open(
    elf: ElfFile,
    split: boolean,
    troubles: Troubles,
    work: Work,
    parts?: Parts,
  ): Promise<DwarfFile | undefined> {
    const stretches: Partial<Record<SectionName, Stretch>> = {};
    for (const name of SECTIONS) {
      const found = await elf.section(`.debug_${name}${split ? '.dwo' : ''}`);
      const part = parts?.get(name);
      if (found !== undefined)
        stretches[name] = part === undefined ? found : found.part(part.offset, part.size);
    }
    for (const trouble of elf.troubles.all) troubles.say(trouble);
    if (stretches.info === undefined || stretches.abbrev === undefined) return undefined;
    return new DwarfFile(stretches, split, troubles, work);
  }

  /** Empty where the file has no such section. */
  section(name: SectionName): Stretch {
    return this.stretches[name] ?? NOTHING;
  }

  /** `whole`: no entry of it will have to be fetched later. Otherwise only the first ones may be there. */
  abbreviations(offset: number, encoding: Encoding, whole: boolean): Promise<Abbreviations> {
    const { version, wide, addressSize } = encoding;
    const key = `${offset} ${version} ${wide} ${addressSize} ${whole}`;
    let table = this.tables.get(key);
    if (table === undefined) {
      table = this.readAbbreviations(offset, encoding, whole);
      this.tables.set(key, table);
      if (this.tables.size > KEPT) {
        const [oldest] = this.tables.keys();
        if (oldest !== undefined) this.tables.delete(oldest);
      }
    }
    return table;
  }

  private async readAbbreviations(
    offset: number,
    encoding: Encoding,
    whole: boolean,
  ): Promise<Abbreviations> {
    const section = this.section('abbrev');
    for (let length = TABLE; ; length *= 4) {
      const data = await section.bytes(offset, length);
      const table = new Abbreviations(data, encoding, this.work);
      if (whole) table.find(-1);
      if (!table.cut || data.length < length) return table;
    }
  }
}
