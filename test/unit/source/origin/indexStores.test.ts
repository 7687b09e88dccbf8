import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { indexStores } from '../../../../src/source/origin/indexStores';

const code = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');
const find = (hex: string, offset: number, value: number, width = 2) => [
  ...indexStores(code(hex), offset, value, width),
];

describe('stores of a coroutine’s index', () => {
  it.each([
    ['movw $4,0x3c(%rax)', '66 c7 40 3c 04 00', 0x3c, 4, 2],
    ['movw $4,0x3c(%r12)', '66 41 c7 44 24 3c 04 00', 0x3c, 4, 2],
    ['movw $6,0x120(%rbx)', '66 c7 83 20 01 00 00 06 00', 0x120, 6, 2],
    ['movb $1,0x20(%rsi)', 'c6 46 20 01', 0x20, 1, 1],
  ])('%s', (_, hex, offset, value, width) => {
    expect(find(hex, offset, value, width)).toEqual([{ store: 0, constant: 0 }]);
    expect(find(hex, offset, value + 1, width)).toEqual([]);
    expect(find(hex, offset + 1, value, width)).toEqual([]);
  });

  it('are found where the constant was loaded into a register before', () => {
    // mov $6,%edx; mov 0x20(%rdi),%rsi; mov %dx,0x24(%rdi)
    const split = 'ba 06 00 00 00 48 8b 77 20 66 89 57 24';
    expect(find(split, 0x24, 6)).toEqual([{ store: 9, constant: 0 }]);
    expect(find(split, 0x24, 7)).toEqual([]);
    // mov $6,%r8d; mov %r8w,0x24(%rdi)
    expect(find('41 b8 06 00 00 00 66 44 89 47 24', 0x24, 6)).toEqual([{ store: 6, constant: 1 }]);
    // xor %eax,%eax; mov %ax,0x24(%rdi)
    expect(find('31 c0 66 89 47 24', 0x24, 0)).toEqual([{ store: 2, constant: 0 }]);
    // mov $2,%al; jmp +2; mov $1,%al; mov %al,0x38(%rdi): both lead to the store.
    const merged = 'b0 02 eb 02 b0 01 88 47 38';
    expect(find(merged, 0x38, 1, 1)).toEqual([{ store: 6, constant: 4 }]);
    expect(find(merged, 0x38, 2, 1)).toEqual([{ store: 6, constant: 0 }]);
    // Of another register.
    expect(find('b9 06 00 00 00 66 89 57 24', 0x24, 6)).toEqual([]);
  });

  it('are looked for in any bytes without harm', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.integer({ min: 0, max: 300 }),
        fc.integer({ min: 0, max: 9 }),
        fc.constantFrom(1, 2, 4),
        (bytes, offset, value, width) => {
          for (const { store, constant } of indexStores(Buffer.from(bytes), offset, value, width)) {
            expect(store).toBeLessThan(bytes.length);
            expect(constant).toBeLessThanOrEqual(store);
          }
        },
      ),
    );
  });
});
