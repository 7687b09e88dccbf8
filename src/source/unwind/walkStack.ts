import type { AddressSpace } from './addressSpace';
import { behindStub, callBefore } from './calls';
import { evaluate, type Values } from './expression';
import type { Machine } from './frameTable';
import type { Image, Images } from './images';
import { belowFramePointer, movesStackPointer } from './prologue';
import type { Row } from './row';
import { changesStack, MOST_SWITCH } from './stackSwitch';

/** Values by DWARF number; undefined = not known, or no address. */
export type Registers = (number | undefined)[];

export interface Place {
  readonly machine: Machine;
  readonly space: AddressSpace;
  readonly images: Images;
  /** By performance.now(): a walk that lasts longer ends where it is. */
  readonly until?: number;
}

/**
 * proven: found with the unwind tables from known registers, or in a way that the code itself confirms. probable: guessed
 * from what lies on the stack.
 */
export type Trust = 'proven' | 'probable';

export interface StackFrame {
  /** Address of the next instruction of this function. */
  readonly pc: number;
  /** An address inside of the instruction that it is in: the call before `pc`, for all but interrupted ones. */
  readonly lookup: number;
  readonly trust: Trust;
  readonly image?: Image;
  /** Of code in no binary: what its mapping is called; empty where that has no name. */
  readonly mapping?: string;
}

export interface WalkedStack {
  readonly frames: readonly StackFrame[];
  /** The walk came to the function that every stack begins with. */
  readonly complete: boolean;
  /** Why it ends where it does, for people; absent where memory was missing: it is to be walked again. */
  readonly ending?: string;
}

interface Numbers {
  readonly stackPointer: number;
  readonly framePointer: number;
  /** The column of the program counter; of arm64, where it has none, that of the link register. */
  readonly returnAddress: number;
  readonly calleeSaved: readonly number[];
}

const NUMBERS: Readonly<Record<Machine, Numbers>> = {
  x86_64: { stackPointer: 7, framePointer: 6, returnAddress: 16, calleeSaved: [3, 6, 12, 13, 14, 15] },
  aarch64: {
    stackPointer: 31,
    framePointer: 29,
    returnAddress: 30,
    calleeSaved: [19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29],
  },
};
export const stackPointerOf = (machine: Machine): number => NUMBERS[machine].stackPointer;

const MOST_FRAMES = 256;
/** Bytes of the stack that a guess looks at. */
const SCANNED = 65_536;
/** Bytes of a function's beginning and body that are looked at. */
const PROLOGUE = 128;
const MOST_BODY = 8192;
/** Registers of which a function may have saved more than its prologue shows. */
const EXTRA = [0, 8, 16, 24, 32, 48];
/** arm64 signs return addresses in the bits above those of an address, of which a kernel has 48, 42 or 39. */
const ADDRESS_ENDS = [2 ** 48, 2 ** 42, 2 ** 39];

/** likely: proven if the walk goes on to the beginning of the stack, for a wrong turn does not lead there; else probable. */
type Standing = Trust | 'likely';

interface State {
  readonly pc: number;
  readonly registers: Registers;
  /** The instruction before pc is a call. */
  readonly afterCall: boolean;
  readonly standing: Standing;
}

/** How the walk leaves a frame: to its caller, or not. */
type Step = { readonly to: State } | { readonly end: string; readonly complete?: boolean };

/** The frames of a sleeping thread, innermost first, from its program counter and what is known of its registers. */
export function walkStack(place: Place, pc: number, registers: Registers): WalkedStack {
  const frames: (Omit<StackFrame, 'trust'> & { readonly standing: Standing })[] = [];
  const { misses } = place.space;
  let state: State = { pc, registers, afterCall: false, standing: 'proven' };
  for (;;) {
    const lookup = state.afterCall ? state.pc - 1 : state.pc;
    const image = place.images.at(lookup);
    const where = image ? { image } : { mapping: place.images.region(lookup)?.name ?? '' };
    frames.push({ pc: state.pc, lookup, standing: state.standing, ...where });
    const step: Step =
      frames.length >= MOST_FRAMES
        ? { end: 'it is very deep' }
        : performance.now() > (place.until ?? Number.POSITIVE_INFINITY)
          ? { end: 'it takes too long to follow' }
          : leave(place, state, lookup, image);
    if (place.space.misses > misses) return { frames: [], complete: false };
    if ('end' in step) {
      const { complete = false, end } = step;
      const standing = (likely: Standing): Trust =>
        likely === 'likely' ? (complete ? 'proven' : 'probable') : likely;
      return {
        frames: frames.map(({ standing: likely, ...frame }) => ({ ...frame, trust: standing(likely) })),
        complete,
        ending: end,
      };
    }
    state = step.to;
  }
}

