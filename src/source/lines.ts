import type { ByteSource, Unpack } from '../target/byteSource';
import type { FetchDebugFile } from '../target/debuginfod';
import type { Stretch } from './bytes';
import { type DebugFile, DebugFiles, type OpenBytes } from './debugFiles';
import { DebugInfo } from './dwarf/debugInfo';
import { DwarfFile } from './dwarf/dwarfFile';
import type { LineTable } from './dwarf/lineTable';
import { SplitUnits } from './dwarf/splitUnits';
import type { Unit } from './dwarf/unit';
import { type ElfFile, openElf } from './elfFile';
import { GoTable } from './goTable';
import { openMiniDebug } from './miniDebug';
import { Plt } from './plt';
import { Symbols } from './symbols';
import { type Troubles, Work } from './trouble';

/** Addresses looked up at once, so that their reads travel together. */
const AT_ONCE = 32;
/** Work of one call of `locate`, in bytes looked at, and for each of its addresses. */
const WORK = 512 << 20;
const WORK_EACH = 16 << 20;
/** What the linker appends to names of which a library has several versions: `@@GLIBC_2.34`. */
const VERSION = /@@?[^@]+$/;
/** Locations kept for the next time. */
const MOST_KNOWN = 1 << 14;

export interface SourceFrame {
  /** With the namespaces and classes it is in; of a symbol, as the linker knows it. */
  readonly function?: string;
  /** As the linker knows it, where that differs or the language mangles names. */
  readonly linkage?: string;
  /** As the compiler was given it, made absolute. */
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  /** Of the file's content, as the compiler saw it: 32 hex digits. */
  readonly md5?: string;
  /** True of all but the outermost: its code stands in the next frame's. */
  readonly inlined: boolean;
}

export interface Location {
  readonly address: bigint;
  /** Innermost first; none where neither debug information nor symbols have the address. */
  readonly frames: readonly SourceFrame[];
  /** The symbol that holds it, and bytes from its start. */
  readonly symbol?: { readonly name: string; readonly offset: number };
}

export interface LinesOptions {
  /** Of the program or library, as its host knows it. */
  readonly path: string;
  readonly unpack: Unpack;
  /** For separate debug files and .dwo files. */
  readonly open: OpenBytes;
  /** Folders with `.build-id` in them; `/usr/lib/debug` where absent. */
  readonly debugFolders?: readonly string[];
  /** The debug file of a build from elsewhere, where none of the host's is there. */
  readonly fetchDebugFile?: FetchDebugFile;
  /**
   * Called when that has come after all, or a separate debug file has been read that `locate` did not wait for, and is used from then on.
   * Where it is absent, both are waited for.
   */
  readonly onArrival?: () => void;
}

export type LinesResult =
  | { readonly ok: true; readonly lines: Lines }
  | { readonly ok: false; readonly why: string };

/** Reads the headers only. Takes `source` over: it is closed by `Lines.close`, or here on failure. */
export async function openLines(source: ByteSource, options: LinesOptions): Promise<LinesResult> {
  const result = await openElf(source, options.unpack);
  if (!result.ok) {
    source.close();
    return result;
  }
  return { ok: true, lines: new Lines(result.elf, options) };
}

interface Opened {
  readonly file: DebugFile;
  readonly info: DebugInfo;
  readonly split: SplitUnits;
  readonly alt: ElfFile | undefined;
}

/** Source lines of one program or library. Addresses are the file's own: those in memory less what it was loaded at. */
export class Lines {
  private readonly troubleList: Troubles;
  private readonly work: Work;
  private readonly files: DebugFiles;
  private readonly plt: Plt;
  private opened: Promise<Opened | undefined> | undefined;
  private separateFile: Promise<DebugFile | undefined> | undefined;
  /** The debug information was opened, or looked for. */
  private whole = false;
  /** Addresses were located by symbols alone, with a debug file at hand. */
  private unread = false;
  private readonly known = new Map<bigint, Promise<Location>>();
  private symbolTable: Promise<Symbols | undefined> | undefined;
  private mini: Promise<ElfFile | undefined> | undefined;
  private goTable: Promise<GoTable | undefined> | undefined;

  /** Use openLines. */
  constructor(
    readonly elf: ElfFile,
    private readonly options: LinesOptions,
  ) {
    this.troubleList = elf.troubles;
    this.work = new Work(this.troubleList);
    this.files = new DebugFiles(options.open, options.unpack, this.troubleList, options.debugFolders);
    this.plt = new Plt(elf);
  }

  /** What could not be read, in words. */
  get troubles(): readonly string[] {
    const { failed } = this.elf.source;
    return failed === undefined ? this.troubleList.all : [...this.troubleList.all, failed];
  }

  /** The debug information; undefined where there is none. Each call allows for as much work as one of `locate`. */
  async info(): Promise<DebugInfo | undefined> {
    this.work.allow(WORK);
    return this.debugInfo();
  }

