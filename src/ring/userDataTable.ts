/**
 * Numbers the distinct 64-bit user_data of a window from 0 on. Open addressing over typed arrays: a window has up to
 * 32768 SQEs and 65536 CQEs, too many for a Map of bigint.
 */
export class UserDataTable {
  private readonly slots: Int32Array;
  private readonly low: Uint32Array;
  private readonly high: Uint32Array;
  private readonly mask: number;
  /** Unknown to the program, so that it cannot choose values that fall on one another. */
  private readonly seed = Math.floor(Math.random() * 2 ** 32);
  private used = 0;

  /** `most`: how many distinct values will be added. */
  constructor(most: number) {
    const size = 2 ** Math.ceil(Math.log2(Math.max(2, most * 2)));
    this.mask = size - 1;
    this.slots = new Int32Array(size);
    this.low = new Uint32Array(Math.max(1, most));
    this.high = new Uint32Array(Math.max(1, most));
  }

  get size(): number {
    return this.used;
  }

  add(low: number, high: number): number {
    const slot = this.slotOf(low, high);
    const found = this.slots[slot] ?? 0;
    if (found !== 0) return found - 1;
    this.low[this.used] = low;
    this.high[this.used] = high;
    this.slots[slot] = this.used + 1;
    return this.used++;
  }

  /** −1 where it was never added. */
  find(low: number, high: number): number {
    return (this.slots[this.slotOf(low, high)] ?? 0) - 1;
  }

  private slotOf(low: number, high: number): number {
    let hash = Math.imul(low ^ this.seed, 0x9e3779b1);
    hash = Math.imul(hash ^ (hash >>> 15) ^ high, 0x85ebca6b);
    hash ^= hash >>> 13;
    for (let slot = hash & this.mask; ; slot = (slot + 1) & this.mask) {
      const entry = (this.slots[slot] ?? 0) - 1;
      if (entry < 0 || (this.low[entry] === low >>> 0 && this.high[entry] === high >>> 0)) return slot;
    }
  }
}
