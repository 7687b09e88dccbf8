import type { DebugInfo } from '../dwarf/debugInfo';
import type { Entry } from '../dwarf/entries';
import { Attribute, Tag } from '../dwarf/names';
import type { ProgramFunction } from './code';
import { classAround, isStructure, membersOf, pointedTo, type TypeFound, typeFound, typeOf } from './types';

/** Structures within structures. */
const DEEPEST = 3;

/**
 * The structure that has a callback in it: one that the callback takes a pointer to, with room for it just there. Of a
 * static member of a class that begins with such a structure, the class.
 */
export async function structureOf(callback: ProgramFunction, offset: number): Promise<TypeFound | undefined> {
  const { info, entry } = callback;
  if (!info || !entry) return undefined;
  for (const parameter of entry.children()) {
    if (parameter.tag !== Tag.formalParameter) continue;
    const type = await pointedTo(info, await typeOf(info, parameter));
    if (!isStructure(type)) continue;
    const whole = await definitionOf(info, type);
    if ((await callbackAt(info, whole, offset)) === undefined) continue;
    const around = await classAround(callback);
    return around && (await beginsWith(info, around.entry, whole)) ? around : typeFound(info, whole);
  }
  return undefined;
}

/** The callback is that of another element of an array: as far away as structures of its kind are long. */
export async function isNeighbours({ info, entry }: ProgramFunction, offset: number): Promise<boolean> {
  if (!info || !entry) return false;
  for (const parameter of entry.children()) {
    if (parameter.tag !== Tag.formalParameter) continue;
    const type = await pointedTo(info, await typeOf(info, parameter));
    if (!isStructure(type)) continue;
    const whole = await definitionOf(info, type);
    const size = whole.number(Attribute.byteSize) ?? 0;
    if (size === 0 || offset < size) continue;
    if ((await callbackAt(info, whole, offset % size)) !== undefined) return true;
  }
  return false;
}

async function beginsWith(info: DebugInfo, whole: Entry, first: Entry): Promise<boolean> {
  for await (const { offset, entry } of membersOf(whole)) {
    const type = offset === 0 ? await typeOf(info, entry) : undefined;
    if (type && (await info.nameOf(type)).name === (await info.nameOf(first)).name) return true;
  }
  return false;
}

/** A file that only uses a structure may just declare it. */
async function definitionOf(info: DebugInfo, type: Entry): Promise<Entry> {
  if (!type.has(Attribute.declaration)) return type;
  const name = await type.name();
  if (name !== undefined) for await (const whole of info.typesNamed(type.unit, name)) return whole;
  return type;
}

/** The name of the member at that place that points to a function: `ops.done`. */
async function callbackAt(
  info: DebugInfo,
  structure: Entry,
  offset: number,
  depth = 0,
): Promise<string | undefined> {
  for await (const member of membersOf(structure)) {
    if (member.offset > offset) continue;
    const type = await typeOf(info, member.entry);
    if (member.offset === offset && (await pointedTo(info, type))?.tag === Tag.subroutineType)
      return member.name;
    if (!isStructure(type) || depth === DEEPEST) continue;
    const inner = await callbackAt(info, type, offset - member.offset, depth + 1);
    if (inner !== undefined) return member.name === undefined ? inner : `${member.name}.${inner}`;
  }
  return undefined;
}
