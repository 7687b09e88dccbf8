import type { ByteSource, Compression, Unpack } from '../target/byteSource';
import { FileStretch, MemoryStretch, type Stretch, Windows } from './bytes';
import { Cursor } from './cursor';
import {
  FILE_HEADER,
  type FileHeader,
  PF_X,
  type ProgramHeader,
  PT_LOAD,
  PT_NOTE,
  parseFileHeader,
  parseProgramHeaders,
  parseSectionHeaders,
  type SectionHeader,
  SHF_COMPRESSED,
  SHT_NOBITS,
  SHT_NOTE,
  type Table,
  withExtendedNumbers,
} from './elfHeaders';
import { type AltLink, type DebugLink, parseAltLink, parseBuildId, parseDebugLink } from './elfNotes';
import { Troubles } from './trouble';

/** Most bytes read of all headers, of the sections' names, of notes. */
const MOST_HEADERS = 8 << 20;
const MOST_NOTES = 1 << 20;
/** Most bytes the compressed sections of a file may have unpacked, together. */
const MOST_UNPACKED = 1 << 30;
const CHDR = 24;
/** Magic and size in front of a section in the older form, `.zdebug_…`. */
const ZLIB_HEADER = 12;
const MAGIC_ZLIB = 0x5a4c4942;

export type ElfResult =
  | { readonly ok: true; readonly elf: ElfFile }
  | { readonly ok: false; readonly why: string };

/** Reads the headers only. Does not close `source` when it fails. */
export async function openElf(source: ByteSource, unpack: Unpack): Promise<ElfResult> {
  const windows = new Windows(source);
  const first = parseFileHeader(await windows.bytes(0, FILE_HEADER));
  if (typeof first === 'string') return { ok: false, why: source.failed ?? first };
  const table = ({ offset, each, count }: Table) =>
    new FileStretch(windows, offset, each * count).bytes(0, MOST_HEADERS);
  const { sections } = first;
  const [zeroth] = parseSectionHeaders(await table({ ...sections, count: 1 }), sections.each);
  const header = withExtendedNumbers(first, zeroth);
  const programs = parseProgramHeaders(await table(header.programs), header.programs.each);
  const data = header.sections.offset === 0 ? Buffer.alloc(0) : await table(header.sections);
  const names = parseSectionHeaders(data, sections.each)[header.names];
  const text =
    names === undefined || names.type === SHT_NOBITS
      ? undefined
      : await new FileStretch(windows, names.offset, names.size).bytes(0, MOST_HEADERS);
  const found = parseSectionHeaders(data, sections.each, text);
  const elf = new ElfFile(windows, header, programs, found, unpack);
  if (found.length < header.sections.count) elf.troubles.say('its table of sections is cut short');
  return { ok: true, elf };
}

/** Whether it is of that build. Does not close `source`. */
export async function isOfBuild(source: ByteSource, buildId: string, unpack: Unpack): Promise<boolean> {
  const result = await openElf(source, unpack);
  return result.ok && (await result.elf.buildId()) === buildId;
}

/** A 64-bit little-endian ELF file: headers at once, sections as they are asked for. */
export class ElfFile {
  readonly troubles = new Troubles();
  private readonly unpacked = new Map<SectionHeader, Promise<Stretch | undefined>>();
  private unpackedBytes = 0;
  private id: Promise<string | undefined> | undefined;

  /** Use openElf. */
  constructor(
    private readonly windows: Windows,
    readonly header: FileHeader,
    readonly programs: readonly ProgramHeader[],
    readonly sections: readonly SectionHeader[],
    private readonly unpack: Unpack,
  ) {}

  get source(): ByteSource {
    return this.windows.source;
  }

  /** The header of the section with that name and content in this file. */
  find(name: string): SectionHeader | undefined {
    return this.sections.find((section) => section.name === name && section.type !== SHT_NOBITS);
  }

  /** A section's content, unpacked where it is compressed; `.debug_x` is found as `.zdebug_x` too. */
  async section(name: string): Promise<Stretch | undefined> {
    const header =
      this.find(name) ?? (name.startsWith('.debug') ? this.find(`.z${name.slice(1)}`) : undefined);
    return header === undefined ? undefined : this.content(header);
  }