function leave(place: Place, state: State, lookup: number, image: Image | undefined): Step {
  if (!place.images.isCode(lookup)) return { end: 'its address is no code' };
  const row = image?.frames.row(lookup, place.machine);
  // V8 has code of its own among what a compiler has made: Builtins_….
  if (!row)
    return image?.frames.hasTables && !state.afterCall ? { end: NO_TABLES } : byFramePointer(place, state);
  if (row.rules.get(row.returnAddress)?.kind === 'undefined')
    return { end: 'it is the first function of its thread', complete: true };
  const isGo = image?.frames.isGo === true;
  if (isGo && goesOver(place, row)) return { end: 'Go’s runtime goes over to another stack there' };
  const cfa = cfaOf(place, row, state.registers);
  if (cfa !== undefined) {
    const step = callerOf(place, state, row, cfa, state.standing);
    return isGo && 'end' in step && step.end === NO_CALLER
      ? { end: 'it is the first function of its goroutine', complete: true }
      : step;
  }
  return guess(place, state, row);
}

function goesOver({ space, machine }: Place, { start, end }: Row): boolean {
  const code = end - start <= MOST_SWITCH ? space.bytes(start, end - start) : undefined;
  return code !== undefined && changesStack(code, machine);
}

function valuesOf(place: Place, registers: Registers): Values {
  return {
    register: (number) => registers[number],
    word: (address) => place.space.word(address),
    bytes: (address, length) => place.space.bytes(address, length),
  };
}

function cfaOf(place: Place, { cfa }: Row, registers: Registers): number | undefined {
  if ('expression' in cfa) return evaluate(cfa.expression, valuesOf(place, registers));
  const base = registers[cfa.register];
  return base === undefined ? undefined : base + cfa.offset;
}

function callerOf(place: Place, state: State, row: Row, cfa: number, standing: Standing): Step {
  const numbers = NUMBERS[place.machine];
  const sp = state.registers[numbers.stackPointer] ?? 0;
  // Frames lie above each other; only the handler of a signal may have a stack of its own.
  const isAbove = cfa > sp || (cfa === sp && place.machine === 'aarch64');
  if (!row.isSignal && !isAbove) return { end: 'its frame does not lie above the one before' };
  const registers = restored(place, state.registers, row, cfa);
  const found = registers[row.returnAddress];
  if (found === undefined) return { end: 'its return address cannot be read' };
  const pc = place.machine === 'aarch64' ? unsigned(place, found) : found;
  if (pc === 0) return { end: NO_CALLER };
  if (!place.images.isCode(pc)) return { end: 'its return address is no code' };
  return { to: { pc, registers, afterCall: !row.isSignal, standing } };
}

/** A return address of arm64 without its signature. */
function unsigned({ images }: Place, address: number): number {
  const end = ADDRESS_ENDS.find((limit) => images.isCode(address % limit));
  return end === undefined ? address : address % end;
}

/** The caller's registers. What a call may change is not known of it. */
function restored(place: Place, before: Registers, row: Row, cfa: number): Registers {
  const { calleeSaved, stackPointer, returnAddress } = NUMBERS[place.machine];
  const registers: Registers = [];
  for (const number of calleeSaved) registers[number] = before[number];
  registers[stackPointer] = cfa;
  if (place.machine === 'aarch64') registers[returnAddress] = before[returnAddress];
  const values = valuesOf(place, before);
  for (const [number, rule] of row.rules) {
    switch (rule.kind) {
      case 'same':
        registers[number] = before[number];
        break;
      case 'undefined':
        registers[number] = undefined;
        break;
      case 'at':
        registers[number] =
          place.machine === 'aarch64' && number === returnAddress
            ? place.space.signedWord(cfa + rule.offset)
            : place.space.word(cfa + rule.offset);
        break;
      case 'is':
        registers[number] = cfa + rule.offset;
        break;
      case 'register':
        registers[number] = before[rule.register];
        break;
      case 'at expression': {
        const address = evaluate(rule.expression, values, cfa);
        registers[number] = address === undefined ? undefined : place.space.word(address);
        break;
      }
      case 'is expression':
        registers[number] = evaluate(rule.expression, values, cfa);
    }
  }
  return registers;
}

const NO_CALLER = 'its return address is 0';
const NO_TABLES = 'it has no unwind tables';

