import { type Code, type InlinedFunction, inlinedInto, isLambda, isOwn, type ProgramFunction } from './code';
import { lambdaArgument } from './lambdas';
import { isSystemImage } from './programFiles';

/** Calls from function to function that are followed, and the functions of one search. */
const DEEPEST = 5;
const MOST_FUNCTIONS = 60;
/** Bytes of one function's code that are searched for calls. */
const MOST_CODE = 4096;

/** A lambda's type in a mangled name (GCC and Clang), a closure's in one of Rust. */
const NAMES_LAMBDA = /U[lt].*E\d*_|\$_\d|\{\{closure\}\}|\$closure/;

/** What was found of functions before. */
interface Found {
  lambda?: Promise<InlinedFunction | undefined>;
  program?: Promise<InlinedFunction | undefined>;
}
const known = new WeakMap<ProgramFunction, Found>();

/**
 * The program's own code that a function of a library runs: itself, what is inlined into it, what it calls. Of a function
 * made for a lambda, the lambda.
 */
export function programCode(code: Code, from: ProgramFunction): Promise<InlinedFunction | undefined> {
  const found = knownOf(from);
  found.program ??= lambdaOf(code, from).then(
    // Of what has no debug information nothing tells that it is a library's.
    (lambda) => lambda ?? (from.entry ? search(code, from, () => true) : undefined),
  );
  return found.program;
}

/** The lambda that a function was made for. */
export function lambdaOf(code: Code, from: ProgramFunction): Promise<InlinedFunction | undefined> {
  const found = knownOf(from);
  found.lambda ??= findLambda(code, from);
  return found.lambda;
}

function knownOf(from: ProgramFunction): Found {
  const found = known.get(from) ?? {};
  known.set(from, found);
  return found;
}

async function findLambda(code: Code, from: ProgramFunction): Promise<InlinedFunction | undefined> {
  if (isLambda(from)) return undefined;
  const argument = await lambdaArgument(from);
  return argument ?? (NAMES_LAMBDA.test(from.symbol ?? '') ? search(code, from, isLambda) : undefined);
}

async function search(
  code: Code,
  from: ProgramFunction,
  fits: (found: InlinedFunction) => boolean,
): Promise<InlinedFunction | undefined> {
  if (isSystemImage(from.image.path)) return undefined;
  const seen = new Set([from.address]);
  let level = [from];
  for (let depth = 0; depth < DEEPEST && level.length > 0; depth++) {
    const next: ProgramFunction[] = [];
    for (const one of level) {
      if (isOwn(one) && fits(one)) return one;
      const inlined = (await inlinedInto(one)).find(fits);
      if (inlined) return inlined;
      for (const address of await calledBy(code, one)) {
        if (seen.has(address) || seen.size >= MOST_FUNCTIONS) continue;
        seen.add(address);
        const called = await code.startingAt(address);
        if (called?.image === one.image) next.push(called);
      }
    }
    level = next;
  }
  return undefined;
}

/** Targets of its direct calls and jumps; some are chance. */
async function calledBy(code: Code, { address, size }: ProgramFunction): Promise<number[]> {
  if (size === 0) return [];
  const data = await code.memory.bytes(address, Math.min(size, MOST_CODE));
  return data ? [...callTargets(data, address)].filter((target) => code.memory.isCode(target)) : [];
}

/** x86-64: call and jmp with a relative target of 32 bits, at any byte. */
export function* callTargets(data: Buffer, address: number): Generator<number> {
  for (let at = 0; at + 5 <= data.length; at++)
    if (data[at] === 0xe8 || data[at] === 0xe9) yield address + at + 5 + data.readInt32LE(at + 1);
}
