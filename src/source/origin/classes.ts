import type { Origin } from '../../model/request';
import { callTargets, lambdaOf, programCode } from './calls';
import { type Code, isOwn, type ProgramFunction } from './code';
import { wordIn } from './processMemory';
import { isProgramFile } from './programFiles';
import { classAround } from './types';

/** Virtual functions of one class that are looked at. */
const MOST_METHODS = 12;
/** Bytes of a thunk: it moves `this` and jumps. */
const THUNK = 32;
/** Second bases lie within their objects. */
const FARTHEST_BASE = 1 << 16;
const LONGEST_NAME = 1024;

const TYPE_NAME = /^\*?(?:N|St|S[absiod]|\d|Z|\$)[\w.$]+$/;
/** Type information is an object too. */
const OF_RUNTIME = /^N10__cxxabiv1/;
const TYPE_SYMBOL = /^_ZTV(.+)$/;
const DESTRUCTOR = /D[012]Ev$/;
const THUNK_SYMBOL = /^_ZT(?:h|v|c)[n\d_hv]*?_(?=[NZ\d])(.+)$/;
/** What a function that completes something is called. */
export const COMPLETES =
  /complet|callback|done|finish|ready|result|handle|invoke|notify|wake|resume|fire|^on|::on|operator\(\)|run|call/i;

/** An object of a class with virtual functions. */
export interface ClassFound {
  /** The class, where it is one of the program's, and what will be called. */
  readonly origins: readonly Origin[];
  /** The program's own code was found. */
  readonly isProgram: boolean;
}

/** The class whose table of virtual functions begins at `table`; undefined where none does. */
export async function classOf(code: Code, table: number, found: string): Promise<ClassFound | undefined> {
  const mangled = await typeName(code, table);
  if (mangled === undefined || OF_RUNTIME.test(mangled)) return undefined;
  const methods = await methodsOf(code, table);
  const best = methods
    .map((method, index) => ({ method, weight: weightOf(method, mangled) - index / 10 }))
    .sort((a, b) => b.weight - a.weight)[0]?.method;
  const own = methods.find((method) => isOf(method, mangled));
  const type = own && (await classAround(own));
  const name = type?.name ?? readable(mangled);
  const object: Origin = { kind: 'object', function: name, ...type?.place, found };
  const isOwnType = isProgramFile(type?.place?.file);
  if (!best || DESTRUCTOR.test(best.symbol ?? '')) return { origins: [object], isProgram: isOwnType };
  if (!isOwn(best)) {
    // A wrapper of a library around the program's code: that is what counts.
    const called = await programCode(code, best);
    const inner: Origin = called
      ? { kind: 'callback', function: called.name, ...called.place, found }
      : { kind: 'method', function: best.name, ...best.place, found };
    return { origins: isOwnType || !called ? [object, inner] : [inner], isProgram: called !== undefined };
  }
  const method: Origin = { kind: 'method', function: best.name, ...best.place, found };
  const lambda = await lambdaOf(code, best);
  const inner: Origin[] = lambda ? [{ kind: 'callback', function: lambda.name, ...lambda.place, found }] : [];
  return { origins: [object, method, ...inner], isProgram: true };
}

/** The mangled name that its type information holds; without that (-fno-rtti) the one in the table's symbol. */
async function typeName(code: Code, table: number): Promise<string | undefined> {
  const { memory } = code;
  const head = await memory.bytes(table - 16, 24);
  if (!head || !(await memory.image(table))) return undefined;
  const top = head.readBigInt64LE(0);
  if (top > 0n || top < -FARTHEST_BASE) return undefined;
  const information = wordIn(head, 8);
  if (information === 0 || information === undefined) {
    const { image, lines } = (await code.binaryAt(table)) ?? {};
    const symbol = image && (await (await lines?.symbols())?.at(table - image.bias));
    return TYPE_SYMBOL.exec(symbol?.name ?? '')?.[1];
  }
  if (memory.isCode(information) || !(await memory.image(information))) return undefined;
  const place = await memory.word(information + 8);
  if (place === undefined || memory.isCode(place) || !(await memory.image(place))) return undefined;
  const text = await textAt(code, place);
  return text !== undefined && TYPE_NAME.test(text) ? text.replace(/^\*/, '') : undefined;
}

async function textAt({ memory }: Code, address: number): Promise<string | undefined> {
  const region = memory.region(address);
  const length = region && Math.min(LONGEST_NAME, region.end - address);
  const data = length ? await memory.bytes(address, length) : undefined;
  const end = data?.indexOf(0) ?? -1;
  return data && end > 0 ? data.toString('latin1', 0, end) : undefined;
}

async function methodsOf(code: Code, table: number): Promise<ProgramFunction[]> {
  const region = code.memory.region(table);
  const length = Math.min(8 * MOST_METHODS, (region?.end ?? table) - table);
  const data = length >= 8 ? await code.memory.bytes(table, length) : undefined;
  const methods: ProgramFunction[] = [];
  for (let at = 0; data && at + 8 <= data.length; at += 8) {
    const address = wordIn(data, at);
    // Of an abstract class the destructor is left out.
    if (address === 0) continue;
    const method = address === undefined ? undefined : await code.startingAt(address);
    if (!method) break;
    methods.push(await behindThunk(code, method));
  }
  return methods;
}

/** Virtual functions of a second base move `this` first. */
async function behindThunk(code: Code, method: ProgramFunction): Promise<ProgramFunction> {
  const name = THUNK_SYMBOL.exec(method.symbol ?? '')?.[1];
  if (name === undefined) return method;
  const data = await code.memory.bytes(method.address, THUNK);
  for (const target of data ? callTargets(data, method.address) : []) {
    const called = await code.startingAt(target);
    if (called?.symbol === `_Z${name}`) return called;
  }
  const symbols = await method.lines.symbols();
  const [symbol] = (await symbols?.find(new Set([`_Z${name}`]))) ?? [];
  return (symbol && (await code.startingAt(symbol.address + method.image.bias))) ?? method;
}

function weightOf(method: ProgramFunction, mangled: string): number {
  const { symbol = '', name } = method;
  return (
    (isOf(method, mangled) ? 4 : 0) +
    (COMPLETES.test(name) ? 2 : 0) +
    (isOwn(method) ? 2 : 0) -
    (DESTRUCTOR.test(symbol) || symbol === '__cxa_pure_virtual' ? 20 : 0)
  );
}

/** The class has the method itself, not from a base. */
function isOf({ symbol = '' }: ProgramFunction, mangled: string): boolean {
  const plain = /^N(.*)E$/.exec(mangled)?.[1] ?? mangled;
  return symbol.includes(plain);
}

/** `N3net8AcceptOpE` as `net::AcceptOp`; names with templates as the linker knows them. */
function readable(mangled: string): string {
  const names: string[] = [];
  let rest = /^N(.*)E$/.exec(mangled)?.[1] ?? mangled;
  if (rest.startsWith('St')) {
    names.push('std');
    rest = rest.slice(2);
  }
  while (rest !== '') {
    const length = /^\d{1,4}/.exec(rest)?.[0];
    const name = length === undefined ? '' : rest.slice(length.length, length.length + Number(length));
    if (length === undefined || name.length < Number(length)) return `_ZTI${mangled}`;
    names.push(name);
    rest = rest.slice(length.length + name.length);
  }
  return names.join('::');
}
