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
