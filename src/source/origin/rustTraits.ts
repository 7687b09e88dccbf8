import type { Origin } from '../../model/request';
import { Tag } from '../dwarf/names';
import { programCode } from './calls';
import { type Code, isLambda, isOwn, type ProgramFunction } from './code';
import { awaitChain } from './rustFutures';
import { methodAt } from './rustTables';
import { isStructure, pointedTo, typeFound, typeOf } from './types';

export interface TraitFound {
  readonly origins: readonly Origin[];
  readonly kind: 'future' | 'class';
}

/** What is behind a `dyn` of Rust, by its table and the value that the pointer before leads to. */
export async function traitBehind(
  code: Code,
  table: number,
  data: number | undefined,
  found: string,
): Promise<TraitFound | undefined> {
  const method = await methodAt(code, table);
  if (!method) return undefined;
  const chain = data === undefined ? undefined : await awaitChain(code, method, data, found);
  if (chain) return { origins: chain, kind: 'future' };
  if (isOwn(method)) {
    const type = isLambda(method) ? undefined : await selfOf(method);
    const object: Origin[] = type ? [{ kind: 'object', function: type.name, ...type.place, found }] : [];
    const kind = type ? 'method' : 'callback';
    // Blocks of `impl` have but numbers.
    const name = type ? method.name.replace(/^.*\{impl#\d+\}/, () => type.name) : method.name;
    return {
      origins: [...object, { kind, function: name, ...method.place, found }],
      kind: 'class',
    };
  }
  const called = await programCode(code, method);
  if (!called) return undefined;
  return { origins: [{ kind: 'callback', function: called.name, ...called.place, found }], kind: 'class' };
}

/** The type that a method is of. */
async function selfOf({ info, entry }: ProgramFunction) {
  const self = entry && [...entry.children()].find(({ tag }) => tag === Tag.formalParameter);
  const type = info && self && (await pointedTo(info, await typeOf(info, self)));
  return isStructure(type) ? typeFound(info, type) : undefined;
}
