import type { AddressSpace } from './addressSpace';

/** Bytes of the longest call that is looked for: REX, opcode, ModRM, SIB, disp32. */
const LONGEST_CALL = 8;
const MODRM_CALL = 2;

/** An x86-64 call right before a return address. */
export interface Call {
  /** What is called, where the instruction says so; undefined for a call through a register or a table. */
  readonly target?: number;
}

/** The call that has pushed this return address; undefined where there is none before it. */
export function callBefore(space: AddressSpace, returnAddress: number): Call | undefined {
  const code = space.bytes(returnAddress - LONGEST_CALL, LONGEST_CALL);
  if (!code) return undefined;
  // call rel32
  if (code.readUInt8(3) === 0xe8) return { target: returnAddress + code.readInt32LE(4) };
  // call *disp32(%rip): through a table of addresses.
  if (code.readUInt16LE(2) === 0x15ff) {
    const target = space.word(returnAddress + code.readInt32LE(4));
    return target === undefined ? {} : { target };
  }
  for (let length = 2; length <= 7; length++) {
    const at = LONGEST_CALL - length;
    if (code.readUInt8(at) === 0xff && isIndirectCall(code, at + 1, length - 1)) return {};
  }
  return undefined;
}

/** Whether ModRM at `at` makes `ff` a call (/2) that is `length` bytes long from there. */
function isIndirectCall(code: Buffer, at: number, length: number): boolean {
  const modrm = code.readUInt8(at);
  if (((modrm >> 3) & 7) !== MODRM_CALL) return false;
  const mode = modrm >> 6;
  const base = modrm & 7;
  if (mode === 3) return length === 1;
  const sib = base === 4 ? 1 : 0;
  if (mode === 1) return length === 2 + sib;
  if (mode === 2) return length === 5 + sib;
  const sibWithoutBase = sib === 1 && length > 1 && (code.readUInt8(at + 1) & 7) === 5;
  return length === (base === 5 || sibWithoutBase ? 5 + sib : 1 + sib);
}

/** Where a call to this address ends up: behind one entry of the procedure linkage table, or one jump. */
export function behindStub(space: AddressSpace, target: number): number {
  const code = space.bytes(target, 12);
  if (!code) return target;
  let at = code.readUInt32BE(0) === 0xf30f_1efa ? 4 : 0; // endbr64
  if (code.readUInt8(at) === 0xf2) at++; // bnd
  if (code.readUInt8(at) === 0xe9 && at + 5 <= code.length) return target + at + 5 + code.readInt32LE(at + 1);
  if (code.readUInt16LE(at) !== 0x25ff || at + 6 > code.length) return target;
  return space.word(target + at + 6 + code.readInt32LE(at + 2)) ?? target;
}
