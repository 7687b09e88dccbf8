import type { Origin } from '../../model/request';
import type { SourcePlace } from '../../model/sample';
import type { DebugInfo } from '../dwarf/debugInfo';
import type { Entry } from '../dwarf/entries';
import { Attribute, Tag } from '../dwarf/names';
import { type Code, declarationOf, type ProgramFunction } from './code';
import { wordIn } from './processMemory';
import { isProgramFile } from './programFiles';
import { methodAt } from './rustTables';
import { isStructure, Looks, type Member, memberNamed, membersOf, pointedTo, typeOf } from './types';

/** Futures that await each other, at most. */
const MOST = 24;
/** Wrappers of a pointer: Pin, Box, Unique, NonNull. */
const DEEPEST = 6;
const POINTS = /^(?:.*::)?(?:Pin|Box)<|^&mut /;
/** Structures within structures that are looked through for a future. */
const DEEPEST_WITHIN = 3;
const MOST_MEMBERS = 200;
const ASYNC = /^\{async_(?:fn|block|closure)_env#\d+\}/;

/** A future in memory, and what type it has. */
export interface Standing {
  readonly info: DebugInfo;
  readonly type: Entry;
  readonly address: number;
}

/** A future and all that it awaits. */
export interface Awaiting {
  /** The innermost first. */
  readonly origins: readonly Origin[];
  /** What the innermost awaits: a future that is not the compiler's own. */
  readonly leaf?: Standing;
}

/** What an `async fn` has come to. */
interface Suspended {
  readonly name: string;
  readonly place: SourcePlace;
  readonly awaits: Standing | undefined;
}

/**
 * A Rust future and all that it awaits, the innermost first: the compiler tells its own state machines in variants, each
 * with the line of its `await`. Undefined where the function polls none of them.
 */
export async function awaitChain(
  code: Code,
  poll: ProgramFunction,
  data: number,
  found: string,
): Promise<readonly Origin[] | undefined> {
  const future = await polledBy(poll, data);
  return future && (await awaiting(code, future, found))?.origins;
}

/** The same of a future whose type is known. */
export async function awaiting(code: Code, future: Standing, found: string): Promise<Awaiting | undefined> {
  const steps: Suspended[] = [];
  let standing: Standing | undefined = await pointedFuture(code, future);
  let leaf: Standing | undefined;
  while (standing && steps.length < MOST) {
    const step = await suspended(code, standing);
    if (!step) break;
    steps.push(step);
    leaf = step.awaits;
    standing = leaf && (await pointedFuture(code, leaf));
  }
  if (steps.length === 0) return undefined;
  // Those a library has of its own count where it has all.
  const own = steps.filter(({ place }) => isProgramFile(place.file));
  const origins = (own.length > 0 ? own : steps).reverse().map(
    ({ name, place }, index): Origin => ({
      kind: 'future',
      function: name,
      ...place,
      ...(index === 0 ? { found } : {}),
    }),
  );
  return { origins, ...(leaf ? { leaf } : {}) };
}

/** `poll` takes a pinned pointer to the future. */
async function polledBy({ info, entry }: ProgramFunction, address: number): Promise<Standing | undefined> {
  const parameter = entry && [...entry.children()].find(({ tag }) => tag === Tag.formalParameter);
  const type = info && parameter && (await typeOf(info, parameter));
  const future = info && type && (await behindPointers(info, type));
  return info && future ? { info, type: future, address } : undefined;
}

async function behindPointers(info: DebugInfo, type: Entry): Promise<Entry | undefined> {
  let at: Entry | undefined = type;
  for (let depth = 0; at && depth < DEEPEST; depth++) {
    const target = await pointedTo(info, at);
    if (target) return isStructure(target) ? target : undefined;
    if (!isStructure(at)) return undefined;
    const first = await firstMember(at);
    at = first && (await typeOf(info, first.entry));
  }
  return undefined;
}

async function firstMember(structure: Entry): Promise<Member | undefined> {
  for await (const member of membersOf(structure)) return member;
  return undefined;
}

/** Undefined for what is not the compiler's own. */
async function suspended(code: Code, { info, type, address }: Standing): Promise<Suspended | undefined> {
  if (!ASYNC.test((await type.name()) ?? '')) return undefined;
  const name = readable((await info.nameOf(type)).name ?? '');
  const part = [...type.children()].find(({ tag }) => tag === Tag.variantPart);
  const variant = part && (await variantOf(code, info, part, address));
  if (!variant) return { name, place: {}, awaits: undefined };
  const place = (await declarationOf(info, variant.entry)) ?? {};
  const state = await typeOf(info, variant.entry);
  const awaitee = state && (await memberNamed(state, '__awaitee'));
  const awaited = awaitee && (await typeOf(info, awaitee.entry));
  const at = address + variant.offset + (awaitee?.offset ?? 0);
  return { name, place, awaits: awaited ? { info, type: awaited, address: at } : undefined };
}

/** The member that holds the state which it is in: of the variant with that number, else of the one that has none. */
export async function variantOf(
  code: Code,
  info: DebugInfo,
  part: Entry,
  address: number,
): Promise<Member | undefined> {
  const discriminant = await info.follow(part, Attribute.discriminant);
  const offset = discriminant?.number(Attribute.memberLocation);
  const size = discriminant && (await typeOf(info, discriminant))?.number(Attribute.byteSize);
  if (offset === undefined || size === undefined || size < 1 || size > 8) return undefined;
  const held = await numberAt(code, address + offset, size);
  if (held === undefined) return undefined;
  let other: Entry | undefined;
  for (const variant of part.children()) {
    if (variant.tag !== Tag.variant) continue;
    const value = variant.number(Attribute.discriminantValue);
    if (value === held) return firstMember(variant);
    if (value === undefined) other = variant;
  }
  return other && firstMember(other);
}

/** Undefined also for what a double does not hold exactly: variants there are not told apart. */
async function numberAt(code: Code, address: number, size: number): Promise<number | undefined> {
  const data = await code.memory.bytes(address, size);
  return size > 4 ? wordIn(data ?? Buffer.alloc(0), 0) : data?.readUIntLE(0, size);
}

/** A future that is awaited through a pointer: of its own type, or of one that only its table tells. */
async function pointedFuture(code: Code, standing: Standing): Promise<Standing | undefined> {
  const { info, type, address } = standing;
  if (ASYNC.test((await type.name()) ?? '')) return standing;
  if (!POINTS.test((await type.name()) ?? '')) return futureWithin(standing, 0, new Looks(MOST_MEMBERS));
  const data = await code.memory.word(address);
  if (!data) return undefined;
  const table = await code.memory.word(address + 8);
  const poll = table && (await methodAt(code, table));
  if (poll && /dyn /.test((await type.name()) ?? '')) return polledBy(poll, data);
  const target = await behindPointers(info, type);
  return target && { info, type: target, address: data };
}

/** A future that is all in another one, as in a time limit or a span around it. */
async function futureWithin(
  { info, type, address }: Standing,
  depth: number,
  looks: Looks,
): Promise<Standing | undefined> {
  if (depth === DEEPEST_WITHIN) return undefined;
  for await (const { offset, entry } of membersOf(type)) {
    if (looks.spent()) return undefined;
    const inner = await typeOf(info, entry);
    if (!isStructure(inner)) continue;
    const standing = { info, type: inner, address: address + offset };
    if (ASYNC.test((await inner.name()) ?? '')) return standing;
    const within = await futureWithin(standing, depth + 1, looks);
    if (within) return within;
  }
  return undefined;
}

/** `server::serve::{async_fn_env#0}<T>` as `server::serve`. */
function readable(name: string): string {
  return name
    .replace(/::\{async_fn_env#\d+\}(?:<.*>)?$/, '')
    .replace(/\{async_(block|closure)_env#\d+\}(?:<.*>)?$/, '{async_$1}');
}
