import type { SourcePlace } from '../../model/sample';
import type { DebugInfo } from '../dwarf/debugInfo';
import type { Entry } from '../dwarf/entries';
import { Attribute, Tag } from '../dwarf/names';
import { declarationOf, declaredEntry, type ProgramFunction, plainName } from './code';
import { isStructure, memberNamed, pointedTo, typeOf } from './types';

/** A field of a coroutine's frame, in bytes. */
export interface Field {
  readonly offset: number;
  readonly size: number;
}

/** How the frame of one coroutine is laid out, as far as debug information says. */
export interface FrameLayout {
  /** The coroutine, as the source has it. */
  readonly name: string;
  /** Where that is declared. */
  readonly place: SourcePlace;
  /** What it will go on from. */
  readonly index?: Field;
  readonly promise?: Field;
}

/** Entries of one function, and of one unit, that are looked at. */
const MOST_IN_FUNCTION = 5000;
const MOST_IN_UNIT = 500_000;
/** Bytes that a promise may have. */
const MOST_PROMISE = 4096;
/** `_Z3fooPZ3fooiE9_Z3fooi.Frame.actor`: GCC's; the function's own name stands in it. */
const GCC = /\d(_Z.*)\.Frame\.(?:actor|destroy)/;
/** `_Z3fooi.resume`: Clang's. */
const CLANG = /^(_Z.*)\.(?:resume|destroy|cleanup)/;

const known = new WeakMap<ProgramFunction, Promise<FrameLayout>>();

/** By the function that resumes it. Never rejects for what a file says. */
export function coroutineLayout(resume: ProgramFunction): Promise<FrameLayout> {
  let layout = known.get(resume);
  if (!layout) {
    layout = read(resume);
    known.set(resume, layout);
  }
  return layout;
}

async function read(resume: ProgramFunction): Promise<FrameLayout> {
  const { info, entry, symbol = '' } = resume;
  const linkage = (GCC.exec(symbol) ?? CLANG.exec(symbol))?.[1];
  if (!info || !entry) return { name: linkage ?? resume.name, place: resume.place };
  const written = await writtenFunction(entry, info, linkage);
  const named = {
    name: plainName((written && (await info.nameOf(written)).name) ?? resume.name),
    place: (written && (await declarationOf(info, written))) ?? resume.place,
  };
  const structure = await structureOf(info, entry);
  if (!structure) return named;
  const index = await fieldOf(info, structure, ['_Coro_resume_index', '__coro_index']);
  const promise = await fieldOf(info, structure, ['_Coro_promise', '__promise']);
  return {
    ...named,
    ...(index && index.size <= 4 ? { index } : {}),
    ...(promise ? { promise: { ...promise, size: Math.min(promise.size, MOST_PROMISE) } } : {}),
  };
}

/** GCC gives the resuming function a pointer to the frame, Clang a variable. */
async function structureOf(info: DebugInfo, entry: Entry): Promise<Entry | undefined> {
  let looked = 0;
  for (const child of entry.descendants()) {
    if (++looked > MOST_IN_FUNCTION) return undefined;
    if (child.tag !== Tag.formalParameter && child.tag !== Tag.variable) continue;
    const name = await info.plainName(child);
    if (name !== 'frame_ptr' && name !== '__coro_frame') continue;
    const type = await typeOf(info, child);
    const structure = (await pointedTo(info, type)) ?? type;
    if (isStructure(structure)) return structure;
  }
  return undefined;
}

async function fieldOf(
  info: DebugInfo,
  structure: Entry,
  names: readonly string[],
): Promise<Field | undefined> {
  for (const name of names) {
    const member = await memberNamed(structure, name);
    const size = member && (await typeOf(info, member.entry))?.number(Attribute.byteSize);
    if (member && size !== undefined) return { offset: member.offset, size };
  }
  return undefined;
}

/** The function that the programmer wrote: the one that resumes it has only its plain name. */
async function writtenFunction(
  entry: Entry,
  info: DebugInfo,
  linkage: string | undefined,
): Promise<Entry | undefined> {
  // With link-time optimisation what was written stands in another unit than the code.
  const { unit } = await declaredEntry(info, entry);
  const root = linkage === undefined ? undefined : await info.root(unit);
  let looked = 0;
  for (const one of root?.descendants() ?? []) {
    if (++looked > MOST_IN_UNIT) return undefined;
    if (one.tag !== Tag.subprogram || !one.has(Attribute.linkageName)) continue;
    if ((await one.text(Attribute.linkageName)) === linkage) return one;
  }
  return undefined;
}