/** Code without any unwind tables, that of just-in-time compilers and of Go, keeps to frame pointers. */
function byFramePointer(place: Place, { registers, afterCall }: State): Step {
  const { framePointer, stackPointer } = NUMBERS[place.machine];
  const frame = registers[framePointer];
  const sp = registers[stackPointer];
  const end = NO_TABLES;
  // A function that only makes a system call has no frame: the frame pointer is its caller's.
  const above =
    afterCall || sp === undefined || place.machine !== 'x86_64' ? undefined : place.space.word(sp);
  if (
    sp !== undefined &&
    above !== undefined &&
    place.images.isCode(above) &&
    callBefore(place.space, above)
  ) {
    const caller = registers.slice();
    caller[stackPointer] = sp + 8;
    return { to: { pc: above, registers: caller, afterCall: true, standing: 'probable' } };
  }
  if (frame === undefined || sp === undefined || frame < sp || frame - sp > 2 ** 24) return { end };
  const pc = place.space.word(frame + 8);
  if (pc === undefined || !place.images.isCode(pc)) return { end };
  if (place.machine === 'x86_64' && !callBefore(place.space, pc)) return { end };
  const caller: Registers = [];
  caller[framePointer] = place.space.word(frame);
  caller[stackPointer] = frame + 16;
  return { to: { pc, registers: caller, afterCall: true, standing: 'probable' } };
}

/** Out of a frame whose CFA hangs on a register that nobody knows. */
function guess(place: Place, state: State, row: Row): Step {
  const { framePointer } = NUMBERS[place.machine];
  const end = 'it hangs on a register that is not known without root';
  if (place.machine !== 'x86_64' || 'expression' in row.cfa || row.cfa.register !== framePointer)
    return { end };
  const decoded = byPrologue(place, state, row, row.cfa.offset);
  return decoded ?? byScan(place, state, row, row.cfa.offset) ?? { end };
}

function withFramePointer(
  place: Place,
  state: State,
  row: Row,
  frame: number,
  offset: number,
  standing: Standing,
): Step {
  const registers = state.registers.slice();
  registers[NUMBERS[place.machine].framePointer] = frame;
  return callerOf(place, { ...state, registers }, row, frame + offset, standing);
}

function byPrologue(place: Place, state: State, row: Row, offset: number): Step | undefined {
  const { space } = place;
  const sp = state.registers[NUMBERS[place.machine].stackPointer];
  const start = row.framePointerAt;
  if (sp === undefined || start === undefined) return undefined;
  const code = space.bytes(start, Math.min(PROLOGUE, row.end - start));
  const body = space.bytes(row.start, Math.min(MOST_BODY, row.end - row.start));
  const depth = code && belowFramePointer(code);
  if (depth === undefined || !body) return undefined;
  const isFixed = body.length === row.end - row.start && !movesStackPointer(body);
  for (const extra of EXTRA) {
    const frame = sp + depth + extra;
    const match = howCalled(place, frame + 8, row);
    const isPlain = isFixed && extra === 0;
    const isCalled = match === 'this function';
    const mayBe = match === 'unknown' || (match === 'no call' && isPlain && leadsToSignal(place, frame + 8));
    if (!isCalled && !(isPlain && mayBe)) continue;
    const standing = isCalled && isPlain ? 'proven' : isFixed ? 'likely' : 'probable';
    return withFramePointer(place, state, row, frame, offset, worse(state.standing, standing));
  }
  return undefined;
}

/** Nobody has called a signal's handler: the kernel has put the way back to what was interrupted there. */
function leadsToSignal(place: Place, at: number): boolean {
  const pc = place.space.word(at);
  if (pc === undefined || !place.images.isCode(pc)) return false;
  // Its tables begin one byte before it, so that it is found as others are.
  return place.images.at(pc - 1)?.frames.row(pc - 1, place.machine)?.isSignal === true;
}

function worse(one: Standing, other: Standing): Standing {
  if (one === 'proven') return other;
  return one === 'probable' ? one : other === 'proven' ? one : other;
}

/** The lowest word of the stack that is a return address behind a call of this very function. */
function byScan(place: Place, state: State, row: Row, offset: number): Step | undefined {
  const sp = state.registers[NUMBERS[place.machine].stackPointer];
  const region = sp === undefined ? undefined : place.images.region(sp);
  if (sp === undefined || !region) return undefined;
  const end = Math.min(region.end, sp + SCANNED);
  const { misses } = place.space;
  for (let at = sp; at + 8 <= end && place.space.misses === misses; at += 8) {
    const match = howCalled(place, at, row);
    if (match === 'this function') return withFramePointer(place, state, row, at - 8, offset, 'probable');
  }
  return undefined;
}

/** What the call before the return address at `at` on the stack calls, held against the function that the row is of. */
function howCalled(place: Place, at: number, row: Row): 'this function' | 'another' | 'unknown' | 'no call' {
  const pc = place.space.word(at);
  if (pc === undefined || !place.images.isCode(pc)) return 'no call';
  const call = callBefore(place.space, pc);
  if (!call) return 'no call';
  if (call.target === undefined) return 'unknown';
  if (call.target === row.start || behindStub(place.space, call.target) === row.start) return 'this function';
  return 'another';
}
