/** Bytes between a constant's load into a register and its store, where the compiler has split them. */
const FARTHEST_LOAD = 160;

/** Where code stores a constant into a field of a structure. */
export interface IndexStore {
  /** Of the store, from the code's beginning. */
  readonly store: number;
  /** Of the instruction that has the constant: the same, or the load of a register before it. */
  readonly constant: number;
}

/**
 * x86-64: where code stores `value` at `offset` bytes from what any register points to: `mov $value, offset(reg)`, or a
 * register loaded with it before. `width` is the field's, in bytes. Looks at every byte: what it finds may be chance.
 */
export function* indexStores(
  code: Buffer,
  offset: number,
  value: number,
  width: number,
): Generator<IndexStore> {
  for (let at = 0; at < code.length; at++) {
    const instruction = prefixed(code, at, width);
    if (!instruction) continue;
    const { opcode, rex } = instruction;
    const operand = operandAt(code, opcode + 1, offset);
    if (!operand) continue;
    const kind = code[opcode] ?? 0;
    if (kind === (width === 1 ? 0xc6 : 0xc7) && operand.register === 0) {
      if (immediate(code, operand.end, width) === value) yield { store: at, constant: at };
    } else if (kind === (width === 1 ? 0x88 : 0x89)) {
      const register = operand.register | ((rex & 4) << 1);
      const load = loadBefore(code, at, register, value, width);
      if (load !== undefined) yield { store: at, constant: load };
    }
  }
}

/** The opcode behind the prefixes that a store of that width has. */
function prefixed(code: Buffer, at: number, width: number): { opcode: number; rex: number } | undefined {
  let opcode = at;
  if (width === 2) {
    if (code[opcode] !== 0x66) return undefined;
    opcode++;
  }
  const rex = (code[opcode] ?? 0) >> 4 === 4 ? (code[opcode] ?? 0) : 0;
  if (rex !== 0) opcode++;
  const kind = code[opcode];
  const isStore = width === 1 ? kind === 0xc6 || kind === 0x88 : kind === 0xc7 || kind === 0x89;
  return isStore ? { opcode, rex } : undefined;
}

/** ModRM of a register with a displacement. */
function operandAt(
  code: Buffer,
  at: number,
  offset: number,
): { readonly register: number; readonly end: number } | undefined {
  const modrm = code[at] ?? 0;
  const mode = modrm >> 6;
  // rsp and r12 take a byte more (SIB without index).
  const hasSib = (modrm & 7) === 4;
  if (hasSib && code[at + 1] !== 0x24) return undefined;
  const displacement = at + (hasSib ? 2 : 1);
  const register = (modrm >> 3) & 7;
  if (mode === 1 && displacement < code.length && code.readInt8(displacement) === offset)
    return { register, end: displacement + 1 };
  if (mode === 2 && displacement + 4 <= code.length && code.readInt32LE(displacement) === offset)
    return { register, end: displacement + 4 };
  return undefined;
}

function immediate(code: Buffer, at: number, width: number): number | undefined {
  const length = Math.min(width, 4);
  return at + length <= code.length ? code.readUIntLE(at, length) : undefined;
}

/** The nearest `mov $value, register` before: several may lead to one store. */
function loadBefore(
  code: Buffer,
  at: number,
  register: number,
  value: number,
  width: number,
): number | undefined {
  const low = register & 7;
  for (let load = at - 2; load >= Math.max(0, at - FARTHEST_LOAD); load--) {
    const prefix = load > 0 ? (code[load - 1] ?? 0) : 0;
    const isHigh = prefix >> 4 === 4 && (prefix & 1) === 1;
    if (code[load] === 0xb8 + low && load + 5 <= at && isHigh === register > 7) {
      if (code.readUInt32LE(load + 1) === value) return load;
    } else if (width === 1 && code[load] === 0xb0 + low && isHigh === register > 7) {
      if (code[load + 1] === value) return load;
    } else if (register < 8 && code[load] === 0x31 && code[load + 1] === (0xc0 | (low << 3) | low)) {
      if (value === 0) return load;
    }
  }
  return undefined;
}
