import fc from 'fast-check';
import { expect, it } from 'vitest';
import { MemoryStretch } from '../../../src/source/bytes';
import type { ElfFile } from '../../../src/source/elfFile';
import { GoTable } from '../../../src/source/goTable';

const TEXT = 0x401000;
const NAMES = 72;
const UNITS = 96;
const FILES = 104;
const VALUES = 128;
const FUNCTIONS = 160;

/** `main.take` of 32 bytes: line 10 in its first 8, then line 12; and `main.serve` of 16 without lines. */
function table(): Buffer {
  const data = Buffer.alloc(300);
  data.writeUInt32LE(0xffff_fff1, 0);
  data.set([1, 8], 6);
  [2, 1, TEXT, NAMES, UNITS, FILES, VALUES, FUNCTIONS].forEach((word, index) => {
    data.writeBigUInt64LE(BigInt(word), 8 + index * 8);
  });
  data.write('main.take\0main.serve\0', NAMES);
  data.write('/src/waits.go\0', FILES);
  // First value of all tables is at 1: zigzag of the difference, bytes it holds for.
  data.set([22, 8, 4, 24, 0, /**/ 2, 32, 0], VALUES + 1);
  [0, 24, 32, 72, 48].forEach((word, index) => {
    data.writeUInt32LE(word, FUNCTIONS + index * 4);
  });
  const take = FUNCTIONS + 24;
  data.writeUInt32LE(0, take);
  data.writeUInt32LE(6, take + 20);
  data.writeUInt32LE(1, take + 24);
  const serve = FUNCTIONS + 72;
  data.writeUInt32LE(32, serve);
  data.writeUInt32LE(10, serve + 4);
  return data;
}

function open(data: Buffer): Promise<GoTable | undefined> {
  const elf = {
    sections: [{ name: '.gopclntab' }],
    content: async () => new MemoryStretch(data),
    find: () => undefined,
  };
  return GoTable.open(elf as unknown as ElfFile);
}

it.for([
  [0, { name: 'main.take', file: '/src/waits.go', line: 10 }],
  [7, { name: 'main.take', file: '/src/waits.go', line: 10 }],
  [8, { name: 'main.take', file: '/src/waits.go', line: 12 }],
  [31, { name: 'main.take', file: '/src/waits.go', line: 12 }],
  [32, { name: 'main.serve' }],
  [47, { name: 'main.serve' }],
  [48, undefined],
  [-1, undefined],
] as const)('tells function and line at byte %i', async ([offset, expected]) => {
  const found = await open(table());
  expect(await found?.frames(TEXT + offset)).toEqual(expected === undefined ? [] : [expected]);
});

/** The same functions as Go 1.16 has them: by addresses, of eight bytes. */
function oldTable(): Buffer {
  const data = Buffer.alloc(400);
  table().copy(data, NAMES, NAMES, FUNCTIONS);
  data.writeUInt32LE(0xffff_fffa, 0);
  data.set([1, 8], 6);
  [2, 1, NAMES, UNITS, FILES, VALUES, FUNCTIONS].forEach((word, index) => {
    data.writeBigUInt64LE(BigInt(word), 8 + index * 8);
  });
  [TEXT, 40, TEXT + 32, 88, TEXT + 48].forEach((word, index) => {
    data.writeBigUInt64LE(BigInt(word), FUNCTIONS + index * 8);
  });
  const take = FUNCTIONS + 40;
  data.writeUInt32LE(1, take + 20);
  data.writeUInt32LE(6, take + 24);
  data.writeUInt32LE(1, take + 28);
  data.writeUInt32LE(10, FUNCTIONS + 88 + 8);
  return data;
}

it('is read as Go 1.16 and 1.17 have it, too', async () => {
  const found = await open(oldTable());
  expect(await found?.frames(TEXT + 9)).toEqual([{ name: 'main.take', file: '/src/waits.go', line: 12 }]);
  expect(await found?.frames(TEXT + 40)).toEqual([{ name: 'main.serve' }]);
  expect(await found?.frames(TEXT + 48)).toEqual([]);
  expect(await found?.frameSize(TEXT + 9)).toBe(12);
  const unrelocated = oldTable();
  unrelocated.fill(0, FUNCTIONS, FUNCTIONS + 8);
  expect(await open(unrelocated)).toBeUndefined();
});

it.for([
  ['1.16', oldTable],
  ['1.20', table],
] as const)('finds functions by their names, of Go %s', async ([, make]) => {
  const found = await open(make());
  expect(await found?.named(['main.serve', 'main.take', 'main', 'serve', 'take.'])).toEqual([
    { name: 'main.take', start: TEXT, end: TEXT + 32, kind: 0 },
    { name: 'main.serve', start: TEXT + 32, end: TEXT + 48, kind: 0 },
  ]);
});

it('is not there in another layout, nor cut short', async () => {
  const old = table();
  old.writeUInt32LE(0xffff_fffb, 0);
  expect(await open(old)).toBeUndefined();
  for (const length of [0, 40, 71, FUNCTIONS + 8])
    expect(await open(table().subarray(0, length))).toBeUndefined();
});

it('reads anything without complaint', async () => {
  const damage = fc.array(fc.tuple(fc.nat(299), fc.nat(255)), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(damage, fc.integer({ min: -4, max: 60 }), async (changes, offset) => {
      const data = table();
      for (const [at, byte] of changes) data[at] = byte;
      const opened = await open(data);
      const places = (await opened?.frames(TEXT + offset)) ?? [];
      expect(places.every(({ name }) => name !== '')).toBe(true);
      await opened?.frameSize(TEXT + offset);
      await opened?.named(['main.take', 'main.serve']);
    }),
    { numRuns: 3000 },
  );
});
