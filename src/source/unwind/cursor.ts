/** Pointer encodings of .eh_frame (DW_EH_PE_*): the low four bits say the form, the next three what it is relative to. */
const OMITTED = 0xff;
const PC_RELATIVE = 0x10;
const DATA_RELATIVE = 0x30;
const INDIRECT = 0x80;
/** Bytes of a number of 64 bits in its longest form. */
const LONGEST = 10;

/**
 * Reads call frame information. Behind the end everything is 0 and `failed` is set; addresses beyond 2^53 are as good as
 * wrong. Nothing throws.
 */
export class Cursor {
  failed = false;

  constructor(
    private readonly data: Buffer,
    /** Where the data lies, as linked: what pointers are relative to. */
    private readonly address: number,
    public at = 0,
    private readonly end = data.length,
  ) {}

  get atEnd(): boolean {
    return this.failed || this.at >= this.end;
  }

  u8(): number {
    return this.has(1) ? this.data.readUInt8(this.at++) : 0;
  }

  u16(): number {
    return this.has(2) ? this.data.readUInt16LE(this.step(2)) : 0;
  }

  u32(): number {
    return this.has(4) ? this.data.readUInt32LE(this.step(4)) : 0;
  }

  u64(): number {
    return this.has(8) ? Number(this.data.readBigUInt64LE(this.step(8))) : 0;
  }

  i8(): number {
    return this.has(1) ? this.data.readInt8(this.step(1)) : 0;
  }

  i16(): number {
    return this.has(2) ? this.data.readInt16LE(this.step(2)) : 0;
  }

  i32(): number {
    return this.has(4) ? this.data.readInt32LE(this.step(4)) : 0;
  }

  i64(): number {
    return this.has(8) ? Number(this.data.readBigInt64LE(this.step(8))) : 0;
  }

  unsigned(): number {
    let value = 0;
    let factor = 1;
    for (let length = 0; length < LONGEST; length++) {
      const byte = this.u8();
      value += (byte & 0x7f) * factor;
      factor *= 128;
      if (byte < 0x80) return value;
    }
    this.failed = true;
    return 0;
  }

  signed(): number {
    let value = 0;
    let factor = 1;
    for (let length = 0; length < LONGEST; length++) {
      const byte = this.u8();
      value += (byte & 0x7f) * factor;
      factor *= 128;
      if (byte < 0x80) return byte & 0x40 ? value - factor : value;
    }
    this.failed = true;
    return 0;
  }

  /** A length, and as many bytes. */
  block(): Buffer {
    const length = this.unsigned();
    return this.has(length) ? this.data.subarray(this.at, this.step(length) + length) : Buffer.alloc(0);
  }

  text(): string {
    const end = this.data.indexOf(0, this.at);
    if (end < 0 || end >= this.end) {
      this.failed = true;
      return '';
    }
    const text = this.data.toString('latin1', this.at, end);
    this.at = end + 1;
    return text;
  }

  /** A pointer in one of the encodings; 0 where it is omitted. `base` is what data-relative ones count from. */
  pointer(encoding: number, base = 0): number {
    if (encoding === OMITTED) return 0;
    const here = this.address + this.at;
    const value = this.form(encoding & 0xf);
    const relativeTo = encoding & 0x70;
    if (relativeTo !== 0 && relativeTo !== PC_RELATIVE && relativeTo !== DATA_RELATIVE) this.failed = true;
    // The pointer itself lies elsewhere: only personality routines are given so.
    if (encoding & INDIRECT) return 0;
    if (relativeTo === PC_RELATIVE) return value + here;
    return relativeTo === DATA_RELATIVE ? value + base : value;
  }

  private form(form: number): number {
    switch (form) {
      case 0x0:
      case 0x4:
        return this.u64();
      case 0x1:
        return this.unsigned();
      case 0x2:
        return this.u16();
      case 0x3:
        return this.u32();
      case 0x9:
        return this.signed();
      case 0xa:
        return this.i16();
      case 0xb:
        return this.i32();
      case 0xc:
        return this.i64();
      default:
        this.failed = true;
        return 0;
    }
  }

  private has(length: number): boolean {
    if (length >= 0 && this.at + length <= this.end) return true;
    this.failed = true;
    return false;
  }

  private step(length: number): number {
    const at = this.at;
    this.at += length;
    return at;
  }
}
