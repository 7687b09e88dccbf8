import { expect, it } from 'vitest';
import { withMemoryLimit } from '../../../src/target/memoryLimit';

const HEAD = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const module = (...sections: number[]) => Buffer.from([...HEAD, ...sections]);
const OTHER = [11, 1, 0];

it('gives the memory of a module a maximum', () => {
  expect(withMemoryLimit(module(5, 3, 1, 0, 17, ...OTHER), 512)).toEqual(
    module(5, 5, 1, 1, 17, 0x80, 4, ...OTHER),
  );
});

it('leaves what it begins with', () => {
  expect(withMemoryLimit(module(5, 3, 1, 0, 17), 3)).toEqual(module(5, 4, 1, 1, 17, 17));
});

it.for([
  ['a maximum already', module(5, 4, 1, 1, 1, 2)],
  ['no memory', module(...OTHER)],
  ['nothing', Buffer.alloc(0)],
  ['a section without end', module(5, 0xff, 0xff, 0xff)],
] as const)('changes nothing where there is %s', ([, bytes]) => {
  expect(withMemoryLimit(bytes, 512)).toEqual(bytes);
});
