/** Names of a kernel's own functions, as /proc/kallsyms would print them, from the uncompressed image (scripts/kallsyms.c). */
export function kernelFunctions(image: Buffer): string[] {
  const tokens = tokenTable(image);
  if (tokens === undefined) return [];
  const names = namesBefore(image, tokens.start);
  return names === undefined ? [] : decoded(image, names, tokens.words);
}

/** Digits are tokens of themselves. */
const DIGITS = Buffer.from('0\x001\x002\x003\x004\x005\x006\x007\x008\x009\x00', 'latin1');

interface Tokens {
  readonly start: number;
  readonly words: readonly string[];
}

/** 256 strings, and after them where each begins, as 16-bit numbers. */
function tokenTable(image: Buffer): Tokens | undefined {
  for (let digits = image.indexOf(DIGITS); digits >= 0; digits = image.indexOf(DIGITS, digits + 1)) {
    let start = digits;
    for (let before = 0; before < 48; before++) start = image.lastIndexOf(0, start - 2) + 1;
    const words = image
      .toString('latin1', start, start + 16_384)
      .split('\0')
      .slice(0, 256);
    const index = Buffer.alloc(512);
    let offset = 0;
    for (const [i, word] of words.entries()) {
      index.writeUInt16LE(offset & 0xffff, 2 * i);
      offset += word.length + 1;
    }
    const found = image.indexOf(index, start + offset);
    if (found >= 0 && found < start + offset + 64) return { start, words };
  }
  return undefined;
}

/**
 * Where the names begin: the array of markers between them and the tokens says after how many bytes each 256th begins.
 * From 6.2 to 6.3 another array of three bytes for each name stands behind the markers; Debian's 6.1 has it, too.
 */
function namesBefore(image: Buffer, tokens: number): number | undefined {
  for (let at = (tokens & ~3) - 12; at > Math.max(0, tokens - (1 << 20)); at -= 4) {
    if (image.readUInt32LE(at) !== 0 || !follows(0, image.readUInt32LE(at + 4))) continue;
    const start = namesEndingAt(image, at);
    if (start !== undefined) return start;
  }
  return undefined;
}

/** Whether one marker can follow another: 256 names are between them. */
function follows(marker: number, next: number): boolean {
  return next > marker + 512 && next < marker + 32_768;
}

/** The last marker tells of how many bytes the names are at least; up to 256 names and padding come after it. */
function namesEndingAt(image: Buffer, markers: number): number | undefined {
  const first = image.readUInt32LE(markers + 4);
  let last = first;
  for (let at = markers + 8; follows(last, image.readUInt32LE(at)); at += 4) last = image.readUInt32LE(at);
  for (let start = markers - last; start > Math.max(0, markers - last - 32_768); start--)
    if (skip(image, start, 256) === start + first) return start;
  return undefined;
}

/** Past so many names; a length from 128 on has two bytes (6.1). */
function skip(image: Buffer, start: number, count: number): number {
  let at = start;
  for (let i = 0; i < count; i++) at += lengthAt(image, at).whole;
  return at;
}

function lengthAt(image: Buffer, at: number): { readonly head: number; readonly whole: number } {
  const low = image[at] ?? 0;
  if (low < 128) return { head: 1, whole: 1 + low };
  return { head: 2, whole: 2 + ((low & 0x7f) | ((image[at + 1] ?? 0) << 7)) };
}

function decoded(image: Buffer, start: number, words: readonly string[]): string[] {
  const names: string[] = [];
  for (let at = start; ; ) {
    const { head, whole } = lengthAt(image, at);
    if (whole === head) return names;
    let text = '';
    for (let i = at + head; i < at + whole; i++) text += words[image[i] ?? 0] ?? '';
    if (/^[tTwW]/.test(text)) names.push(text.slice(1));
    else if (!/^[a-zA-Z]/.test(text)) return names;
    at += whole;
  }
}
