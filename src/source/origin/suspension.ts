import type { SourcePlace } from '../../model/sample';
import type { SourceFrame } from '../lines';
import type { Code, ProgramFunction } from './code';
import type { Field, FrameLayout } from './coroutineLayout';
import type { CoroutineFrame } from './coroutines';
import { indexStores } from './indexStores';

/** Bytes of one coroutine's code. */
const MOST_CODE = 1 << 17;
/** Bytes of code around the store whose lines are looked at. */
const BEHIND = 400;
const BEFORE = 128;

/** Code of one function, or of the part that is seldom run. */
interface Part {
  readonly address: number;
  readonly data: Buffer;
}

/**
 * The line where a coroutine is suspended: that of the code which stores the index that its frame holds. Undefined
 * where it has not begun, or that cannot be told.
 */
export async function suspendedAt(
  code: Code,
  { address, resume }: CoroutineFrame,
  { index, place: written }: FrameLayout,
): Promise<SourcePlace | undefined> {
  if (!index || written.file === undefined) return undefined;
  const held = await code.memory.bytes(address + index.offset, index.size);
  if (!held) return undefined;
  const value = held.readUIntLE(0, index.size);
  const places = known.get(resume) ?? new Map<number, Promise<SourcePlace | undefined>>();
  known.set(resume, places);
  const place = places.get(value) ?? placeOfIndex(code, resume, index, value, written);
  places.set(value, place);
  return place;
}

/** By the function that resumes, and the index it goes on from. */
const known = new WeakMap<ProgramFunction, Map<number, Promise<SourcePlace | undefined>>>();

async function placeOfIndex(
  code: Code,
  resume: ProgramFunction,
  { offset, size }: Field,
  value: number,
  written: SourcePlace,
): Promise<SourcePlace | undefined> {
  const lines = await linesOf(resume, written);
  for await (const part of partsOf(code, resume))
    for (const { constant, store } of indexStores(part.data, offset, value, size))
      for (const at of [constant, store]) {
        const place = await statementAt(code, resume, part.address + at, lines);
        if (place) return place;
      }
  return undefined;
}

/** The function, and then what of it the compiler has put elsewhere. */
async function* partsOf(code: Code, resume: ProgramFunction): AsyncGenerator<Part> {
  const { symbol, image, lines } = resume;
  const part = async (address: number, size: number): Promise<Part | undefined> => {
    const data = size > 0 ? await code.memory.bytes(address, Math.min(size, MOST_CODE)) : undefined;
    return data && { address, data };
  };
  const own = await part(resume.address, resume.size);
  if (own) yield own;
  const cold = symbol === undefined ? [] : await (await lines.symbols())?.find(new Set([`${symbol}.cold`]));
  for (const { address, size } of cold ?? []) {
    const other = await part(address + image.bias, size);
    if (other) yield other;
  }
}

/** Lines of a function's code: what the compiler makes up stands at the opening line, GCC's also at the closing one. */
interface LinesOfFunction {
  readonly file: string | undefined;
  readonly rows: readonly number[];
  readonly opening: number | undefined;
  readonly closing: number;
}

async function linesOf(
  { info, address, size, image, symbol = '' }: ProgramFunction,
  place: SourcePlace,
): Promise<LinesOfFunction> {
  const low = address - image.bias;
  const unit = await info?.unitAt(low);
  const table = unit && (await info?.store.lines(unit));
  const rows = new Set<number>();
  let closing = 0;
  for (const row of table?.rows.within(low, low + size) ?? []) {
    rows.add(row.address + image.bias);
    if (symbol.includes('.actor') && row.line > closing && (await table?.path(row.file)) === place.file)
      closing = row.line;
  }
  return { file: place.file, rows: [...rows], opening: place.line, closing };
}

/** The line of the instruction; where that is the compiler's own, of the nearest statement, those behind it first. */
async function statementAt(
  code: Code,
  resume: ProgramFunction,
  address: number,
  { file, rows, opening, closing }: LinesOfFunction,
): Promise<SourcePlace | undefined> {
  const own = async (at: number): Promise<SourceFrame | undefined> => {
    const frame = (await code.frames(resume.lines, resume.image, at)).at(-1);
    return frame?.file === file && frame?.line !== undefined ? frame : undefined;
  };
  const isStatement = ({ line }: SourceFrame): boolean => line !== opening && line !== closing;
  const here = await own(address);
  if (here && (isStatement(here) || opening === closing)) return placeOf(here);
  const distance = (at: number): number => (at >= address ? at - address : BEHIND + address - at);
  const near = rows
    .filter((at) => at >= address - BEFORE && at <= address + BEHIND)
    .sort((a, b) => distance(a) - distance(b));
  for (const at of near) {
    const frame = await own(at);
    if (frame && isStatement(frame)) return placeOf(frame);
  }
  return undefined;
}

function placeOf({ file, line, column }: SourceFrame): SourcePlace {
  return {
    ...(file === undefined ? {} : { file }),
    ...(line === undefined ? {} : { line }),
    ...(column === undefined ? {} : { column }),
  };
}
