import type { SourcePlace } from '../../model/sample';
import type { Binaries, Place } from '../binaries';
import type { DebugInfo } from '../dwarf/debugInfo';
import type { Entry } from '../dwarf/entries';
import { Attribute, Tag } from '../dwarf/names';
import type { Unit } from '../dwarf/unit';
import type { Lines, SourceFrame } from '../lines';
import type { Image } from '../unwind/images';
import type { ProcessMemory } from './processMemory';
import { isProgramFile, isSystemImage } from './programFiles';

/** A function of the process, by where it begins. */
export interface ProgramFunction {
  readonly address: number;
  /** 0 where the binary does not say. */
  readonly size: number;
  readonly image: Image;
  readonly lines: Lines;
  /** As the linker knows it. */
  readonly symbol?: string;
  /** With the namespaces and classes it is in; the symbol's where there is no debug information. */
  readonly name: string;
  /** Where it is declared; of one that the compiler made up where its code begins. */
  readonly place: SourcePlace;
  readonly info?: DebugInfo;
  readonly entry?: Entry;
  /** Its binary has debug information, of this function or others. */
  readonly hasDebugInfo: boolean;
}

/** Origins and declarations that lead to each other, at most. */
const DEEPEST = 8;
/** Functions known by address, and bytes of the units of debug information that they are in. */
const MOST_KNOWN = 4096;
const MOST_WEIGHT = 128 << 20;
/** Entries of one function that are looked at for what is inlined. */
const MOST_ENTRIES = 2000;

/** The functions of one process by their addresses. */
export class Code {
  private readonly known = new Map<number, Promise<ProgramFunction | undefined>>();
  /** Whose bytes the entries of known functions keep in memory, and how many they are. */
  private readonly units = new Set<Unit>();
  private weight = 0;

  constructor(
    readonly memory: ProcessMemory,
    private readonly binaries: Binaries,
    private readonly place: Place,
  ) {}

  /** The function that begins at that address exactly. */
  startingAt(address: number): Promise<ProgramFunction | undefined> {
    if (!this.memory.isCode(address)) return Promise.resolve(undefined);
    let found = this.known.get(address);
    if (!found) {
      found = this.find(address);
      this.known.set(address, found);
    }
    return found;
  }

  /** What to call a function that nothing names; undefined where none is known to begin, and of the system's libraries. */
  async nameless(address: number): Promise<string | undefined> {
    const image = this.memory.isCode(address) ? await this.memory.image(address) : undefined;
    if (!image || isSystemImage(image.path) || !(await this.memory.beginsFunction(image, address)))
      return undefined;
    const file = image.path.slice(image.path.lastIndexOf('/') + 1);
    return `a function of ${file} without a name (at 0x${(address - image.bias).toString(16)})`;
  }

  /** Forgets functions where they hold more debug information in memory than they are worth. */
  trim(): void {
    if (this.known.size <= MOST_KNOWN && this.weight <= MOST_WEIGHT) return;
    this.known.clear();
    this.units.clear();
    this.weight = 0;
  }

  /** The binary that an address lies in, its code or data, and what it says of itself. */
  async binaryAt(
    address: number,
  ): Promise<{ readonly image: Image; readonly lines: Lines | undefined } | undefined> {
    const image = await this.memory.image(address);
    if (!image) return undefined;
    const { lines } = await this.binaries.of(image, this.place);
    return { image, lines };
  }

  /** The source of an instruction, innermost call first. */
  async frames(lines: Lines, image: Image, address: number): Promise<readonly SourceFrame[]> {
    const [location] = await lines.locate([BigInt(address - image.bias)]);
    return location?.frames ?? [];
  }

  private weigh(unit: Unit): void {
    if (this.units.has(unit)) return;
    this.units.add(unit);
    this.weight += unit.size;
  }

  private async find(address: number): Promise<ProgramFunction | undefined> {
    const { image, lines } = (await this.binaryAt(address)) ?? {};
    if (!image || !lines) return undefined;
    const linked = address - image.bias;
    const symbol = await (await lines.symbols())?.functionAt(linked);
    // Also allows the reader new work.
    const [location] = await lines.locate([BigInt(linked)]);
    const info = await lines.info();
    const unit = await info?.unitAt(linked);
    const entry = info && unit && (await info.functionAt(await info.full(unit), linked));
    const begins = entry && (await entry.ranges()).some(({ low }) => low === linked);
    if (symbol?.address !== linked && !begins) return undefined;
    const named = symbol?.address === linked ? { symbol: symbol.name } : {};
    const hasDebugInfo = info !== undefined;
    const common = { address, size: symbol?.size ?? 0, image, lines, hasDebugInfo, ...named };
    if (!info || !entry || !begins) return { ...common, name: symbol?.name ?? '', place: {} };
    const declared = await declarationOf(info, entry);
    const own = location?.frames.at(-1);
    const { name, linkage } = await info.nameOf(entry);
    this.weigh(entry.unit);
    return {
      ...common,
      name: plainName(name ?? linkage ?? symbol?.name ?? ''),
      ...(linkage === undefined || common.symbol !== undefined ? {} : { symbol: linkage }),
      place: declared ?? placeOf(own),
      info,
      entry,
    };
  }
}