  content(header: SectionHeader): Promise<Stretch | undefined> {
    const packed = (header.flags & SHF_COMPRESSED) !== 0 || header.name.startsWith('.zdebug');
    const whole = new FileStretch(this.windows, header.offset, header.size);
    if (whole.size < header.size) this.troubles.say(`section ${header.name} is cut short`);
    if (!packed) return Promise.resolve(whole);
    let unpacked = this.unpacked.get(header);
    if (unpacked === undefined) {
      unpacked = this.unpackSection(header, whole);
      this.unpacked.set(header, unpacked);
    }
    return unpacked;
  }

  /** In hexadecimal; read from the segments, so that a file without sections has it too. */
  buildId(): Promise<string | undefined> {
    this.id ??= this.readBuildId();
    return this.id;
  }

  async debugLink(): Promise<DebugLink | undefined> {
    return parseDebugLink(await this.start('.gnu_debuglink'));
  }

  async altLink(): Promise<AltLink | undefined> {
    return parseAltLink(await this.start('.gnu_debugaltlink'));
  }

  /** Bytes at an address of the file, as it is loaded; short where none of the file's are there. */
  async at(address: number, length: number): Promise<Buffer> {
    const segment = this.programs.find(
      (header) =>
        header.type === PT_LOAD && address >= header.address && address < header.address + header.fileSize,
    );
    if (segment === undefined) return Buffer.alloc(0);
    const within = address - segment.address;
    return new FileStretch(this.windows, segment.offset, segment.fileSize).bytes(within, length);
  }

  /** Whether it is loaded to be executed, as far as the segments tell. */
  isCode(address: number): boolean {
    return this.programs.some(
      ({ type, flags, address: from, memorySize }) =>
        type === PT_LOAD && (flags & PF_X) !== 0 && address >= from && address < from + memorySize,
    );
  }

  private async start(name: string): Promise<Buffer> {
    const section = await this.section(name);
    return section === undefined ? Buffer.alloc(0) : section.bytes(0, MOST_NOTES);
  }

  private async readBuildId(): Promise<string | undefined> {
    const notes = [
      ...this.programs
        .filter(({ type }) => type === PT_NOTE)
        .map((h) => ({ from: h.offset, size: h.fileSize })),
      ...this.sections.filter(({ type }) => type === SHT_NOTE).map((h) => ({ from: h.offset, size: h.size })),
    ];
    for (const { from, size } of notes) {
      const data = await new FileStretch(this.windows, from, size).bytes(0, MOST_NOTES);
      const id = parseBuildId(data);
      if (id !== undefined) return id;
    }
    return undefined;
  }

  private async unpackSection(header: SectionHeader, whole: Stretch): Promise<Stretch | undefined> {
    const { name } = header;
    const data = await whole.bytes(0, MOST_UNPACKED);
    const old = !(header.flags & SHF_COMPRESSED);
    // The older form is big-endian; without its magic the section is not compressed at all.
    if (old && (data.length < ZLIB_HEADER || data.readUInt32BE(0) !== MAGIC_ZLIB)) return whole;
    const type = old ? 1 : new Cursor(data).u32();
    const size = old ? Number(data.readBigUInt64BE(4)) : new Cursor(data, 8).u64();
    const way: Compression | undefined = ({ 1: 'zlib', 2: 'zstd' } as const)[type];
    if (way === undefined)
      return this.lost(`section ${name} is compressed in a way not known here (${type})`);
    this.unpackedBytes += size;
    if (!(size >= 0 && this.unpackedBytes <= MOST_UNPACKED))
      return this.lost(`section ${name} is too big unpacked`);
    const unpacked = await this.unpack(data.subarray(old ? ZLIB_HEADER : CHDR), way, size);
    if (typeof unpacked === 'string') return this.lost(`section ${name} cannot be unpacked: ${unpacked}`);
    return new MemoryStretch(unpacked);
  }

  private lost(why: string): undefined {
    this.troubles.say(why);
    return undefined;
  }
}
