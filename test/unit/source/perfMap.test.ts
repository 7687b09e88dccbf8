import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fromPerfMap, namesInPerfMap } from '../../../src/source/perfMap';

const names = (text: string, ...addresses: number[]) =>
  Object.fromEntries(namesInPerfMap(Buffer.from(text), addresses));

it('names addresses from the first of a row to before its end', () => {
  const text = '1000 20 first\n0x1020 0x10 second one\n';
  expect(names(text, 0xfff, 0x1000, 0x101f, 0x1020, 0x102f, 0x1030)).toEqual({
    [0x1000]: 'first',
    [0x101f]: 'first',
    [0x1020]: 'second one',
    [0x102f]: 'second one',
  });
});

it('takes the last row with an address', () => {
  expect(names('1000 40 old\n1010 10 new\n', 0x1008, 0x1018, 0x1028)).toEqual({
    [0x1008]: 'old',
    [0x1018]: 'new',
    [0x1028]: 'old',
  });
});

it.for([
  ['JS:*take /srv/store.js:12:3', 'take /srv/store.js:12:3'],
  ['LazyCompile:~serve server.js:4', 'serve server.js:4'],
  ['JS:~ [eval]:1:1', '[eval]:1:1'],
  ['py::take:/srv/store.py', 'py::take:/srv/store.py'],
  ['Lcom/acme/Store;::take', 'Lcom/acme/Store;::take'],
] as const)('%s is %s', ([row, name]) => {
  expect(names(`1000 20 ${row}\n`, 0x1000)).toEqual({ [0x1000]: name });
});

it('passes over what is no row', () => {
  const text =
    '\n1000\n1000 zz bad\nfffffffffffffffff 10 far\n1000 20 \n\xff\xfe\n 1000 20 shifted\n1000 8 good';
  expect(names(text, 0x1000)).toEqual({ [0x1000]: 'good' });
});

it('reads anything without complaint', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.array(fc.nat()), (bytes, addresses) => {
      for (const [address, name] of namesInPerfMap(Buffer.from(bytes), addresses)) {
        expect(addresses).toContain(address);
        expect(name).not.toBe('');
      }
    }),
  );
});

it('reads 300,000 rows within two seconds', () => {
  const rows = Array.from({ length: 300_000 }, (_, n) => `${(n * 64).toString(16)} 40 f${n}`).join('\n');
  const begun = performance.now();
  expect(names(rows, 64 * 1234 + 5)).toEqual({ [64 * 1234 + 5]: 'f1234' });
  expect(performance.now() - begun).toBeLessThan(2000);
});

it.for([
  ['JS:*take /srv/store.js:12:3', { function: 'take', file: '/srv/store.js', line: 12 }],
  ['LazyCompile:~a b file:///srv/my app/x.mjs:4', { function: 'a b', file: '/srv/my app/x.mjs', line: 4 }],
  ['JS:~ /srv/store.js:1:1', { function: '(anonymous)', file: '/srv/store.js', line: 1 }],
  ['JS:~read node:fs:700:20', { function: 'read', file: 'node:fs', line: 700 }],
  ['JS:~f [eval]:1:1', { function: 'f [eval]:1:1' }],
  ['py::take:/srv/store.py', { function: 'py::take:/srv/store.py' }],
] as const)('%s tells where the function is', ([row, frame]) => {
  const found = fromPerfMap(Buffer.from(`1000 20 ${row}\n`), [0x1000]);
  expect(found.get(0x1000)).toEqual({ ...frame, inlined: false });
});
