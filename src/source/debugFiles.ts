import type { ByteSource, Unpack } from '../target/byteSource';
import { crc32 } from './crc32';
import { directoryOf, joinPath } from './dwarf/paths';
import { type ElfFile, openElf } from './elfFile';
import type { Troubles } from './trouble';

/** Opens a file of the host where the program runs; a string says why it cannot be. */
export type OpenBytes = (path: string) => Promise<ByteSource | string>;

/** Bytes read at a time for a checksum, and the most that are read for one. */
const PIECE = 1 << 20;
const MOST_CHECKED = 1 << 30;

export const DEBUG_FOLDERS: readonly string[] = ['/usr/lib/debug'];

export interface DebugFile {
  readonly elf: ElfFile;
  readonly path: string;
}

/** Finds the files that programs name instead of holding their debug information. */
export class DebugFiles {
  constructor(
    private readonly openBytes: OpenBytes,
    private readonly unpack: Unpack,
    private readonly troubles: Troubles,
    private readonly folders: readonly string[] = DEBUG_FOLDERS,
  ) {}

  /** Undefined where there is no such file or it is no ELF file for us. */
  readonly open = async (path: string): Promise<ElfFile | undefined> => {
    const source = await this.openBytes(path);
    if (typeof source === 'string') return undefined;
    const result = await openElf(source, this.unpack);
    if (result.ok) return result.elf;
    source.close();
    this.troubles.say(`${path}: ${result.why}`);
    return undefined;
  };

  /** The debug information of a stripped program, by its build-id and then by its debug link. Files of other builds are passed over. */
  async of(elf: ElfFile, program: string): Promise<DebugFile | undefined> {
    const id = await elf.buildId();
    if (id !== undefined) {
      const found = await this.byBuildId(id);
      if (found !== undefined) return found;
    }
    const link = await elf.debugLink();
    if (link === undefined) return undefined;
    const folder = directoryOf(program);
    const places = [
      joinPath(folder, link.name),
      joinPath(joinPath(folder, '.debug'), link.name),
      ...this.folders.map((root) => joinPath(`${root}/${folder}`, link.name)),
    ];
    for (const path of new Set(places)) {
      if (path === program) continue;
      const found = await this.open(path);
      if (found === undefined) continue;
      const theirs = await found.buildId();
      const same =
        id !== undefined && theirs !== undefined ? id === theirs : (await this.checksum(found)) === link.crc;
      if (same) return { elf: found, path };
      found.source.close();
      this.troubles.say(`${path} belongs to another build`);
    }
    return undefined;
  }

  /** The file that dwz moved the common parts of several debug files to. */
  async alt(elf: ElfFile, path: string): Promise<ElfFile | undefined> {
    const link = await elf.altLink();
    if (link === undefined) return undefined;
    const byId = await this.byBuildId(link.buildId);
    if (byId !== undefined) return byId.elf;
    const found = await this.open(joinPath(directoryOf(path), link.name));
    if (found !== undefined && (await found.buildId()) === link.buildId) return found;
    found?.source.close();
    this.troubles.say(`${link.name}, which it shares names with, is not there: some functions have no names`);
    return undefined;
  }

  private async byBuildId(id: string): Promise<DebugFile | undefined> {
    if (id.length < 4) return undefined;
    for (const folder of this.folders) {
      const path = `${folder}/.build-id/${id.slice(0, 2)}/${id.slice(2)}.debug`;
      const elf = await this.open(path);
      if (elf === undefined) continue;
      if ((await elf.buildId()) === id) return { elf, path };
      elf.source.close();
      this.troubles.say(`${path} belongs to another build`);
    }
    return undefined;
  }

  private async checksum({ source }: ElfFile): Promise<number | undefined> {
    if (source.size > MOST_CHECKED) return undefined;
    let crc = 0;
    for (let at = 0; at < source.size; at += PIECE) {
      const data = await source.read(at, PIECE);
      if (data.length < Math.min(PIECE, source.size - at)) return undefined;
      crc = crc32(data, crc);
    }
    return crc;
  }
}
