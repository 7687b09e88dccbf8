import type { DebugInfo } from '../dwarf/debugInfo';
import type { Entry } from '../dwarf/entries';
import { Tag } from '../dwarf/names';
import { declarationOf, declaredEntry, type InlinedFunction, type ProgramFunction, plainName } from './code';
import { isProgramFile } from './programFiles';
import { classAround, isStructure, typeOf } from './types';

/** Templates within templates, and arguments that are looked at. */
const DEEPEST = 5;
const MOST = 100;
const REFERENCES: ReadonlySet<number> = new Set([Tag.pointer, Tag.reference, Tag.rvalueReference]);

/** The lambda of the program's that a function, or the class it is a member of, was made for: an argument of the template. */
export async function lambdaArgument(from: ProgramFunction): Promise<InlinedFunction | undefined> {
  const { info, entry } = from;
  if (!info || !entry) return undefined;
  const around = await classAround(from);
  let level = [await declaredEntry(info, entry), ...(around ? [around.entry] : [])];
  let looked = 0;
  for (let depth = 0; depth < DEEPEST && level.length > 0; depth++) {
    const next: Entry[] = [];
    for (const template of level)
      for (const argument of argumentsOf(template)) {
        if (++looked > MOST) return undefined;
        const type = await valueType(info, argument);
        const lambda = type && (await lambdaFrom(info, type));
        if (lambda) return lambda;
        if (type) next.push(type);
      }
    level = next;
  }
  return undefined;
}

function* argumentsOf(template: Entry): Generator<Entry> {
  for (const child of template.children()) {
    if (child.tag === Tag.templateType) yield child;
    else if (child.tag === Tag.templatePack) yield* argumentsOf(child);
  }
}

async function valueType(info: DebugInfo, argument: Entry): Promise<Entry | undefined> {
  let type = await typeOf(info, argument);
  if (type && REFERENCES.has(type.tag)) type = await typeOf(info, type);
  return isStructure(type) ? type : undefined;
}

/** GCC gives the class of a lambda at most a name in angle brackets, Clang none. */
async function lambdaFrom(info: DebugInfo, type: Entry): Promise<InlinedFunction | undefined> {
  const own = await type.name();
  if (own !== undefined && !own.startsWith('<lambda')) return undefined;
  const place = await declarationOf(info, type);
  if (!place || !isProgramFile(place.file)) return undefined;
  for (const child of type.children()) {
    if (child.tag !== Tag.subprogram || (await child.name()) !== 'operator()') continue;
    const { name } = await info.nameOf(child);
    return { name: plainName(name ?? ''), place };
  }
  return undefined;
}
