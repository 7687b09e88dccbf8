import { describe, expect, it } from 'vitest';
import { FileStretch, Windows } from '../../../src/source/bytes';
import { crc32 } from '../../../src/source/crc32';
import { Cursor } from '../../../src/source/cursor';
import { RangeMap } from '../../../src/source/dwarf/addressIndex';
import { fixedSize, readForm, skipForm } from '../../../src/source/dwarf/forms';
import { parseLineHeader } from '../../../src/source/dwarf/lineHeader';
import { LineRows } from '../../../src/source/dwarf/lineRows';
import { Form } from '../../../src/source/dwarf/names';
import { joinPath } from '../../../src/source/dwarf/paths';
import { findParts } from '../../../src/source/dwarf/unitIndex';
import { openElf } from '../../../src/source/elfFile';
import { parseAltLink, parseBuildId, parseDebugLink } from '../../../src/source/elfNotes';
import { Symbols } from '../../../src/source/symbols';
import { unpack } from '../../../src/target/unpack';
import { elfWith } from './elfWriter';
import { MemoryBytes } from './fixture';

const bytes = (...values: (number | string)[]) =>
  Buffer.concat(
    values.map((value) => (typeof value === 'string' ? Buffer.from(value, 'latin1') : Buffer.of(value))),
  );

describe('Cursor', () => {
  it('reads numbers of any length', () => {
    expect(new Cursor(bytes(0xe5, 0x8e, 0x26)).uleb()).toBe(624485);
    expect(new Cursor(bytes(0xc0, 0xbb, 0x78)).sleb()).toBe(-123456);
    expect(new Cursor(bytes(0x7f)).sleb()).toBe(-1);
    expect(new Cursor(Buffer.from('0000008181ffffff', 'hex')).u64()).toBe(-0x7e7f000000);
    const negative = Buffer.from('fefffffeffffffff', 'hex');
    expect([new Cursor(negative).i8(), new Cursor(negative).i16(), new Cursor(negative, 4).i32()]).toEqual([
      -2, -2, -1,
    ]);
    expect([new Cursor(negative).u8(), new Cursor(negative).u16(), new Cursor(negative).u32()]).toEqual([
      0xfe, 0xfffe, 0xfefffffe,
    ]);
  });

  it('ends a number without end, and stays at the end', () => {
    const at = new Cursor(Buffer.alloc(2000, 0xff));
    at.uleb();
    expect([at.bad, at.done, at.u64(), at.text()]).toEqual([true, true, 0, '']);
  });

  it.each([-1, Number.NaN, 2 ** 60, Number.POSITIVE_INFINITY])('goes bad from place %d', (place) => {
    const at = new Cursor(Buffer.alloc(16), place);
    expect([at.u8(), at.u32(), at.text(), at.block(4).length, at.bad]).toEqual([0, 0, '', 0, true]);
  });
});

it('passes over every form as far as it reads it', () => {
  const data = Buffer.concat([bytes(3, 1, 0, 0), Buffer.alloc(400, 1), bytes(0)]);
  for (const wide of [false, true]) {
    for (const version of [2, 5]) {
      const encoding = { version, wide, addressSize: 8 };
      for (const form of Object.values(Form)) {
        if (form === Form.indirect || form === Form.block4) continue;
        const read = new Cursor(data);
        readForm(read, form, 0, encoding);
        const skipped = new Cursor(data);
        skipForm(skipped, form, encoding);
        expect([form, skipped.at, read.bad]).toEqual([form, read.at, false]);
        const size = fixedSize(form, encoding);
        if (size !== undefined) expect([form, read.at]).toEqual([form, size]);
      }
    }
  }
});

it('takes no form that leads to itself', () => {
  const at = new Cursor(Buffer.alloc(64, Form.indirect));
  readForm(at, Form.indirect, 0, { version: 4, wide: false, addressSize: 8 });
  expect(at.bad).toBe(true);
});

it('computes checksums as zip does', () => {
  const text = Buffer.from('123456789');
  expect(crc32(text)).toBe(0xcbf43926);
  expect(crc32(text.subarray(4), crc32(text.subarray(0, 4)))).toBe(0xcbf43926);
});

it.each([
  ['/home/a', 'b.c', '/home/a/b.c'],
  ['/home/a', '../lib/./b.c', '/home/lib/b.c'],
  ['/home', '/usr/include//stdio.h', '/usr/include/stdio.h'],
  ['', 'src/b.c', 'src/b.c'],
  ['.', '../b.c', '../b.c'],
  ['/', '../../b.c', '/b.c'],
  ['src', '..', ''],
])('joins %s and %s to %s', (directory, file, joined) => {
  expect(joinPath(directory, file)).toBe(joined);
});

