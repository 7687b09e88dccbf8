/** Names of bits, in the order they are shown. */
export type BitNames = readonly (readonly [name: string, bits: number])[];

/** `POLLIN|POLLOUT`; what no name stands for is appended as a hex number, and nothing set is `0`. */
export function bitsText(value: number, names: BitNames): string {
  let rest = value >>> 0;
  const found: string[] = [];
  for (const [name, bits] of names) {
    if (bits !== 0 && (rest & bits) >>> 0 === bits >>> 0) {
      found.push(name);
      rest = (rest & ~bits) >>> 0;
    }
  }
  if (rest !== 0) found.push(`0x${rest.toString(16)}`);
  return found.join('|') || '0';
}

/** The name of a number, or the number. */
export function nameOf(value: number, names: readonly string[]): string {
  return names[value] ?? String(value);
}

export function hex64(value: bigint): string {
  return `0x${BigInt.asUintN(64, value).toString(16)}`;
}

export function low32(value: bigint): number {
  return Number(value & 0xffffffffn);
}

export function high32(value: bigint): number {
  return Number((value >> 32n) & 0xffffffffn);
}

/** Octal as people write a file mode: `0644`. */
export function modeText(mode: number): string {
  return mode === 0 ? '0' : `0${mode.toString(8)}`;
}

/** A descriptor relative to which a path is looked up. */
export function directoryText(fd: number): string {
  return fd === -100 ? 'AT_FDCWD' : `fd ${fd}`;
}

/** Seconds of a struct __kernel_timespec, as `5 s` or `0.25 s`. */
export function secondsText(seconds: bigint, nanoseconds: bigint): string {
  const fraction = nanoseconds.toString().padStart(9, '0').replace(/0+$/, '');
  return fraction === '' ? `${seconds} s` : `${seconds}.${fraction} s`;
}

/** Text up to its NUL; what is longer than was read ends in `…`. Invalid UTF-8 is replaced. */
export function cString(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return end < 0 ? `${bytes.toString('utf8')}…` : bytes.toString('utf8', 0, end);
}
