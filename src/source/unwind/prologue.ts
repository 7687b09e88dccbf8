/**
 * What a function's beginning does to the stack pointer after it has set the frame pointer: `push %rbp; mov %rsp,%rbp;
 * push…; sub $N,%rsp` of x86-64. With it the frame pointer follows from the stack pointer where nothing else tells it.
 */

/** Instructions that are looked at. */
const MOST = 24;
/** Opcodes with a ModRM byte that a scheduler puts between, and bytes of what follows the operand. */
const HARMLESS: ReadonlyMap<number, number> = new Map([
  [0x01, 0],
  [0x29, 0],
  [0x31, 0],
  [0x33, 0],
  [0x39, 0],
  [0x3b, 0],
  [0x63, 0],
  [0x81, 4],
  [0x83, 1],
  [0x85, 0],
  [0x88, 0],
  [0x89, 0],
  [0x8a, 0],
  [0x8b, 0],
  [0x8d, 0],
  [0xc6, 1],
  [0xc7, 4],
]);
/** The same of those behind 0f. */
const HARMLESS_0F = new Set([
  0x10, 0x11, 0x16, 0x1f, 0x28, 0x29, 0x57, 0x6e, 0x6f, 0x7e, 0x7f, 0xb6, 0xb7, 0xbe, 0xbf, 0xd6, 0xef,
]);
/** Of these, the ones that would write the stack pointer if it is their operand. */
const WRITES_OPERAND = new Set([0x01, 0x29, 0x31, 0x81, 0x83, 0x89, 0xc7]);

/**
 * Bytes from the stack pointer up to the frame pointer in the body of a function; `code` is what follows `mov %rsp,%rbp`.
 * Undefined where the stack is aligned anew, or something is not understood before the stack pointer is moved.
 */
export function belowFramePointer(code: Buffer): number | undefined {
  let depth = 0;
  let at = 0;
  for (let count = 0; count < MOST && at + 8 <= code.length; count++) {
    const byte = code.readUInt8(at);
    const next = code.readUInt8(at + 1);
    if (byte >= 0x50 && byte <= 0x57) {
      depth += 8;
      at++;
    } else if (byte === 0x41 && next >= 0x50 && next <= 0x57) {
      depth += 8;
      at += 2;
    } else if (byte === 0x48 && (next === 0x83 || next === 0x81) && onStackPointer(code, at)) {
      return moved(code, at, depth);
    } else {
      const length = harmless(code, at);
      if (length === 0) break;
      at += length;
    }
  }
  return depth;
}

function onStackPointer(code: Buffer, at: number): boolean {
  return (code.readUInt8(at + 2) & 0xc7) === 0xc4;
}

/** `sub`, `add` and `and` of a number to the stack pointer. */
function moved(code: Buffer, at: number, depth: number): number | undefined {
  const by = code.readUInt8(at + 1) === 0x83 ? code.readInt8(at + 3) : code.readInt32LE(at + 3);
  const operation = code.readUInt8(at + 2);
  if (operation === 0xec) return depth + by;
  return operation === 0xc4 ? depth - by : undefined;
}

/** Length of an instruction that leaves the stack pointer alone; 0 where it is another. */
function harmless(code: Buffer, start: number): number {
  let at = start;
  const prefix = code.readUInt8(at);
  if (prefix === 0x66 || prefix === 0xf3 || prefix === 0xf2) at++;
  const rex = code.readUInt8(at);
  const isWide = (rex & 0xf8) === 0x48;
  if ((rex & 0xf0) === 0x40) at++;
  const opcode = code.readUInt8(at++);
  if (opcode === 0x90) return at - start;
  if (opcode >= 0xb8 && opcode <= 0xbf) return at - start + (isWide ? 8 : 4);
  let immediate: number | undefined;
  if (opcode === 0x0f) immediate = HARMLESS_0F.has(code.readUInt8(at++)) ? 0 : undefined;
  else immediate = HARMLESS.get(opcode);
  if (immediate === undefined || at >= code.length) return 0;
  const modrm = code.readUInt8(at++);
  const mode = modrm >> 6;
  const operand = modrm & 7;
  if (mode === 3) {
    const writesIt = operand === 4 && (rex & 0xf1) !== 0x41 && WRITES_OPERAND.has(opcode);
    return writesIt ? 0 : at - start + immediate;
  }
  if (operand === 4) {
    const sib = at < code.length ? code.readUInt8(at) : 0;
    at += mode === 0 && (sib & 7) === 5 ? 5 : 1;
  }
  if (mode === 1) at++;
  else if (mode === 2 || (mode === 0 && operand === 5)) at += 4;
  return at - start + immediate;
}

/** Whether code moves the stack pointer by what only a run would tell (alloca), rather than by a number. */
export function movesStackPointer(code: Buffer): boolean {
  for (let at = 0; at + 3 <= code.length; at++) {
    const rex = code.readUInt8(at);
    const opcode = code.readUInt8(at + 1);
    const modrm = code.readUInt8(at + 2);
    if ((rex !== 0x48 && rex !== 0x4c) || (opcode !== 0x29 && opcode !== 0x89) || (modrm & 0xc7) !== 0xc4)
      continue;
    // mov %rbp,%rsp undoes the frame.
    if (!(rex === 0x48 && opcode === 0x89 && modrm === 0xec)) return true;
  }
  return false;
}