describe('notes', () => {
  const note = (name: string, type: number, content: string) => {
    const head = Buffer.alloc(12);
    head.writeUInt32LE(name.length, 0);
    head.writeUInt32LE(content.length, 4);
    head.writeUInt32LE(type, 8);
    const padded = (text: string) => text + '\0'.repeat(-text.length & 3);
    return Buffer.concat([head, bytes(padded(name), padded(content))]);
  };

  it('hold the build-id, behind others', () => {
    const notes = Buffer.concat([
      note('GNU\0', 1, 'abcdef'),
      note('stapsdt\0', 3, 'x'),
      note('GNU\0', 3, '\x12\x34\x56'),
    ]);
    expect(parseBuildId(notes)).toBe('123456');
    expect(parseBuildId(notes.subarray(0, notes.length - 6))).toBeUndefined();
  });

  it('link to other files', () => {
    expect(parseDebugLink(bytes('a.debug\0', 0x78, 0x56, 0x34, 0x12))).toEqual({
      name: 'a.debug',
      crc: 0x12345678,
    });
    expect(parseDebugLink(bytes('abc.debug\0\0\0', 1, 0, 0, 0))).toEqual({ name: 'abc.debug', crc: 1 });
    expect(parseDebugLink(bytes('a.debug\0', 1))).toBeUndefined();
    expect(parseDebugLink(Buffer.alloc(0))).toBeUndefined();
    expect(parseAltLink(bytes('shared\0', 0xab, 0xcd))).toEqual({ name: 'shared', buildId: 'abcd' });
  });
});

describe('RangeMap', () => {
  it('finds the shortest of several, searched or sorted', () => {
    const map = new RangeMap();
    for (let at = 0; at < 500; at++) map.add(at * 10, at * 10 + 8, at);
    map.add(0, 5000, 1000);
    map.add(2003, 2005, 2000);
    const questions = [0, 7, 8, 2002, 2003, 2005, 4999, 5000, -1];
    const answers = [0, 0, 1000, 200, 2000, 200, 1000, undefined, undefined];
    for (let round = 0; round < 5; round++)
      expect(questions.map((address) => map.find(address))).toEqual(answers);
  });
});

describe('the index of a package', () => {
  /** Of DWARF 5: two slots, of which the second is the unit's; columns info, abbrev and rnglists. */
  const index = () => {
    const words = Buffer.alloc(16 + 2 * 12 + 3 * 4 + 2 * 3 * 4);
    const put = (at: number, ...values: number[]) => {
      for (const [place, value] of values.entries()) words.writeUInt32LE(value, at + place * 4);
    };
    put(0, 5, 3, 1, 2);
    words.writeBigUInt64LE(0xfeedfacecafebeefn, 24);
    put(32, 0, 1);
    put(40, 1, 3, 8);
    put(52, 100, 200, 300, 11, 22, 33);
    return words;
  };

  it('tells where the parts of a unit are', () => {
    expect([...(findParts(index(), 0xfeedfacecafebeefn) ?? [])]).toEqual([
      ['info', { offset: 100, size: 11 }],
      ['abbrev', { offset: 200, size: 22 }],
      ['rnglists', { offset: 300, size: 33 }],
    ]);
  });

  it('is none where it is cut, or names no such unit', () => {
    expect(findParts(index(), 1n)).toBeUndefined();
    for (let end = 0; end < index().length; end++)
      expect(findParts(index().subarray(0, end), 0xfeedfacecafebeefn)).toBeUndefined();
  });
});

