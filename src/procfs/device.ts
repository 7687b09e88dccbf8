import { hex } from './numbers';

/** `major:minor` in decimal, from the kernel's own encoding (fdinfo `sdev:`): 12 bits major, 20 bits minor. */
export function deviceOfNumber(encoded: number): string {
  return `${Math.floor(encoded / 0x100000)}:${encoded % 0x100000}`;
}

/** `major:minor` in decimal, from the hex pair that maps and locks print: `fe:00` is `254:0`. */
export function deviceOfHexPair(text: string): string | undefined {
  const colon = text.indexOf(':');
  const major = hex(text.slice(0, colon));
  const minor = hex(text.slice(colon + 1));
  return colon < 0 || major === undefined || minor === undefined ? undefined : `${major}:${minor}`;
}
