import type { SourcePlace } from '../../model/sample';
import type { DebugInfo } from '../dwarf/debugInfo';
import type { Entry } from '../dwarf/entries';
import { Attribute, Tag } from '../dwarf/names';
import { declarationOf, declaredEntry, type ProgramFunction, scopeOf } from './code';

/** Names for types and qualifiers of one type, at most. */
const DEEPEST = 16;
const TRANSPARENT: ReadonlySet<number> = new Set([Tag.typedef, Tag.constType, Tag.volatileType]);
const STRUCTURES: ReadonlySet<number> = new Set([Tag.structure, Tag.class, Tag.union]);

/** A member of a structure. */
export interface Member {
  readonly name: string | undefined;
  /** Bytes from the structure's beginning. */
  readonly offset: number;
  readonly entry: Entry;
}

/** The type of a variable, member, parameter; through names for it and qualifiers. */
export async function typeOf(info: DebugInfo, entry: Entry): Promise<Entry | undefined> {
  let holder: Entry | undefined = entry;
  for (let depth = 0; holder && !holder.has(Attribute.type) && depth < DEEPEST; depth++)
    holder = await info.follow(holder, Attribute.abstractOrigin);
  let type = holder && (await info.follow(holder, Attribute.type));
  for (let depth = 0; type && TRANSPARENT.has(type.tag) && depth < DEEPEST; depth++)
    type = await info.follow(type, Attribute.type);
  return type;
}

/** What a pointer points to. */
export async function pointedTo(info: DebugInfo, pointer: Entry | undefined): Promise<Entry | undefined> {
  return pointer?.tag === Tag.pointer ? typeOf(info, pointer) : undefined;
}

export function isStructure(entry: Entry | undefined): entry is Entry {
  return entry !== undefined && STRUCTURES.has(entry.tag);
}

/** Members and base classes in their order; those whose place is computed are left out. */
export async function* membersOf(structure: Entry): AsyncGenerator<Member> {
  for (const entry of structure.children()) {
    if (entry.tag !== Tag.member && entry.tag !== Tag.inheritance) continue;
    const offset = entry.has(Attribute.memberLocation)
      ? entry.number(Attribute.memberLocation)
      : structure.tag === Tag.union
        ? 0
        : undefined;
    if (offset !== undefined) yield { name: await entry.name(), offset, entry };
  }
}

/** Members and those of their structures in turn, that one search may still look at: files can have any number. */
export class Looks {
  constructor(private left: number) {}

  spent(): boolean {
    return --this.left < 0;
  }
}

export async function memberNamed(structure: Entry, name: string): Promise<Member | undefined> {
  for await (const member of membersOf(structure)) if (member.name === name) return member;
  return undefined;
}

export interface TypeFound {
  readonly name: string;
  readonly place: SourcePlace;
  readonly entry: Entry;
}

/** The class that a function is a member of. */
export async function classAround({ info, entry }: ProgramFunction): Promise<TypeFound | undefined> {
  const scope = info && entry && (await scopeOf(info, await declaredEntry(info, entry)));
  return isStructure(scope) ? typeFound(info, scope) : undefined;
}

export async function typeFound(info: DebugInfo | undefined, entry: Entry): Promise<TypeFound | undefined> {
  const name = (await info?.nameOf(entry))?.name;
  const place = info && (await declarationOf(info, entry));
  return name === undefined ? undefined : { name, place: place ?? {}, entry };
}