describe('a program of lines', () => {
  /** Version 2, opcode base 10, line base -3, line range 12; one file; then the opcodes. */
  const rows = (...opcodes: number[]) => {
    const lists = bytes(0, 'a.c\0', 0, 0, 0, 0);
    const head = bytes(1, 1, 0xfd, 12, 10, 0, 1, 1, 1, 1, 0, 0, 0, 1);
    const data = Buffer.alloc(10 + head.length + lists.length + opcodes.length);
    data.writeUInt32LE(data.length - 4, 0);
    data.writeUInt16LE(2, 4);
    data.writeUInt32LE(head.length + lists.length, 6);
    Buffer.concat([head, lists, Buffer.from(opcodes)]).copy(data, 10);
    const header = parseLineHeader(data, 8);
    if (typeof header === 'string') throw new Error(header);
    return new LineRows(data, header, false);
  };
  const from = (address: number) => [0, 9, 2, address & 0xff, address >> 8, 0, 0, 0, 0, 0, 0];
  const end = [0, 1, 1];
  const at = (lines: LineRows, ...addresses: number[]) => addresses.map((address) => lines.at(address)?.line);

  it('gives rows up to the end of a sequence', () => {
    const lines = rows(...from(0x1000), 3, 9, 1, 2, 4, 3, 2, 1, 2, 4, ...end);
    expect(at(lines, 0xfff, 0x1000, 0x1003, 0x1004, 0x1007, 0x1008)).toEqual([
      undefined,
      10,
      10,
      12,
      12,
      undefined,
    ]);
    expect([...lines.within(0x1002, 0x1008)].map(({ address, line }) => [address, line])).toEqual([
      [0x1004, 12],
    ]);
  });

  it('takes the last row of an address, and special opcodes', () => {
    const lines = rows(...from(0x1000), 1, 3, 4, 1, 10 + 3 + 12 * 2 + 1, 2, 1, ...end);
    expect(at(lines, 0x1000, 0x1001, 0x1002)).toEqual([5, 5, 6]);
  });

  it('sorts sequences, and drops those of functions that the linker dropped', () => {
    const lines = rows(
      ...from(0x2000),
      1,
      2,
      8,
      ...end,
      ...from(0x1000),
      3,
      1,
      1,
      2,
      8,
      ...end,
      ...from(0),
      3,
      7,
      1,
      2,
      127,
      ...end,
    );
    expect(at(lines, 0x2001, 0x1001, 8)).toEqual([1, 2, undefined]);
  });

  it('ends where it is cut', () => {
    expect(at(rows(...from(0x1000), 1, 2), 0x1000)).toEqual([undefined]);
    expect(at(rows(0, 200, 2, 1), 0x1000)).toEqual([undefined]);
  });
});

describe('a file in windows', () => {
  const data = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, at) => (at * 7) % 251));

  it('is read once, whatever is asked for', async () => {
    const source = new MemoryBytes(data);
    const stretch = new FileStretch(new Windows(source), 1000, 250_000);
    const places = [0, 64_000, 65_530, 131_000, 249_990, 64_530];
    const pieces = await Promise.all(places.map((place) => stretch.bytes(place, 20)));
    expect(pieces).toEqual(
      places.map((place) => data.subarray(1000 + place, Math.min(1000 + place + 20, 251_000))),
    );
    expect(source.reads).toBeLessThanOrEqual(5);
    expect(stretch.now(64_000, 20)).toEqual(data.subarray(65_000, 65_020));
    expect(await stretch.bytes(250_000, 5)).toHaveLength(0);
    expect(await stretch.bytes(Number.NaN, 5)).toHaveLength(0);
    expect(await stretch.bytes(-5, 5)).toHaveLength(0);
  });

  it('gives strings, long ones too, and none without an end', async () => {
    const long = `${'x'.repeat(100_000)}\0rest`;
    const stretch = new FileStretch(new Windows(new MemoryBytes(Buffer.from(long))), 0, long.length);
    expect((await stretch.text(0))?.length).toBe(100_000);
    expect(await stretch.text(100_001)).toBeUndefined();
  });
});

describe('symbols', () => {
  const symbol = (name: number, type: number, address: bigint, size: number) => {
    const entry = Buffer.alloc(24);
    entry.writeUInt32LE(name, 0);
    entry[4] = 0x10 | type;
    entry.writeUInt16LE(1, 6);
    entry.writeBigUInt64LE(address, 8);
    entry.writeUInt32LE(size, 16);
    return entry;
  };

  // The second file's addresses are too far apart to be sorted as numbers that hold their places too.
  it.each([0n, 0xffff_8000_0000_0000n])('hold an address, with one at %x besides', async (far) => {
    const table = Buffer.concat([
      Buffer.alloc(24),
      symbol(1, 2, 0x401000n, 0x100),
      symbol(7, 2, 0x401040n, 0x20),
      symbol(13, 0, 0x401100n, 0),
      symbol(13, 2, far + 0x10n, 4),
      ...Array.from({ length: 200 }, (_, at) => symbol(1, 2, 0x402000n + BigInt(at * 16), 16)),
    ]);
    const data = elfWith({ '.symtab': table, '.strtab': Buffer.from('\0outer\0inner\0entry\0') });
    // The table's link to its names.
    data.writeUInt32LE(2, data.length - 64 * 4 + 64 + 40);
    const result = await openElf(new MemoryBytes(data), unpack);
    const symbols = result.ok ? await Symbols.open(result.elf) : undefined;
    const questions = [
      0x400fff, 0x401000, 0x40103f, 0x401040, 0x401060, 0x4010ff, 0x401100, 0x401180, 0x402008,
    ];
    const answers = [undefined, 'outer', 'outer', 'inner', 'outer', 'outer', 'entry', 'entry', 'outer'];
    for (let round = 0; round < 3; round++) {
      const found = await Promise.all(questions.map((address) => symbols?.functionAt(address)));
      expect(found.map((each) => each?.name)).toEqual(answers);
    }
    expect((await symbols?.find(new Set(['inner'])))?.map(({ address }) => address)).toEqual([0x401040]);
  });
});
