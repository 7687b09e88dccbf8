import type { ByteSource, Unpack } from '../target/byteSource';
import { memoryBytes } from './bytes';
import { type ElfFile, openElf } from './elfFile';
import { EM_X86_64, ET_REL, SECTION_HEADER, type SectionHeader, SHF_COMPRESSED } from './elfHeaders';

const ET_EXEC = 2;
const SHT_SYMTAB = 2;
const SHT_RELA = 4;
const SHF_ALLOC = 2;
const SYMBOL = 24;
const RELOCATION = 24;
/** From here on numbers of sections mean something else (SHN_ABS). */
const RESERVED = 0xff00;
/** Most bytes of a file, unpacked, and of relocations: the biggest drivers have less than half of either. */
const MOST = 1 << 30;
const MOST_RELOCATIONS = 32 << 20;
/** Where the first section is put, and the room behind each. */
const FIRST = 0x10_0000;
const ROOM = 4096;

/** Bytes that a relocation writes, by its number: those of addresses alone (psABI of x86-64 and of arm64). */
const WRITES: ReadonlyMap<number, number> = new Map([
  [1, 8], // R_X86_64_64
  [10, 4], // R_X86_64_32
  [11, 4], // R_X86_64_32S
]);
const WRITES_ARM64: ReadonlyMap<number, number> = new Map([
  [257, 8], // R_AARCH64_ABS64
  [258, 4], // R_AARCH64_ABS32
]);

/**
 * A relocatable file, as a kernel module's is, as if it were linked: each section at an address of its own, its symbols and debug
 * information moved there. Any other file as it is; a string says why neither. Takes `source` over.
 */
export async function openRelocated(source: ByteSource, unpack: Unpack): Promise<ByteSource | string> {
  const result = await openElf(source, unpack);
  if (result.ok && result.elf.header.type !== ET_REL) return source;
  const linked = result.ok ? await relocated(result.elf) : result.why;
  source.close();
  return typeof linked === 'string' ? linked : memoryBytes(linked);
}

async function relocated(elf: ElfFile): Promise<Buffer | string> {
  const { source, sections, header } = elf;
  if (source.size > MOST) return 'it is too big';
  const data = Buffer.from(await source.read(0, source.size));
  if (data.length < source.size) return source.failed ?? 'it cannot be read to its end';
  data.writeUInt16LE(ET_EXEC, 16);
  const addresses = placesOf(sections);
  const head = (index: number): Buffer => {
    const at = header.sections.offset + index * header.sections.each;
    return data.subarray(at, at + SECTION_HEADER);
  };
  for (const [index, address] of addresses.entries()) if (address > 0) writeWord(head(index), 16, address);
  for (const section of sections)
    if (section.type === SHT_SYMTAB) moveSymbols(within(data, section), addresses);
  const appended: Buffer[] = [];
  let end = data.length;
  let left = MOST_RELOCATIONS;
  const known = new Map<number, Buffer>();
  for (const table of sections) {
    const target = sections[table.info];
    const symbols = sections[table.link];
    if (table.type !== SHT_RELA || !target?.name.startsWith('.debug_') || !symbols) continue;
    left -= table.size / RELOCATION;
    if (left < 0) return 'it has more relocations than any module';
    let content = known.get(table.info);
    if (!content && (target.flags & SHF_COMPRESSED) !== 0) {
      const unpacked = await (await elf.content(target))?.bytes(0, MOST);
      if (!unpacked || end + unpacked.length > MOST) continue;
      content = Buffer.from(unpacked);
      appended.push(content);
      const [place, flags] = [head(table.info), target.flags - SHF_COMPRESSED];
      for (const [at, value] of [
        [8, flags],
        [24, end],
        [32, content.length],
      ] as const)
        writeWord(place, at, value);
      end += content.length;
    }
    content ??= within(data, target);
    known.set(table.info, content);
    relocate(content, within(data, table), within(data, symbols), header.machine);
  }
  return appended.length === 0 ? data : Buffer.concat([data, ...appended]);
}

/** An address for each section that is loaded, none twice; 0 for all others. */
function placesOf(sections: readonly SectionHeader[]): number[] {
  let next = FIRST;
  return sections.map(({ flags, size }) => {
    if ((flags & SHF_ALLOC) === 0 || !(size >= 0 && size < MOST)) return 0;
    const address = next;
    next += Math.ceil(size / ROOM) * ROOM + ROOM;
    return address;
  });
}

function within(data: Buffer, { offset, size }: SectionHeader): Buffer {
  return offset >= 0 && size >= 0 ? data.subarray(offset, offset + size) : data.subarray(0, 0);
}

/** From their sections' starts to addresses. */
function moveSymbols(symbols: Buffer, addresses: readonly number[]): void {
  for (let at = 0; at + SYMBOL <= symbols.length; at += SYMBOL) {
    const section = symbols.readUInt16LE(at + 6);
    if (section < RESERVED) writeWord(symbols, at + 8, wordAt(symbols, at + 8) + (addresses[section] ?? 0));
  }
}

function relocate(content: Buffer, table: Buffer, symbols: Buffer, machine: number): void {
  const writes = machine === EM_X86_64 ? WRITES : WRITES_ARM64;
  for (let at = 0; at + RELOCATION <= table.length; at += RELOCATION) {
    const place = wordAt(table, at);
    const symbol = table.readUInt32LE(at + 12) * SYMBOL;
    const bytes = writes.get(table.readUInt32LE(at + 8));
    if (bytes === undefined || symbol + SYMBOL > symbols.length) continue;
    if (!(place >= 0 && place + bytes <= content.length)) continue;
    const value = wordAt(symbols, symbol + 8) + wordAt(table, at + 16);
    if (bytes === 8) writeWord(content, place, value);
    else content.writeUInt32LE(value >>> 0, place);
  }
}

function wordAt(data: Buffer, at: number): number {
  return data.readUInt32LE(at) + data.readInt32LE(at + 4) * 0x1_0000_0000;
}

function writeWord(data: Buffer, at: number, value: number): void {
  if (at + 8 > data.length) return;
  data.writeUInt32LE(value >>> 0, at);
  data.writeInt32LE(Math.floor(value / 0x1_0000_0000) | 0, at + 4);
}
