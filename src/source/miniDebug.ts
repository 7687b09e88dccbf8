import type { Unpack } from '../target/byteSource';
import { memoryBytes } from './bytes';
import { type ElfFile, openElf } from './elfFile';

const SECTION = '.gnu_debugdata';
/** Most bytes of it, and of what is in it: libraries of distributions have less than one MiB. */
const MOST_PACKED = 16 << 20;
const MOST = 64 << 20;

/**
 * MiniDebugInfo (Fedora since 18): an ELF file packed with xz into a stripped one, with the symbols of the functions that the
 * program is not linked by. Undefined where there is none; what is wrong with one is said of `elf`.
 */
export async function openMiniDebug(elf: ElfFile, unpack: Unpack): Promise<ElfFile | undefined> {
  const packed = await elf.section(SECTION);
  if (packed === undefined) return undefined;
  const data = packed.size > MOST_PACKED ? 'it is too big' : await packed.bytes(0, MOST_PACKED);
  const unpacked = typeof data === 'string' ? data : await unpack(data, 'xz', MOST);
  const opened = typeof unpacked === 'string' ? undefined : await openElf(memoryBytes(unpacked), unpack);
  if (opened?.ok) return opened.elf;
  const why = typeof unpacked === 'string' ? unpacked : opened?.why;
  elf.troubles.say(`the symbols it has packed with xz (MiniDebugInfo) cannot be read: ${why}`);
  return undefined;
}
