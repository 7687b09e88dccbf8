import { expect, it } from 'vitest';
import { meaningOf } from '../../../../src/source/origin/userData';

it.each([
  ['0x0', { kind: 'nothing' }],
  ['no number', { kind: 'nothing' }],
  ['0x11', { kind: 'number', words: '17, an index or a count, not an address' }],
  ['0xffff', { kind: 'number', words: '65535, an index or a count, not an address' }],
  ['0xffffffffffffffff', { kind: 'number', words: '-1, a mark of its library’s own, not an address' }],
  [
    '0x55550000',
    { kind: 'address', candidates: [{ address: 0x55550000, words: 'user_data', to: 'either' }] },
  ],
  [
    '0x55550003',
    {
      kind: 'address',
      candidates: [
        { address: 0x55550003, words: 'user_data', to: 'code' },
        { address: 0x55550000, words: 'user_data - 3', to: 'object' },
      ],
    },
  ],
  [
    '0x3000055550000',
    {
      kind: 'address',
      candidates: [
        { address: 0x55550000, words: 'user_data without its tag 0x3', to: 'object' },
        { address: 0x300005550, words: 'user_data >> 16', to: 'object' },
      ],
    },
  ],
])('%s', (userData, meaning) => {
  expect(meaningOf(userData)).toEqual(meaning);
});