  private async debugInfo(): Promise<DebugInfo | undefined> {
    this.opened ??= this.openInfo();
    return (await this.opened)?.info;
  }

  /** Whether there is debug information, without reading it. */
  async hasInfo(): Promise<boolean> {
    if (hasDebugInfo(this.elf)) return true;
    const separate = await this.separate();
    return separate !== undefined && hasDebugInfo(separate.elf);
  }

  /** The file that holds the debug information: the program itself or a separate one. */
  async debugFile(): Promise<string | undefined> {
    this.opened ??= this.openInfo();
    return (await this.opened)?.file.path;
  }

  /** A section of the program, else of its debug file. */
  async section(name: string): Promise<Stretch | undefined> {
    return (await this.elf.section(name)) ?? (await this.separate())?.elf.section(name);
  }

  /** Whether it, or what belongs to it, has names of functions beyond those that other binaries call. */
  async isNamed(): Promise<boolean> {
    return (
      (await this.section('.symtab')) !== undefined || (await this.miniDebug())?.find('.symtab') !== undefined
    );
  }

  private miniDebug(): Promise<ElfFile | undefined> {
    this.mini ??= openMiniDebug(this.elf, this.options.unpack);
    return this.mini;
  }

  /** Of the program; where that is stripped, of its debug file, or packed in it. */
  symbols(): Promise<Symbols | undefined> {
    this.symbolTable ??= this.openSymbols();
    return this.symbolTable;
  }

  /**
   * In the order asked for. Rejects only with the reason of `signal`; what could not be told is left out. `soon`: a separate debug
   * file gives no more than its symbols, unless it was read before; see `readOn`.
   */
  async locate(addresses: readonly bigint[], signal?: AbortSignal, soon = false): Promise<Location[]> {
    this.work.allow(WORK + WORK_EACH * addresses.length);
    const apart = soon && !this.whole && (await this.isSeparate());
    if (apart) this.unread = true;
    const located: Location[] = [];
    for (let at = 0; at < addresses.length; at += AT_ONCE) {
      signal?.throwIfAborted();
      const some = addresses.slice(at, at + AT_ONCE);
      located.push(
        ...(await Promise.all(
          some.map((address) => (apart ? this.namedOne(address, []) : this.locateAgain(address))),
        )),
      );
    }
    return located;
  }

  /** Reads the debug file that `locate` has left out, and then says so (`onArrival`). */
  async readOn(): Promise<void> {
    if (!this.unread) return;
    this.unread = false;
    if ((await this.debugInfo()) !== undefined) this.options.onArrival?.();
  }

  close(): void {
    this.elf.source.close();
    void this.separateFile?.then((separate) => separate?.elf.source.close());
    void this.opened?.then((opened) => {
      opened?.split.close();
      opened?.alt?.source.close();
    });
  }

  private async isSeparate(): Promise<boolean> {
    return !hasDebugInfo(this.elf) && (await this.hasInfo());
  }

  /** A look at a process that hangs asks for the same addresses each time. */
  private locateAgain(address: bigint): Promise<Location> {
    const known = this.known.get(address);
    if (known !== undefined) return known;
    const location = this.locateOne(address);
    this.known.set(address, location);
    const [oldest] = this.known.size > MOST_KNOWN ? this.known.keys() : [];
    if (oldest !== undefined) this.known.delete(oldest);
    return location;
  }

  private async locateOne(address: bigint): Promise<Location> {
    const place = Number(BigInt.asIntN(64, address));
    const frames = await this.framesAt(place);
    return frames.at(-1)?.function === undefined ? this.namedOne(address, frames) : { address, frames };
  }

  /** By the table of Go's compiler, else by the symbols. */
  private async namedOne(address: bigint, frames: readonly SourceFrame[]): Promise<Location> {
    const place = Number(BigInt.asIntN(64, address));
    const ofGo = frames.length > 0 ? [] : await this.goFrames(place);
    if (ofGo.length > 0) return { address, frames: ofGo };
    const symbol = await this.symbolAt(place);
    if (symbol === undefined) return { address, frames };
    // A line without a function: hand-written assembly.
    const outermost = { ...frames.at(-1), function: symbol.name, inlined: false };
    return { address, frames: [...frames.slice(0, -1), outermost], symbol };
  }

  private async goFrames(place: number): Promise<SourceFrame[]> {
    const found = (await (await this.go())?.frames(place)) ?? [];
    return found.map(({ name, ...where }, index) => ({
      function: name,
      ...where,
      inlined: index < found.length - 1,
    }));
  }

  /** The table that Go's compiler writes of its functions; undefined in what it has not made. */
  go(): Promise<GoTable | undefined> {
    this.goTable ??= GoTable.open(this.elf);
    return this.goTable;
  }

  private async symbolAt(place: number): Promise<Location['symbol']> {
    const stub = await this.plt.nameAt(place);
    if (stub !== undefined) return { name: stub, offset: 0 };
    if (!this.elf.isCode(place)) return undefined;
    const symbol = await (await this.symbols())?.functionAt(place);
    if (symbol === undefined) return undefined;
    return { name: symbol.name.replace(VERSION, ''), offset: place - symbol.address };
  }

