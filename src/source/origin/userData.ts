/** An address that user_data may stand for. */
export interface Candidate {
  readonly address: number;
  /** How it is got from user_data, for people. */
  readonly words: string;
  /** Where it can lead: objects are aligned, and nobody tags the address of a function. */
  readonly to: 'object' | 'code' | 'either';
}

export type Meaning =
  | { readonly kind: 'nothing' }
  /** In words that complete "user_data is …". */
  | { readonly kind: 'number'; readonly words: string }
  | { readonly kind: 'address'; readonly candidates: readonly Candidate[] };

/** Nothing can be mapped below (vm.mmap_min_addr). */
const LOWEST = 0x1_0000n;
/** Bits of an address of user space. */
const USER = (1n << 47n) - 1n;
const LOW = 7n;
/** Frameworks count their own marks down from the greatest number. */
const MARKS = 2n ** 64n - 4096n;

/** What a user_data can be by its value alone. Tags in its lowest or highest bits are taken off. */
export function meaningOf(userData: string): Meaning {
  const value = numberOf(userData);
  if (value === undefined || value === 0n) return { kind: 'nothing' };
  if (value >= MARKS)
    return { kind: 'number', words: `${value - 2n ** 64n}, a mark of its library’s own, not an address` };
  if (value < LOWEST) return { kind: 'number', words: `${value}, an index or a count, not an address` };
  const candidates: Candidate[] = [];
  const add = (address: bigint, words: string, to: Candidate['to'] = 'object') => {
    if (
      address >= LOWEST &&
      address <= USER &&
      candidates.every((other) => BigInt(other.address) !== address)
    )
      candidates.push({ address: Number(address), words, to });
  };
  const low = value & LOW;
  add(value, 'user_data', low === 0n ? 'either' : 'code');
  if (low !== 0n) add(value & ~LOW, `user_data - ${low}`);
  if (value > USER) {
    const tag = hex(value >> 48n);
    add(value & USER & ~LOW, `user_data without its tag ${tag}`);
    // Pointers shifted up to make room for a tag.
    add((value >> 16n) & ~LOW, `user_data >> 16`);
  }
  return { kind: 'address', candidates };
}

function numberOf(text: string): bigint | undefined {
  return /^0x[0-9a-f]{1,16}$/.test(text) ? BigInt(text) : undefined;
}

const hex = (value: bigint): string => `0x${value.toString(16)}`;
