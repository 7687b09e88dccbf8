import { Cursor } from '../cursor';

/** What an expression may ask for: registers and memory, undefined where they are not known. */
export interface Values {
  register(number: number): number | undefined;
  word(address: number): number | undefined;
  bytes(address: number, length: number): Buffer | undefined;
}

/** Steps of one expression; those of frame information have a dozen. */
const MOST_STEPS = 1000;
const MOST_VALUES = 64;

const wrap = (value: bigint): bigint => BigInt.asUintN(64, value);
const signed = (value: bigint): bigint => BigInt.asIntN(64, value);

type Binary = (left: bigint, right: bigint) => bigint;
const shifted = (by: bigint, shift: (by: bigint) => bigint): bigint => (by < 64n ? shift(by) : 0n);

/** DW_OP_* that take two values and give one. */
const BINARY: ReadonlyMap<number, Binary> = new Map<number, Binary>([
  [0x1a, (a, b) => a & b],
  [0x1b, (a, b) => (b === 0n ? 0n : signed(a) / signed(b))],
  [0x1c, (a, b) => a - b],
  [0x1d, (a, b) => (b === 0n ? 0n : a % b)],
  [0x1e, (a, b) => a * b],
  [0x21, (a, b) => a | b],
  [0x22, (a, b) => a + b],
  [0x24, (a, b) => shifted(b, (by) => a << by)],
  [0x25, (a, b) => shifted(b, (by) => a >> by)],
  [0x26, (a, b) => signed(a) >> (b < 64n ? b : 63n)],
  [0x27, (a, b) => a ^ b],
  [0x29, (a, b) => (signed(a) === signed(b) ? 1n : 0n)],
  [0x2a, (a, b) => (signed(a) >= signed(b) ? 1n : 0n)],
  [0x2b, (a, b) => (signed(a) > signed(b) ? 1n : 0n)],
  [0x2c, (a, b) => (signed(a) <= signed(b) ? 1n : 0n)],
  [0x2d, (a, b) => (signed(a) < signed(b) ? 1n : 0n)],
  [0x2e, (a, b) => (signed(a) !== signed(b) ? 1n : 0n)],
]);

/**
 * The value of a DWARF expression of frame information (DWARF 5, section 2.5), with `initial` on the stack. Undefined where
 * it needs what is not known, or is none.
 */
export function evaluate(expression: Buffer, values: Values, initial?: number): number | undefined {
  const cursor = new Cursor(expression);
  const stack: bigint[] = initial === undefined ? [] : [BigInt(initial)];
  for (let step = 0; !cursor.done; step++) {
    if (step > MOST_STEPS || stack.length > MOST_VALUES) return undefined;
    if (!one(cursor, stack, values)) return undefined;
  }
  const top = stack.pop();
  return cursor.bad || top === undefined || top >= 2n ** 53n ? undefined : Number(top);
}

/** One operation; false where it cannot be done. */
function one(cursor: Cursor, stack: bigint[], values: Values): boolean {
  const operation = cursor.u8();
  const push = (value: bigint | number | undefined): boolean => {
    if (value !== undefined) stack.push(wrap(BigInt(value)));
    return value !== undefined && !cursor.bad;
  };
  const fromRegister = (register: number): boolean => {
    const offset = cursor.sleb();
    const value = values.register(register);
    return value !== undefined && push(value + offset);
  };
  if (operation >= 0x30 && operation <= 0x4f) return push(operation - 0x30); // lit0…
  if (operation >= 0x70 && operation <= 0x8f) return fromRegister(operation - 0x70); // breg0…
  const binary = BINARY.get(operation);
  if (binary) {
    const right = stack.pop();
    const left = stack.pop();
    return left !== undefined && right !== undefined && push(binary(left, right));
  }
  switch (operation) {
    case 0x03: // addr
    case 0x0e: // const8u
    case 0x0f: // const8s
      return push(cursor.u64());
    case 0x06: // deref
      return push(wordAt(stack, values));
    case 0x94: // deref_size
      return push(sizedAt(stack, values, cursor.u8()));
    case 0x08:
      return push(cursor.u8());
    case 0x09:
      return push(cursor.i8());
    case 0x0a:
      return push(cursor.u16());
    case 0x0b:
      return push(cursor.i16());
    case 0x0c:
      return push(cursor.u32());
    case 0x0d:
      return push(cursor.i32());
    case 0x10:
      return push(cursor.uleb());
    case 0x11:
      return push(cursor.sleb());
    case 0x12: // dup
      return push(stack.at(-1));
    case 0x13: // drop
      return stack.pop() !== undefined;
    case 0x14: // over
      return push(stack.at(-2));
    case 0x15: // pick
      return push(stack.at(-1 - cursor.u8()));
    case 0x16: // swap
      return push(stack.splice(-2, 1)[0]);
    case 0x17: // rot
      return stack.length >= 3 && stack.splice(-2, 0, ...stack.splice(-1)).length === 0;
    case 0x19: // abs
      return unary(stack, push, (value) => (signed(value) < 0n ? -value : value));
    case 0x1f: // neg
      return unary(stack, push, (value) => -value);
    case 0x20: // not
      return unary(stack, push, (value) => ~value);
    case 0x23: {
      // plus_uconst
      const by = cursor.uleb();
      return unary(stack, push, (value) => value + BigInt(by));
    }
    case 0x28: // bra
    case 0x2f: {
      // skip
      const by = cursor.i16();
      const condition = operation === 0x28 ? stack.pop() : 1n;
      if (condition !== 0n) cursor.at = Math.max(0, cursor.at + by);
      return condition !== undefined;
    }
    case 0x92: // bregx
      return fromRegister(cursor.uleb());
    case 0x96: // nop
      return true;
    default:
      return false;
  }
}

function unary(
  stack: bigint[],
  push: (value: bigint | undefined) => boolean,
  by: (value: bigint) => bigint,
): boolean {
  const value = stack.pop();
  return value !== undefined && push(by(value));
}

function wordAt(stack: bigint[], values: Values): number | undefined {
  const address = stack.pop();
  return address === undefined ? undefined : values.word(Number(address));
}

function sizedAt(stack: bigint[], values: Values, size: number): number | undefined {
  const address = stack.pop();
  if (address === undefined || size < 1 || size > 6) return undefined;
  return values.bytes(Number(address), size)?.readUIntLE(0, size);
}
