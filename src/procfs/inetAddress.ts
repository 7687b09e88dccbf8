/** Dotted text of an IPv4 address printed as one little-endian hex word. */
export function ipv4Text(word: string): string {
  return bytesOf(word).join('.');
}

/** Text of an IPv6 address printed as four little-endian hex words (RFC 5952); a mapped IPv4 address as such. */
export function ipv6Text(words: string): string {
  const bytes = [0, 8, 16, 24].flatMap((start) => bytesOf(words.slice(start, start + 8)));
  if (bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255) {
    return bytes.slice(12).join('.');
  }
  const groups: number[] = [];
  for (let index = 0; index < 16; index += 2) {
    groups.push((bytes[index] ?? 0) * 256 + (bytes[index + 1] ?? 0));
  }
  const { start, length } = longestZeros(groups);
  const text = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':');
  return length < 2 ? text(groups) : `${text(groups.slice(0, start))}::${text(groups.slice(start + length))}`;
}

/** Address and port of `127.0.0.1:80` or `[::1]:80`, the address in network order: 4 bytes or 16; undefined for another text. */
export function endpointBytes(text: string): { readonly address: Buffer; readonly port: number } | undefined {
  const [, bracketed, plain, port] = /^(?:\[([0-9a-f:.]+)\]|([0-9.]+)):(\d{1,5})$/.exec(text) ?? [];
  const address = bracketed === undefined ? ipv4Bytes(plain ?? '') : ipv6Bytes(bracketed);
  return address && Number(port) < 65_536 ? { address, port: Number(port) } : undefined;
}

function ipv4Bytes(text: string): Buffer | undefined {
  const bytes = text.split('.').map(Number);
  return bytes.length === 4 && bytes.every((byte) => byte < 256) ? Buffer.from(bytes) : undefined;
}

function ipv6Bytes(text: string): Buffer | undefined {
  const [left = '', right, more] = text.split('::');
  const words = (part: string) =>
    part === '' ? [] : part.split(':').map((word) => Number.parseInt(word, 16));
  const head = words(left);
  const tail = words(right ?? '');
  const zeros = 8 - head.length - tail.length;
  if (more !== undefined || zeros < 0 || (right === undefined && zeros > 0)) return undefined;
  const all = [...head, ...Array.from({ length: zeros }, () => 0), ...tail];
  if (!all.every((word) => word >= 0 && word < 65_536)) return undefined;
  return Buffer.from(all.flatMap((word) => [word >> 8, word & 255]));
}

function bytesOf(word: string): number[] {
  return [6, 4, 2, 0].map((at) => Number.parseInt(word.slice(at, at + 2), 16));
}

function longestZeros(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  groups.forEach((group, index) => {
    if (group !== 0) {
      start = index + 1;
    } else if (index + 1 - start > best.length) {
      best = { start, length: index + 1 - start };
    }
  });
  return best;
}
