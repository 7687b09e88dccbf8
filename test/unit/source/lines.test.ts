import { describe, expect, it } from 'vitest';
import { Attribute, Tag } from '../../../src/source/dwarf/names';
import { fixture, linesOf, MemoryBytes, openBytes } from './fixture';

const LIBRARY = '/rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/core/src';

describe('lines', () => {
  it.each(['c4', 'c5', 'packed'] as const)('of an address and the calls inlined there: %s', async (name) => {
    const lines = await linesOf(name);
    const [inner, outer] = await lines.locate([0x40014bn, 0x400158n]);
    expect(inner?.frames).toEqual([
      { function: 'shifted', file: '/src/tiny.c', line: 10, column: 12, inlined: true },
      { function: 'step', file: '/src/tiny.c', line: 18, column: 20, inlined: false },
    ]);
    expect(outer?.frames).toEqual([
      { function: 'step', file: '/src/tiny.c', line: 19, column: 20, inlined: false },
    ]);
    expect(lines.troubles).toEqual([]);
    expect(await lines.elf.buildId()).toBe('0123456789abcdef');
  });

  it('of version 2, which does not say where a call was', async () => {
    const lines = await linesOf('c2');
    const [location] = await lines.locate([0x40014bn]);
    expect(location?.frames).toEqual([
      { function: 'shifted', file: '/src/tiny.c', line: 10, column: 12, inlined: true },
      { function: 'step', inlined: false },
    ]);
  });

  it('with everything by number, as LLVM writes it', async () => {
    const lines = await linesOf('rust5');
    const [location] = await lines.locate([0x201231n]);
    expect(location?.frames.map(({ function: name, file, line }) => `${name} ${file}:${line}`)).toEqual([
      `core::intrinsics::rotate_left<u32> ${LIBRARY}/intrinsics/mod.rs:2029`,
      `core::num::{impl#8}::rotate_left ${LIBRARY}/num/uint_macros.rs:386`,
      'tiny::store::scaled /src/tiny.rs:19',
      'tiny::store::Counter::add /src/tiny.rs:13',
      'tiny::run /src/tiny.rs:27',
    ]);
    expect(lines.troubles).toEqual([]);
  });

  it('are absent where there is no code', async () => {
    const lines = await linesOf('c5');
    const located = await lines.locate([0n, 1n, 0x400138n, 0x500000n, 0xffffffff81000000n, 2n ** 64n - 1n]);
    expect(located.every(({ frames }) => frames.length === 0)).toBe(true);
  });

  it('of a stripped program are symbols at least', async () => {
    const data = fixture('c5');
    // The names of the sections with debug information no longer say so.
    for (let at = data.indexOf('.debug_'); at >= 0; at = data.indexOf('.debug_')) data.write('.sundry', at);
    const result = await openBytes(new MemoryBytes(data));
    if (!result.ok) throw new Error(result.why);
    const [location] = await result.lines.locate([0x40014bn]);
    expect(location).toEqual({
      address: 0x40014bn,
      frames: [{ function: 'step', inlined: false }],
      symbol: { name: 'step', offset: 11 },
    });
  });
});

it('reads a big file in part', async () => {
  const small = fixture('c5');
  const big = Buffer.concat([small, Buffer.alloc(64 << 20)]);
  const source = new MemoryBytes(big);
  const result = await openBytes(source);
  if (!result.ok) throw new Error(result.why);
  await result.lines.locate([0x40014bn]);
  expect(source.bytesRead).toBeLessThan(1 << 20);
  result.lines.close();
  expect(source.closed).toBe(true);
});

it.each([
  ['not an ELF file', Buffer.from('#!/bin/sh\n')],
  ['its ELF header is cut short', fixture('c5').subarray(0, 40)],
  ['a 32-bit ELF file; only 64-bit ones are read', changed(4, 1)],
  ['a big-endian ELF file; only little-endian ones are read', changed(5, 2)],
  ['an ELF file for machine 8; only x86-64 and arm64 are read', changed(18, 8)],
])('refuses: %s', async (why, data) => {
  expect(await openBytes(new MemoryBytes(data))).toEqual({ ok: false, why });
});

function changed(at: number, value: number): Buffer {
  const data = fixture('c5');
  data[at] = value;
  return data;
}

describe('entries', () => {
  it('are walked, with types followed', async () => {
    const info = await (await linesOf('rust5')).info();
    if (info === undefined) throw new Error('no debug information');
    const unit = await info.unitAt(0x201231);
    if (unit === undefined) throw new Error('no unit');
    const found = [];
    for await (const entry of info.typesNamed(unit, 'Counter')) found.push(entry);
    expect(found).toHaveLength(1);
    const [counter] = found;
    if (counter === undefined) throw new Error('no type');
    expect(counter.tag).toBe(Tag.structure);
    expect(await info.nameOf(counter)).toEqual({ name: 'tiny::store::Counter' });
    const members = [...counter.children()].filter(({ tag }) => tag === MEMBER);
    expect(await Promise.all(members.map((member) => member.name()))).toEqual(['value']);
    const [member] = members;
    const type = member === undefined ? undefined : await info.follow(member, TYPE);
    expect(await type?.name()).toBe('u32');
    expect(type?.number(BYTE_SIZE)).toBe(4);
  });

  it('of a unit come in order, each once', async () => {
    const info = await (await linesOf('c5')).info();
    const unit = await info?.unitAt(0x400140);
    const root = unit === undefined ? undefined : await info?.root(unit);
    if (root === undefined) throw new Error('no unit');
    const all = [...root.descendants()];
    const offsets = all.map(({ offset }) => offset);
    expect(offsets).toEqual([...new Set(offsets)].sort((a, b) => a - b));
    expect(all.filter(({ tag }) => tag === Tag.subprogram).length).toBe(4);
    const names = [...root.children()]
      .filter((entry) => entry.has(Attribute.name))
      .map((entry) => entry.name());
    expect(await Promise.all(names)).toEqual(['counter', 'int', '_start', 'step', 'shifted', 'twice']);
  });
});

const MEMBER = 0x0d;
const BYTE_SIZE = 0x0b;
const TYPE = 0x49;
