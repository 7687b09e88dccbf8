import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Btf, parseBtf } from '../../../src/kernel/btf';
import { layoutFrom } from '../../../src/kernel/layout';
import { KERNELS, typesOf } from './layouts';

function parsed(data: Buffer): Btf {
  const result = parseBtf(data);
  if (!result.ok) throw new Error(result.why);
  return result.btf;
}

const STRINGS = ['', 'outer', 'inner', 'first', 'deep', 'bits', 'int', 'ONE', 'TWO', 'loop', 'many', 'word'];

/** Types by their words: name, kind, flag, entries, third word, and what is behind. */
function btf(...types: readonly (readonly [string, number, number, number, number, ...number[]])[]): Buffer {
  const at = (name: string): number => STRINGS.slice(0, STRINGS.indexOf(name)).join('\0').length + 1;
  const words = types.flatMap(([name, kind, flag, entries, third, ...extra]) => [
    name === '' ? 0 : at(name),
    ((flag << 31) | (kind << 24) | entries) >>> 0,
    third,
    ...extra,
  ]);
  const strings = Buffer.from(`${STRINGS.join('\0')}\0`);
  const data = Buffer.alloc(24 + words.length * 4);
  data.writeUInt16LE(0xeb9f, 0);
  data.writeUInt8(1, 2);
  for (const [index, value] of [24, 0, words.length * 4, words.length * 4, strings.length].entries())
    data.writeUInt32LE(value, 4 + index * 4);
  for (const [index, word] of words.entries()) data.writeUInt32LE(word, 24 + index * 4);
  return Buffer.concat([data, strings]);
}

const name = (text: string): number => STRINGS.slice(0, STRINGS.indexOf(text)).join('\0').length + 1;

describe('parseBtf', () => {
  it('finds members in anonymous parts, arrays, bit fields and behind typedefs', () => {
    const types = parsed(
      btf(
        ['int', 1, 0, 0, 4, 32],
        ['', 5, 0, 1, 8, name('deep'), 1, 32],
        ['inner', 4, 0, 1, 16, 0, 2, 64],
        ['word', 8, 0, 0, 3],
        ['', 3, 0, 0, 0, 1, 1, 6],
        [
          'outer',
          4,
          1,
          4,
          64,
          name('first'),
          4,
          128,
          0,
          3,
          256,
          name('bits'),
          1,
          (3 << 24) | 389,
          name('many'),
          5,
          400,
        ],
      ),
    );
    expect(types.size('outer')).toBe(64);
    expect(types.member('outer', 'first')).toEqual({ offset: 16, size: 16, of: 'inner' });
    expect(types.member('outer', 'first.deep')).toEqual({ offset: 28, size: 4 });
    expect(types.member('outer', 'deep')).toEqual({ offset: 44, size: 4 });
    expect(types.member('outer', 'bits')).toEqual({ offset: 48, size: 4, bits: { count: 3, shift: 5 } });
    expect(types.member('outer', 'many')).toEqual({ offset: 50, size: 24 });
    expect(types.member('outer', 'two')).toBeUndefined();
    expect(types.member('outer', 'first.first')).toBeUndefined();
    expect(types.member('missing', 'first')).toBeUndefined();
  });

  it('names the values of enumerations of both widths', () => {
    const types = parsed(
      btf(
        ['', 6, 1, 2, 4, name('ONE'), 0xffffffff, name('TWO'), 2],
        ['outer', 19, 0, 1, 8, name('many'), 5, 1],
      ),
    );
    expect(types.enumeration('TWO')).toEqual(
      new Map([
        [-1, 'ONE'],
        [2, 'TWO'],
      ]),
    );
    expect(types.enumeration('many')).toEqual(new Map([[2 ** 32 + 5, 'many']]));
    expect(types.enumeration('first')).toBeUndefined();
  });

  it('ends where types lead in a circle', () => {
    const types = parsed(
      btf(
        ['loop', 8, 0, 0, 1],
        ['outer', 4, 0, 2, 8, 0, 2, 0, name('first'), 1, 0],
        ['', 3, 0, 0, 0, 3, 3, 2],
        ['inner', 4, 0, 1, 8, name('many'), 3, 0],
        ['', 5, 0, 3, 8, 0, 5, 0, 0, 5, 0, 0, 5, 0],
        ['loop', 4, 0, 1, 8, 0, 5, 0],
      ),
    );
    expect(types.member('outer', 'deep')).toBeUndefined();
    expect(types.member('outer', 'first')).toEqual({ offset: 0, size: 0 });
    expect(types.member('inner', 'many')).toEqual({ offset: 0, size: 0 });
    expect(types.member('loop', 'deep')).toBeUndefined();
  });

  it('keeps what stands before a kind it does not know', () => {
    const types = parsed(
      btf(
        ['int', 1, 0, 0, 4, 32],
        ['outer', 4, 0, 1, 4, name('first'), 1, 0],
        ['', 25, 0, 0, 0],
        ['inner', 4, 0, 0, 8],
      ),
    );
    expect(types.whole).toBe(false);
    expect(types.member('outer', 'first')).toEqual({ offset: 0, size: 4 });
    expect(types.has('inner')).toBe(false);
  });

  it('says why it reads nothing', () => {
    expect(parseBtf(Buffer.from('0000000000000000000000000000'))).toEqual({
      ok: false,
      why: 'it is no BTF type information',
    });
    const big = Buffer.alloc(24);
    big.writeUInt16BE(0xeb9f);
    expect(parseBtf(big)).toEqual({ ok: false, why: 'the type information is big-endian' });
    expect(parseBtf(typesOf('6.18').subarray(0, 5000))).toEqual({
      ok: false,
      why: 'the type information is cut short',
    });
    expect(parseBtf(Buffer.alloc(0)).ok).toBe(false);
  });

  it.each(KERNELS)('never throws on scribbled types of %s', (kernel) => {
    const good = typesOf(kernel);
    const scribble = fc.array(
      fc.tuple(fc.nat(good.length - 1), fc.oneof(fc.constantFrom(0, 0xff, 0x84, 0x0b), fc.nat(255))),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(scribble, fc.nat(good.length), (changes, cut) => {
        const data = Buffer.from(good.subarray(0, cut % 4 === 0 ? cut : good.length));
        for (const [at, byte] of changes) if (at < data.length) data[at] = byte;
        const result = parseBtf(data);
        if (result.ok) layoutFrom(result.btf);
        else expect(result.why).not.toBe('');
      }),
      { numRuns: 200 },
    );
  });
});
