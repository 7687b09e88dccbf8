/** outside = asleep but not in a system call (a page fault, an exception). */
export type SyscallState =
  | { readonly kind: 'running' }
  | { readonly kind: 'outside'; readonly sp: string; readonly pc: string }
  | {
      readonly kind: 'inside';
      readonly number: number;
      /** Six raw arguments; lower-case hex with `0x`, as `sp` and `pc` are. */
      readonly args: readonly string[];
      readonly sp: string;
      readonly pc: string;
    };

const HEX_WORD = /^0x[0-9a-f]{1,16}$/;
const NUMBER = /^-?\d{1,10}$/;

/** A raw argument as a number; 0 for one that is missing or none. */
export function argumentOf(args: readonly string[], index: number): bigint {
  const text = args[index];
  return text !== undefined && HEX_WORD.test(text) ? BigInt(text) : 0n;
}

/** /proc/PID/syscall. Stale for io-wq workers: the kernel prints what their creator was doing. */
export function parseSyscall(text: string): SyscallState | undefined {
  if (text.length > 1024) {
    return undefined;
  }
  const words = text.trim().split(' ');
  const first = words[0] ?? '';
  if (first === 'running' && words.length === 1) {
    return { kind: 'running' };
  }
  if (!NUMBER.test(first) || (words.length !== 3 && words.length !== 9)) {
    return undefined;
  }
  const values = words.slice(1);
  if (!values.every((word) => HEX_WORD.test(word))) {
    return undefined;
  }
  const sp = values.at(-2) ?? '';
  const pc = values.at(-1) ?? '';
  const number = Number(first);
  if (words.length === 3) {
    return number === -1 ? { kind: 'outside', sp, pc } : undefined;
  }
  return { kind: 'inside', number, args: values.slice(0, 6), sp, pc };
}
