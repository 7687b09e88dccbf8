import { Cursor } from './cursor';

/** Bytes of ELF64 headers (elf.h). */
export const FILE_HEADER = 64;
export const PROGRAM_HEADER = 56;
export const SECTION_HEADER = 64;

export const ET_REL = 1;
export const EM_X86_64 = 62;
export const EM_AARCH64 = 183;
export const PT_LOAD = 1;
export const PT_NOTE = 4;
export const PF_X = 1;
export const SHT_NOTE = 7;
export const SHT_NOBITS = 8;
export const SHF_COMPRESSED = 0x800;

const EXTENDED = 0xffff;

export interface FileHeader {
  /** ET_EXEC, ET_DYN… */
  readonly type: number;
  readonly machine: number;
  readonly programs: Table;
  readonly sections: Table;
  /** Index of the section that holds the sections' names. */
  readonly names: number;
}

export interface Table {
  readonly offset: number;
  readonly each: number;
  readonly count: number;
}

export interface ProgramHeader {
  readonly type: number;
  /** PF_X 1, PF_W 2, PF_R 4. */
  readonly flags: number;
  readonly offset: number;
  readonly address: number;
  /** Bytes in the file, and in memory. */
  readonly fileSize: number;
  readonly memorySize: number;
}

export interface SectionHeader {
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly address: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
  readonly info: number;
  /** Bytes of an entry, of a table. */
  readonly each: number;
}

/** A string says why it is no file for us: 64-bit little-endian ELF of x86-64 or arm64. */
export function parseFileHeader(data: Buffer): FileHeader | string {
  if (data.length < 4 || data.readUInt32BE(0) !== 0x7f454c46) return 'not an ELF file';
  if (data.length < FILE_HEADER) return 'its ELF header is cut short';
  if (data[4] !== 2) return 'a 32-bit ELF file; only 64-bit ones are read';
  if (data[5] !== 1) return 'a big-endian ELF file; only little-endian ones are read';
  const at = new Cursor(data, 16);
  const type = at.u16();
  const machine = at.u16();
  if (machine !== EM_X86_64 && machine !== EM_AARCH64)
    return `an ELF file for machine ${machine}; only x86-64 and arm64 are read`;
  at.skip(4 + 8);
  const programs = at.u64();
  const sections = at.u64();
  at.skip(4 + 2);
  const program = { each: at.u16(), count: at.u16() };
  const section = { each: at.u16(), count: at.u16() };
  return {
    type,
    machine,
    programs: { offset: programs, ...program },
    sections: { offset: sections, ...section },
    names: at.u16(),
  };
}

/** With many sections or segments their numbers stand in the first section's header. */
export function withExtendedNumbers(header: FileHeader, first: SectionHeader | undefined): FileHeader {
  if (first === undefined || header.sections.offset === 0) return header;
  const { programs, sections, names } = header;
  return {
    ...header,
    programs: programs.count === EXTENDED ? { ...programs, count: first.info } : programs,
    sections: sections.count === 0 ? { ...sections, count: first.size } : sections,
    names: names === EXTENDED ? first.link : names,
  };
}

export function parseProgramHeaders(data: Buffer, each: number): ProgramHeader[] {
  const headers: ProgramHeader[] = [];
  if (each < PROGRAM_HEADER) return headers;
  for (let start = 0; start + PROGRAM_HEADER <= data.length; start += each) {
    const at = new Cursor(data, start);
    const type = at.u32();
    const flags = at.u32();
    const offset = at.u64();
    const address = at.u64();
    at.skip(8);
    headers.push({ type, flags, offset, address, fileSize: at.u64(), memorySize: at.u64() });
  }
  return headers;
}

/** `names` are the bytes of the section of names; without them all names are empty. */
export function parseSectionHeaders(data: Buffer, each: number, names?: Buffer): SectionHeader[] {
  const headers: SectionHeader[] = [];
  if (each < SECTION_HEADER) return headers;
  for (let start = 0; start + SECTION_HEADER <= data.length; start += each) {
    const at = new Cursor(data, start);
    const name = at.u32();
    const type = at.u32();
    const flags = at.u64();
    const address = at.u64();
    const offset = at.u64();
    const size = at.u64();
    const link = at.u32();
    const info = at.u32();
    at.skip(8);
    headers.push({
      name: names === undefined ? '' : new Cursor(names, name).text(),
      type,
      flags,
      address,
      offset,
      size,
      link,
      info,
      each: at.u64(),
    });
  }
  return headers;
}
