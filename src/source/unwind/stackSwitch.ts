import type { Machine } from './frameTable';

/** Bytes of a function that is looked at: the ones that change stacks are short. */
export const MOST_SWITCH = 1024;
/** `mov $15, %rax; syscall`: what a signal's handler returns to. */
const RESTORER = Buffer.from('48c7c00f0000000f05', 'hex');

/**
 * Whether a function of Go's runtime goes over to another stack, where the frame of its caller does not lie; its unwind tables
 * do not say so (runtime.mcall, systemstack, asmcgocall, sigreturn).
 */
export function changesStack(code: Buffer, machine: Machine): boolean {
  return machine === 'x86_64' ? changesRsp(code) || code.indexOf(RESTORER) === 0 : changesSp(code);
}

/** `mov` from a register but rbp, or from memory, to rsp. */
function changesRsp(code: Buffer): boolean {
  for (let at = 0; at + 3 <= code.length; at++) {
    const rex = code.readUInt8(at);
    const modrm = code.readUInt8(at + 2);
    if ((rex & 0xf8) !== 0x48) continue;
    const opcode = code.readUInt8(at + 1);
    const isLoad = opcode === 0x8b && (rex & 4) === 0 && (modrm & 0x38) === 0x20;
    const isMove = opcode === 0x89 && (rex & 1) === 0 && (modrm & 0xc7) === 0xc4;
    if (isLoad || (isMove && !(rex === 0x48 && modrm === 0xec))) return true;
  }
  return false;
}

/** `mov sp, xN` of arm64, but for the frame pointer. */
function changesSp(code: Buffer): boolean {
  for (let at = 0; at + 4 <= code.length; at += 4) {
    const word = code.readUInt32LE(at);
    const from = (word >>> 5) & 31;
    if ((word & 0xffff_fc1f) >>> 0 === 0x9100_001f && from !== 29 && from !== 31) return true;
  }
  return false;
}
