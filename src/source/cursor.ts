/**
 * Reads little-endian numbers one after the other. Behind the end everything is 0 and `bad` is set; nothing throws.
 * A 64-bit number is exact up to 2⁵³ either side of 0: addresses of the kernel's half come out negative.
 */
export class Cursor {
  bad = false;

  constructor(
    readonly data: Buffer,
    public at = 0,
  ) {}

  get done(): boolean {
    return this.bad || this.at >= this.data.length;
  }

  u8(): number {
    const value = this.data[this.at];
    if (value === undefined) return this.overrun();
    this.at++;
    return value;
  }

  u16(): number {
    return this.u8() + this.u8() * 0x100;
  }

  u24(): number {
    return this.u16() + this.u8() * 0x10000;
  }

  u32(): number {
    const { data, at } = this;
    if (!(at >= 0 && at + 4 <= data.length)) return this.overrun();
    this.at = at + 4;
    return data.readUInt32LE(at);
  }

  u64(): number {
    const { data, at } = this;
    if (!(at >= 0 && at + 8 <= data.length)) return this.overrun();
    this.at = at + 8;
    return data.readUInt32LE(at) + data.readInt32LE(at + 4) * 0x1_0000_0000;
  }

  i8(): number {
    return (this.u8() << 24) >> 24;
  }

  i16(): number {
    return (this.u16() << 16) >> 16;
  }

  i32(): number {
    return this.u32() | 0;
  }

  /** A number of 1 to 8 bytes. */
  unsigned(bytes: number): number {
    if (bytes === 4) return this.u32();
    if (bytes === 8) return this.u64();
    let value = 0;
    for (let scale = 1, byte = 0; byte < bytes; byte++, scale *= 0x100) value += this.u8() * scale;
    return value;
  }

  /** An offset: 4 bytes in 32-bit DWARF, 8 in 64-bit. */
  offset(wide: boolean): number {
    return wide ? this.u64() : this.u32();
  }

  uleb(): number {
    let byte = this.u8();
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    for (let scale = 0x80; byte >= 0x80 && !this.bad; scale *= 0x80) {
      byte = this.u8();
      if (scale < 2 ** 63) value += (byte & 0x7f) * scale;
    }
    return value;
  }

  sleb(): number {
    let value = 0;
    let scale = 1;
    let byte: number;
    do {
      byte = this.u8();
      if (scale < 2 ** 63) {
        value += (byte & 0x7f) * scale;
        scale *= 0x80;
      }
    } while (byte >= 0x80 && !this.bad);
    return (byte & 0x40) === 0 ? value : value - scale;
  }

  skipLeb(): void {
    while (this.u8() >= 0x80 && !this.bad);
  }

  /** Up to a null byte, which is passed too. */
  text(): string {
    const { data, at } = this;
    const end = at <= data.length ? data.indexOf(0, at) : -1;
    if (end < 0) {
      this.overrun();
      return '';
    }
    this.at = end + 1;
    return data.toString('utf8', at, end);
  }

  skipText(): void {
    const end = this.at <= this.data.length ? this.data.indexOf(0, this.at) : -1;
    if (end < 0) this.overrun();
    else this.at = end + 1;
  }

  block(length: number): Buffer {
    const from = this.at;
    this.skip(length);
    return this.bad ? this.data.subarray(0, 0) : this.data.subarray(from, this.at);
  }

  skip(length: number): void {
    const to = this.at + length;
    if (length >= 0 && to <= this.data.length) this.at = to;
    else this.overrun();
  }

  /** What follows makes no sense: as if the end were here. */
  spoil(): void {
    this.overrun();
  }

  private overrun(): number {
    this.bad = true;
    this.at = this.data.length;
    return 0;
  }
}