  private async framesAt(place: number): Promise<SourceFrame[]> {
    const info = await this.debugInfo();
    const unit = await info?.unitAt(place);
    if (info === undefined || unit === undefined) return [];
    const table = await info.store.lines(unit);
    const row = table?.row(place);
    const where = row === undefined ? {} : await positionOf(table, row.file, row.line, row.column);
    const frames = await this.callsAt(info, await info.full(unit), table, place, where);
    return frames.length > 0 || row === undefined ? frames : [{ ...where, inlined: false }];
  }

  /** The function's frame and those of the calls inlined into it, innermost first. */
  private async callsAt(
    info: DebugInfo,
    unit: Unit,
    table: LineTable | undefined,
    place: number,
    where: Position,
  ): Promise<SourceFrame[]> {
    const entry = await info.functionAt(unit, place);
    if (entry === undefined) return [];
    const calls = (await (await info.store.inlined(unit, entry.offset))?.at(place)) ?? [];
    const frames: SourceFrame[] = [];
    let position = where;
    for (const call of calls.reverse()) {
      frames.push({ ...(await namesOf(info, call.entry)), ...position, inlined: true });
      position = await positionOf(table, call.file, call.line, call.column);
    }
    frames.push({ ...(await namesOf(info, entry)), ...position, inlined: false });
    return frames;
  }

  private async openInfo(): Promise<Opened | undefined> {
    const { path } = this.options;
    const own = await this.openFile({ elf: this.elf, path });
    if (own !== undefined) return own;
    const separate = await this.separate();
    const opened = separate && (await this.openFile(separate));
    this.whole = true;
    return opened;
  }

  /** The file that holds what was stripped, found but not read. */
  private separate(): Promise<DebugFile | undefined> {
    this.separateFile ??= this.files.of(this.elf, this.options.path).then((found) => found ?? this.fetched());
    return this.separateFile;
  }

  private async fetched(): Promise<DebugFile | undefined> {
    const { fetchDebugFile, unpack, path, onArrival } = this.options;
    const id = fetchDebugFile && (await this.elf.buildId());
    const source =
      id === undefined ? undefined : await fetchDebugFile?.(id, onArrival && (() => this.renew(onArrival)));
    if (source === undefined) return undefined;
    const result = await openElf(source, unpack);
    if (result.ok && (await result.elf.buildId()) === id) return { elf: result.elf, path };
    source.close();
    this.troubleList.say('the debug file that was fetched for it is of another build');
    return undefined;
  }

  /** What was told without the debug file is told anew. */
  private renew(onArrival: () => void): void {
    this.opened = undefined;
    this.separateFile = undefined;
    this.symbolTable = undefined;
    this.known.clear();
    onArrival();
  }

  private async openFile(file: DebugFile): Promise<Opened | undefined> {
    const dwarf = await DwarfFile.open(file.elf, false, this.troubleList, this.work);
    if (dwarf === undefined) return undefined;
    const alt = await this.files.alt(file.elf, file.path);
    const shared =
      alt === undefined ? undefined : await DwarfFile.open(alt, false, this.troubleList, this.work);
    const split = new SplitUnits(this.files.open, this.options.path);
    const info = new DebugInfo(dwarf, file.elf.header.type, split, shared);
    return { file, info, split, alt };
  }

  private async openSymbols(): Promise<Symbols | undefined> {
    if (this.elf.find('.symtab') === undefined) {
      const debug = (await this.separate())?.elf;
      if (debug?.find('.symtab') !== undefined) return Symbols.open(debug);
      return Symbols.open(this.elf, await this.miniDebug());
    }
    return Symbols.open(this.elf);
  }
}

/** Whether the file itself has debug information. */
export function hasDebugInfo(elf: ElfFile): boolean {
  return elf.find('.debug_info') !== undefined || elf.find('.zdebug_info') !== undefined;
}

type Position = Pick<SourceFrame, 'file' | 'line' | 'column' | 'md5'>;

/** Line and column 0 say that there is none. */
async function positionOf(
  table: LineTable | undefined,
  file: number | undefined,
  line: number | undefined,
  column: number | undefined,
): Promise<Position> {
  const path = file === undefined ? undefined : await table?.path(file);
  const md5 = file === undefined ? undefined : table?.md5(file);
  return {
    ...(path === undefined ? {} : { file: path }),
    ...(md5 === undefined ? {} : { md5: md5.toString('hex') }),
    ...(line === undefined || line === 0 ? {} : { line }),
    ...(column === undefined || column === 0 ? {} : { column }),
  };
}

async function namesOf(info: DebugInfo, entry: Parameters<DebugInfo['nameOf']>[0]) {
  const { name, linkage } = await info.nameOf(entry);
  const shown = name ?? linkage;
  return {
    ...(shown === undefined ? {} : { function: shown }),
    ...(linkage === undefined ? {} : { linkage }),
  };
}
