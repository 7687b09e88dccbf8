import type { KernelFrame } from '../model/sample';
import type { Unpack } from '../target/byteSource';
import type { Target } from '../target/target';
import { openBinary } from '../target/targetBytes';
import { parseBuildId } from './elfNotes';
import { type Lines, openLines, type SourceFrame } from './lines';
import { openRelocated } from './relocated';
import type { ElfSymbol } from './symbols';

const NOTES = '/sys/kernel/notes';
/** Bytes by which the kernel may print a function longer than its file says: it counts up to the next one. */
const PADDING = 64;
/** Kernel and modules whose debug information is kept. */
const MOST_MODULES = 4;

export type KernelLocation =
  /** Each a place the frame may be in, innermost first with the calls inlined there; one where the symbols tell. */
  | { readonly chains: readonly (readonly SourceFrame[])[] }
  /** Completes "no exact line: …". */
  | {
      readonly chains?: undefined;
      readonly why: string /** The symbols that are installed are no use. */;
      readonly otherBuild?: true;
    };

/** Where distributions put the kernel with its debug information. */
export function debugKernels(release: string): readonly string[] {
  return /^[\w.+~-]+$/.test(release)
    ? [`/usr/lib/debug/boot/vmlinux-${release}`, `/usr/lib/debug/lib/modules/${release}/vmlinux`]
    : [];
}

/** Where the debug information of a module may be: what distributions install, and modules that were built on their own. */
export function debugModules(module: string, buildId: string, release: string): readonly string[] {
  const installed = `/usr/lib/debug/.build-id/${buildId.slice(0, 2)}/${buildId.slice(2)}.debug`;
  if (!/^[\w.+~-]+$/.test(release)) return [installed];
  const folders = ['extra', 'updates', 'updates/dkms'];
  return [installed, ...folders.map((folder) => `/lib/modules/${release}/${folder}/${module}.ko`)];
}

type Opened =
  | { readonly lines: Lines }
  | { readonly lines?: undefined; readonly why: string; readonly otherBuild?: true };

/** Exact lines of kernel frames, from debug symbols that are installed on the target's host for the kernel that runs. */
export class KernelSymbols {
  /** By module; the kernel itself by an empty name. */
  private readonly opened = new Map<string, Promise<Opened>>();
  private readonly named = new Map<string, readonly ElfSymbol[]>();

  constructor(
    private readonly target: Target,
    private readonly unpack: Unpack,
  ) {}

  /** `release` of the target's kernel. Rejects only when the target is gone. */
  async locate(
    { function: name, offset, size, module }: KernelFrame,
    release: string,
  ): Promise<KernelLocation> {
    const opened = await this.openOnce(module ?? '', release);
    if (!opened.lines) return opened;
    const symbols = fitting(await this.find(opened.lines, `${module ?? ''} ${name}`, name), size);
    // The frame is where the call returns to: the call stands one byte before.
    const addresses = symbols.map(({ address }) => BigInt(address) + BigInt(offset) - 1n);
    const located = await opened.lines.locate(addresses.map((address) => BigInt.asUintN(64, address)));
    const chains = distinct(located.map(({ frames }) => frames.filter(hasLine)));
    return chains.length > 0 ? { chains } : { why: `the debug symbols have no line for ${name}` };
  }

  close(): void {
    for (const opened of this.opened.values())
      opened.then(
        ({ lines }) => lines?.close(),
        () => undefined,
      );
    this.opened.clear();
    this.named.clear();
  }

  private async find(lines: Lines, key: string, name: string): Promise<readonly ElfSymbol[]> {
    const known = this.named.get(key);
    if (known) return known;
    const found = (await (await lines.symbols())?.called(name)) ?? [];
    this.named.set(key, found);
    return found;
  }

  private openOnce(module: string, release: string): Promise<Opened> {
    const known = this.opened.get(module);
    if (known) {
      // Of few modules at a time: each may take hundreds of megabytes.
      this.opened.delete(module);
      this.opened.set(module, known);
      return known;
    }
    const opened = this.open(module, release);
    this.opened.set(module, opened);
    const oldest = [...this.opened].find(([name]) => name !== '');
    if (oldest && this.opened.size > MOST_MODULES) {
      this.opened.delete(oldest[0]);
      void oldest[1].then(
        ({ lines }) => lines?.close(),
        () => undefined,
      );
    }
    return opened;
  }

  private async open(module: string, release: string): Promise<Opened> {
    const { binaries } = this.target;
    if (!binaries) return { why: 'a captured tree has no binaries' };
    if (!/^\w*$/.test(module)) return { why: 'its module has no name of one' };
    const path = module === '' ? NOTES : `/sys/module/${module}/notes/.note.gnu.build-id`;
    const [notes] = await this.target.read([path]);
    const running = notes?.ok ? parseBuildId(notes.data) : undefined;
    const what = module === '' ? 'the kernel' : `the module ${module}`;
    if (running === undefined) return { why: `${what}’s build is not known (${path})` };
    let failed: Opened = { why: `no debug symbols of ${what} are installed` };
    for (const file of module === '' ? debugKernels(release) : debugModules(module, running, release)) {
      const lines = await this.openLines(file);
      if (typeof lines === 'string') failed = lines === '' ? failed : { why: `${file}: ${lines}` };
      else if ((await lines.elf.buildId()) !== running) {
        lines.close();
        failed = { why: `${file} is of another build than ${what} that runs`, otherBuild: true };
      } else if (module === '' || (await lines.info())) return { lines };
      else lines.close();
    }
    return failed;
  }

  /** A string says why there are none; empty = there is no such file. */
  private async openLines(path: string): Promise<Lines | string> {
    const bytes = await this.openInside(path);
    if (typeof bytes === 'string') return '';
    const { unpack } = this;
    const linked = await openRelocated(bytes, unpack);
    if (typeof linked === 'string') return linked;
    const result = await openLines(linked, { path, unpack, open: (file) => this.openInside(file) });
    return result.ok ? result.lines : result.why;
  }

  private async openInside(path: string) {
    const { binaries } = this.target;
    const opened = binaries ? await openBinary(binaries, { kind: 'inside', pid: 0, path }) : 'ENOENT';
    return typeof opened === 'string' ? opened : opened.bytes;
  }
}

/** Of several of one name those as long as the kernel says; all where none is. */
function fitting(symbols: readonly ElfSymbol[], size: number): readonly ElfSymbol[] {
  const functions = symbols.filter(({ kind }) => kind !== 'object');
  const excess = (symbol: ElfSymbol) => size - symbol.size;
  const close = functions.filter((symbol) => excess(symbol) >= 0 && excess(symbol) < PADDING);
  if (close.length === 0) return functions;
  const least = Math.min(...close.map(excess));
  return close.filter((symbol) => excess(symbol) === least);
}

function hasLine({ file, line }: SourceFrame): boolean {
  return file !== undefined && line !== undefined;
}

function distinct(chains: readonly (readonly SourceFrame[])[]): readonly (readonly SourceFrame[])[] {
  const known = new Map(
    chains.filter(({ length }) => length > 0).map((chain) => [JSON.stringify(chain), chain]),
  );
  return [...known.values()];
}
