import { AddressSpace } from './addressSpace';

/**
 * A process's memory as it is, but for the stack of one thread, which is as it was when a piece of it was copied. What lies above the
 * piece is not told: it has changed since.
 */
export class DumpedStack extends AddressSpace {
  constructor(
    private readonly rest: AddressSpace,
    private readonly from: number,
    private readonly piece: Buffer,
    /** Where the mapping ends that the stack lies in. */
    private readonly end: number,
  ) {
    super();
  }

  override get misses(): number {
    return this.rest.misses;
  }

  override miss(): void {
    this.rest.miss();
  }

  override bytes(address: number, length: number): Buffer | undefined {
    if (address + length <= this.from || address >= this.end) return this.rest.bytes(address, length);
    const at = address - this.from;
    return at >= 0 && length > 0 && at + length <= this.piece.length
      ? this.piece.subarray(at, at + length)
      : undefined;
  }

  override word(address: number): number | undefined {
    if (address + 8 <= this.from || address >= this.end) return this.rest.word(address);
    const data = this.bytes(address, 8);
    if (!data) return undefined;
    const high = data.readUInt32LE(4);
    return high < 0x20_0000 ? high * 2 ** 32 + data.readUInt32LE(0) : undefined;
  }

  override want(address: number, length: number): void {
    if (address + length <= this.from || address >= this.end) this.rest.want(address, length);
  }
}
