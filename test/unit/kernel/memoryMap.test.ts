import { describe, expect, it } from 'vitest';
import { framesIn, symbolsIn } from '../../../src/kernel/memoryMap';

describe('framesIn', () => {
  it('ends with the last zone that has pages', () => {
    const zones =
      '        spanned  10\n  start_pfn:           1\n        spanned  5\n  start_pfn:           4096\n';
    expect(framesIn(`${zones}        spanned  0\n  start_pfn:           9999\n`)).toBe(4101);
    expect(framesIn('')).toBe(0);
    expect(framesIn('  spanned  many\n')).toBe(0);
  });
});

describe('symbolsIn', () => {
  const text = Buffer.from(
    'ffffffff81000000 T one\nffffffff82000008 D two\nffffffffc0000000 t two_more\t[module]\n0000000000000000 D hidden\n',
  );
  it('finds whole names, all or none', () => {
    expect(symbolsIn(text, ['two', 'one'])).toEqual([0xffffffff82000008n, 0xffffffff81000000n]);
    expect(symbolsIn(text, ['one', 'three'])).toEqual([]);
    expect(symbolsIn(text, ['two_more'])).toEqual([]);
    expect(symbolsIn(text, ['hidden'])).toEqual([]);
    expect(symbolsIn(Buffer.alloc(0), ['one'])).toEqual([]);
  });
});