/** Written by the program's authors, as far as the file it is in tells. */
export function isOwn({ place, image }: ProgramFunction): boolean {
  return isProgramFile(place.file) && !isSystemImage(image.path);
}

function placeOf(frame: SourceFrame | undefined): SourcePlace {
  const { file, line, column } = frame ?? {};
  return {
    ...(file === undefined ? {} : { file }),
    ...(line === undefined ? {} : { line }),
    ...(column === undefined ? {} : { column }),
  };
}

/**
 * Where a function or a type is declared: the definition's own place before that of its first mention. What the compiler
 * made up, as a lambda's operator(), stands where its class does.
 */
export async function declarationOf(info: DebugInfo, entry: Entry): Promise<SourcePlace | undefined> {
  let at: Entry | undefined = entry;
  let last = entry;
  for (let depth = 0; at && depth < DEEPEST; depth++) {
    const place = await ownDeclaration(info, at);
    if (place) return place;
    last = at;
    at = await originOf(info, at);
  }
  if (last.tag !== Tag.subprogram) return undefined;
  const scope = await scopeOf(info, last);
  return scope && CLASSES.has(scope.tag) ? ownDeclaration(info, scope) : undefined;
}

const CLASSES: ReadonlySet<number> = new Set([Tag.class, Tag.structure, Tag.union]);

async function ownDeclaration(info: DebugInfo, entry: Entry): Promise<SourcePlace | undefined> {
  const line = entry.number(Attribute.declLine);
  const file = line === undefined ? undefined : await fileOf(info, entry);
  const column = entry.number(Attribute.declColumn);
  return file === undefined || line === undefined ? undefined : { file, line, ...(column ? { column } : {}) };
}

/** The namespace, class or function that an entry stands in. */
export async function scopeOf(info: DebugInfo, entry: Entry): Promise<Entry | undefined> {
  const map = await info.store.functions(entry.unit);
  const [offset] = map?.scopesOf(entry.offset) ?? [];
  return offset === undefined ? undefined : info.entry(entry.unit, offset);
}

/** The first mention of a function: in its class. */
export async function declaredEntry(info: DebugInfo, entry: Entry): Promise<Entry> {
  let declared = entry;
  for (let depth = 0; depth < DEEPEST; depth++) {
    const next = await originOf(info, declared);
    if (!next) break;
    declared = next;
  }
  return declared;
}

async function fileOf(info: DebugInfo, entry: Entry): Promise<string | undefined> {
  for (let at: Entry | undefined = entry, depth = 0; at && depth < DEEPEST; depth++) {
    const file = at.number(Attribute.declFile);
    if (file !== undefined) return (await info.store.lines(at.unit.skeleton ?? at.unit))?.path(file);
    at = await originOf(info, at);
  }
  return undefined;
}

async function originOf(info: DebugInfo, entry: Entry): Promise<Entry | undefined> {
  return (await info.follow(entry, Attribute.abstractOrigin)) ?? info.follow(entry, Attribute.specification);
}

/** A call inlined into a function: its name and where the callee is declared. */
export interface InlinedFunction {
  readonly name: string;
  readonly place: SourcePlace;
}

/** The program's own functions whose code stands in another's, in the order of the file; a lambda's first. */
export async function inlinedInto({ info, entry }: ProgramFunction): Promise<InlinedFunction[]> {
  if (!info || !entry) return [];
  const found: InlinedFunction[] = [];
  let looked = 0;
  for (const call of entry.descendants()) {
    if (++looked > MOST_ENTRIES) break;
    if (call.tag !== Tag.inlinedSubroutine) continue;
    const place = await declarationOf(info, call);
    if (!place || !isProgramFile(place.file)) continue;
    const { name } = await info.nameOf(call);
    if (name !== undefined) found.push({ name: plainName(name), place });
  }
  return [...found.filter(isLambda), ...found.filter((one) => !isLambda(one))];
}

export function isLambda({ name }: { readonly name: string }): boolean {
  return name.endsWith(LAMBDA.slice(2)) || /\{closure#\d+\}$/.test(name);
}

const LAMBDA = '::<lambda>';

/** The class of a lambda has no name in C++: `start::(anonymous)::operator()` is a lambda in start. */
export function plainName(name: string): string {
  return name.replace(
    /^(?:\(anonymous\)::)*(.*?)(?:::)?(?:\(anonymous\)|<lambda[^:]*>)::operator\(\)$/,
    (_, scope) => (scope === '' ? LAMBDA.slice(2) : `${scope}${LAMBDA}`),
  );
}
