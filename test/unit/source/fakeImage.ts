/** Where the program lies, and its functions, of 0x100 bytes each. */
export const BASE = 0x40_0000;
export const CODE = BASE + 0x1000;
export const SIZE = 0x2000;
export const FUNCTION_SIZE = 0x100;
/** CFA from rsp; from rbp; by an expression; of a signal's handler; the first of its thread. */
export const FUNCTIONS = { plain: 0, framed: 1, computed: 2, signal: 3, first: 4 } as const;
export const functionAt = (name: keyof typeof FUNCTIONS): number => CODE + FUNCTIONS[name] * FUNCTION_SIZE;

/** Offsets in the image. */
export const HEADER = 0x200;
export const FRAMES = 0x400;

const CIE = '01 7a 52 00 01 78 10 01 1b 0c 07 08 90 01';
const SIGNAL_CIE = '01 7a 52 53 00 01 78 10 01 1b 0c 07 08 90 01';
const ROWS: readonly (readonly [keyof typeof FUNCTIONS, string])[] = [
  ['plain', '0e 20 83 02'],
  ['framed', '0e 10 86 02 0d 06'],
  ['computed', '0f 03 77 10 06'],
  ['signal', '0f 02 77 20 10 10 02 77 28'],
  ['first', '07 10'],
];

const bytes = (text: string): number[] => text.split(' ').map((byte) => Number.parseInt(byte, 16));

/** A program of a few functions with .eh_frame_hdr and .eh_frame, as it lies in memory from BASE. */
export function image(): Buffer {
  const data = Buffer.alloc(SIZE);
  data.write('\x7fELF\x02\x01\x01', 'latin1');
  data.writeUInt16LE(2, 16);
  data.writeUInt16LE(62, 18);
  data.writeBigUInt64LE(64n, 32);
  data.writeUInt16LE(56, 54);
  data.writeUInt16LE(2, 56);
  program(data, 64, 1, 5, 0, SIZE);
  program(data, 64 + 56, 0x6474_e550, 4, HEADER, 12 + ROWS.length * 8);
  let at = FRAMES;
  const entry = (word: (place: number) => number, body: readonly number[]): number => {
    const start = at;
    const length = (body.length + 4 + 7) & ~7;
    data.writeUInt32LE(length, at);
    data.writeInt32LE(word(at + 4), at + 4);
    Buffer.from(body).copy(data, at + 8);
    at += 4 + length;
    return start;
  };
  const common = entry(() => 0, bytes(CIE));
  const signal = entry(() => 0, bytes(SIGNAL_CIE));
  data.set([1, 0x1b, 3, 0x3b], HEADER);
  data.writeInt32LE(FRAMES - HEADER - 4, HEADER + 4);
  data.writeUInt32LE(ROWS.length, HEADER + 8);
  ROWS.forEach(([name, instructions], index) => {
    const place = functionAt(name) - BASE;
    const head = Buffer.alloc(9);
    head.writeInt32LE(place - (at + 8), 0);
    head.writeUInt32LE(FUNCTION_SIZE, 4);
    const start = entry(
      (word) => word - (name === 'signal' ? signal : common),
      [...head, ...bytes(instructions)],
    );
    data.writeInt32LE(place - HEADER, HEADER + 12 + index * 8);
    data.writeInt32LE(start - HEADER, HEADER + 16 + index * 8);
  });
  // Every return address at 0x40 of a function follows a call of `plain`.
  for (const name of Object.keys(FUNCTIONS) as (keyof typeof FUNCTIONS)[]) {
    const place = functionAt(name) - BASE + 0x3b;
    data.writeUInt8(0xe8, place);
    data.writeInt32LE(functionAt('plain') - (BASE + place + 5), place + 1);
  }
  return data;
}

function program(data: Buffer, at: number, type: number, flags: number, offset: number, size: number): void {
  data.writeUInt32LE(type, at);
  data.writeUInt32LE(flags, at + 4);
  data.writeBigUInt64LE(BigInt(offset), at + 8);
  data.writeBigUInt64LE(BigInt(BASE + offset), at + 16);
  data.writeBigUInt64LE(BigInt(size), at + 32);
  data.writeBigUInt64LE(BigInt(size), at + 40);
}

/** Words of memory. */
export function words(values: readonly number[], size = values.length * 8): Buffer {
  const data = Buffer.alloc(size);
  values.forEach((value, index) => {
    data.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)), index * 8);
  });
  return data;
}
