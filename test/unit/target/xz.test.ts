import { describe, expect, it } from 'vitest';
import { crc32 } from '../../../src/source/crc32';
import { openUnxz } from '../../../src/target/xz';

const MOST = 1 << 20;
const unxz = openUnxz(import.meta.dirname);

/** Forty lines, packed by xz 5.4 with its checksum of 64 bits. */
const PACKED = Buffer.from(
  [
    '/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4ASmAHVdADYaSh8IoCuxbQad+gBdSsj+MTRNQzuMaAMVeHv2GzFOSEwRLpwh7nBeIM6D',
    '3LKo6rPxzNAj3ZsnNWwKghisQRQ4k02P9BrOJT4rxfoHYrqF/tzq2hWH0j+IdlAQG2ICZ8dVqYDr3qui1n6hQdH8xvmidkzaAAAA',
    'AAAA8GH4t+Vu8gABkQGnCQAAuCJi97HEZ/sCAAAAAARZWg==',
  ].join(''),
  'base64',
);
const TEXT = Array.from({ length: 40 }, (_, index) => `line ${index + 1} of what xz has packed\n`).join('');
/** Of the block's header, behind the stream's: its size, flags, and the filter's number, length and dictionary. */
const BLOCK = 12;
const DICTIONARY = BLOCK + 4;

/** The dictionary of 2^(bits / 2 + 11) bytes or so, with the header's checksum right. */
function withDictionary(bits: number): Buffer {
  const changed = Buffer.from(PACKED);
  const size = ((changed[BLOCK] ?? 0) + 1) * 4;
  changed[DICTIONARY] = bits;
  changed.writeUInt32LE(crc32(changed.subarray(BLOCK, BLOCK + size - 4)), BLOCK + size - 4);
  return changed;
}

describe('xz', () => {
  it('is unpacked, several pieces at a time', async () => {
    const all = await Promise.all([1, 2, 3].map(() => unxz(PACKED, MOST)));
    expect(all.map(String)).toEqual([TEXT, TEXT, TEXT]);
  });

  it('is unpacked up to a number of bytes', async () => {
    expect(String(await unxz(PACKED, TEXT.length))).toBe(TEXT);
    expect(await unxz(PACKED, TEXT.length - 1)).toBe(`unpacked it has more than ${TEXT.length - 1} bytes`);
  });

  it('takes a dictionary of 64 MiB, and none that is bigger', async () => {
    expect(String(await unxz(withDictionary(28), MOST))).toBe(TEXT);
    expect(await unxz(withDictionary(30), MOST)).toBe('it needs too much memory');
    expect(await unxz(withDictionary(40), MOST)).toBe('it is packed with options not known here');
  });

  it('that is cut short is refused, that is damaged never becomes more than is allowed, and either costs what comes next nothing', async () => {
    for (let length = 0; length < PACKED.length; length++)
      expect(await unxz(PACKED.subarray(0, length), MOST)).toBe('it is cut short');
    const told = new Set<string>();
    for (let at = 0; at < PACKED.length; at++) {
      const torn = Buffer.from(PACKED);
      torn[at] = (torn[at] ?? 0) ^ 0x10;
      const result = await unxz(torn, MOST);
      if (typeof result === 'string') told.add(result);
      else expect(result.length).toBeLessThanOrEqual(MOST);
    }
    expect(told).toContain('it is not packed by xz');
    expect(told).toContain('it is damaged');
    expect(String(await unxz(PACKED, MOST))).toBe(TEXT);
  });

  it('is left alone where its module is missing', async () => {
    expect(await openUnxz('/nonexistent')(PACKED, MOST)).toBe('xz.wasm is missing');
  });
});
