import type { Origin } from '../../model/request';
import type { Code, ProgramFunction } from './code';
import { coroutineLayout, type FrameLayout } from './coroutineLayout';
import { type ProcessMemory, wordIn } from './processMemory';
import { isProgramFile } from './programFiles';
import { suspendedAt } from './suspension';

/** A suspended C++20 coroutine: its frame begins with the functions that resume and destroy it. */
export interface CoroutineFrame {
  readonly address: number;
  readonly resume: ProgramFunction;
}

/** Coroutines that await each other, at most. */
const MOST = 24;
/** Bytes of a promise that are searched where debug information does not say how big it is. */
const PROMISE = 64;
/** Where the promise begins: behind both functions, as all compilers have it (unless it asks for more). */
const PROMISE_AT = 16;
/** GCC, Clang: `.actor` and `.destroy`, `.resume` and `.destroy` or `.cleanup`. */
const RESUMES = /\.(?:actor|resume)(?:\.|$)/;
const DESTROYS = /\.(?:destroy|cleanup)(?:\.|$)/;

/** The coroutine whose frame begins just there; the symbols of its functions tell. */
export async function coroutineAt(code: Code, address: number): Promise<CoroutineFrame | undefined> {
  if (address % 8 !== 0) return undefined;
  const { memory } = code;
  const region = memory.region(address);
  if (!region || region.executable || region.constant) return undefined;
  const words = await memory.bytes(address, 16);
  const first = words && wordIn(words, 0);
  const second = words && wordIn(words, 8);
  // It has ended where there is nothing to resume.
  if (!first || !second || !memory.isCode(first) || !memory.isCode(second)) return undefined;
  const [resume, destroy] = await Promise.all([code.startingAt(first), code.startingAt(second)]);
  if (!resume || !destroy || resume.image !== destroy.image) return undefined;
  if (!RESUMES.test(resume.symbol ?? '') || !DESTROYS.test(destroy.symbol ?? '')) return undefined;
  return { address, resume };
}

/** Of a pointer to a coroutine: to its frame, or to the promise in it. */
export async function coroutineFrom(code: Code, pointer: number): Promise<CoroutineFrame | undefined> {
  return (await coroutineAt(code, pointer)) ?? coroutineAt(code, pointer - PROMISE_AT);
}

/** The coroutine, the one that awaits it, and so on: where each is suspended. */
export async function asyncBacktrace(code: Code, inner: CoroutineFrame, found: string): Promise<Origin[]> {
  const origins: Origin[] = [];
  let isOwn = false;
  const seen = new Set<number>();
  let frame: CoroutineFrame | undefined = inner;
  while (frame && !seen.has(frame.address) && seen.size < MOST) {
    seen.add(frame.address);
    const layout = await coroutineLayout(frame.resume);
    const place = (await suspendedAt(code, frame, layout)) ?? layout.place;
    // Those a library has of its own count where it has all.
    const own = isProgramFile(place.file);
    if (own && !isOwn) origins.length = 0;
    isOwn ||= own;
    if (own || !isOwn) origins.push({ kind: 'coroutine', function: layout.name, ...place });
    frame = await awaiting(code, frame, layout, seen);
  }
  return origins.map((origin, index) => (index === 0 ? { ...origin, found } : origin));
}

/** The coroutine that goes on when this one ends: its promise has a handle of it. */
async function awaiting(
  code: Code,
  { address }: CoroutineFrame,
  { promise }: FrameLayout,
  seen: ReadonlySet<number>,
): Promise<CoroutineFrame | undefined> {
  const { offset = PROMISE_AT, size = PROMISE } = promise ?? {};
  const data = await readable(code.memory, address + offset, size);
  for (let at = 0; data && at + 8 <= data.length; at += 8) {
    const word = wordIn(data, at);
    if (!word || seen.has(word) || seen.has(word - PROMISE_AT)) continue;
    const frame = await coroutineFrom(code, word);
    if (frame) return frame;
  }
  return undefined;
}

/** As much of it as lies in one mapping. */
async function readable(memory: ProcessMemory, address: number, size: number): Promise<Buffer | undefined> {
  const region = memory.region(address);
  const length = region ? Math.min(size, region.end - address) : 0;
  return length > 0 ? memory.bytes(address, length) : undefined;
}
