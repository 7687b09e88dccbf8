import { plainName } from '../ring/issueFunctions';

/** What the kernel's macros make of `SYSCALL_DEFINEn(read, …)`, on every architecture. */
const SYSTEM_CALL = /^(?:__(?:x64|ia32|arm64|s390x?|riscv|se|do|x86|loongarch)_)?(compat_)?sys_([a-z]\w*)$/;
const COMPAT = /^__(?:x64|ia32|arm64|s390x?|riscv|se|do)_compat_sys_([a-z]\w*)$/;

/** Under which the index keeps the body of a system call. */
export function systemCallName(name: string, compat: boolean): string {
  return compat ? `__do_compat_sys_${name}` : `__do_sys_${name}`;
}

/**
 * The names by which the sources may define a function of a kernel stack, the likeliest first: without what the compiler
 * appended to it, a system call as its macro, an entry from assembly as what it calls.
 */
export function sourceNames(symbol: string): readonly string[] {
  const name = plainName(symbol);
  const compat = COMPAT.exec(name)?.[1];
  if (compat !== undefined) return [systemCallName(compat, true), systemCallName(compat, false), name];
  const call = SYSTEM_CALL.exec(name);
  if (call?.[2] !== undefined) return [systemCallName(call[2], call[1] !== undefined), name];
  if (name.startsWith('asm_') || name.startsWith('__pfx_'))
    return [name, name.replace(/^(?:asm_|__pfx_)/, '')];
  return [name];
}

/** What to look for on a site that knows identifiers: a system call is written without the kernel's prefix. */
export function identifier(symbol: string): string {
  const name = plainName(symbol);
  const call = COMPAT.exec(name)?.[1] ?? SYSTEM_CALL.exec(name)?.[2];
  return call === undefined ? name : `sys_${call}`;
}
