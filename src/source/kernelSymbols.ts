import type { KernelFrame } from '../model/sample';
import type { Unpack } from '../target/byteSource';
import type { Target } from '../target/target';
import { openBinary } from '../target/targetBytes';
import { parseBuildId } from './elfNotes';
import { type Lines, openLines, type SourceFrame } from './lines';
import type { ElfSymbol } from './symbols';

const NOTES = '/sys/kernel/notes';
/** Bytes by which the kernel may print a function longer than its file says: it counts up to the next one. */
const PADDING = 64;

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

type Opened =
  | { readonly lines: Lines }
  | { readonly lines?: undefined; readonly why: string; readonly otherBuild?: true };

/** Exact lines of kernel frames, from debug symbols that are installed on the target's host for the kernel that runs. */
export class KernelSymbols {
  private opened: Promise<Opened> | undefined;
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
    if (module !== null) return { why: 'modules’ debug symbols are not read' };
    this.opened ??= this.open(release);
    const opened = await this.opened;
    if (!opened.lines) return opened;
    const symbols = fitting(await this.find(opened.lines, name), size);
    // The frame is where the call returns to: the call stands one byte before.
    const addresses = symbols.map(({ address }) => BigInt(address) + BigInt(offset) - 1n);
    const located = await opened.lines.locate(addresses.map((address) => BigInt.asUintN(64, address)));
    const chains = distinct(located.map(({ frames }) => frames.filter(hasLine)));
    return chains.length > 0 ? { chains } : { why: `the debug symbols have no line for ${name}` };
  }

  close(): void {
    this.opened?.then(
      ({ lines }) => lines?.close(),
      () => undefined,
    );
    this.opened = undefined;
    this.named.clear();
  }

  private async find(lines: Lines, name: string): Promise<readonly ElfSymbol[]> {
    const known = this.named.get(name);
    if (known) return known;
    const found = (await (await lines.symbols())?.called(name)) ?? [];
    this.named.set(name, found);
    return found;
  }

  private async open(release: string): Promise<Opened> {
    const { binaries } = this.target;
    if (!binaries) return { why: 'a captured tree has no binaries' };
    const [notes] = await this.target.read([NOTES]);
    const running = notes?.ok ? parseBuildId(notes.data) : undefined;
    if (running === undefined) return { why: `the kernel’s build is not known (${NOTES})` };
    let failed: Opened = { why: 'no debug symbols of the kernel are installed' };
    for (const path of debugKernels(release)) {
      const opened = await openBinary(binaries, { kind: 'inside', pid: 0, path });
      if (typeof opened === 'string') continue;
      const inside = (file: string) => this.openInside(file);
      const result = await openLines(opened.bytes, { path, unpack: this.unpack, open: inside });
      if (!result.ok) failed = { why: `${path}: ${result.why}` };
      else if ((await result.lines.elf.buildId()) === running) return { lines: result.lines };
      else {
        result.lines.close();
        failed = { why: `${path} is of another build than the kernel that runs`, otherBuild: true };
      }
    }
    return failed;
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
