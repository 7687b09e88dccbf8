import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../../../src/model/errors';
import { parseDestination } from '../../../../src/target/ssh/destination';

describe('parseDestination', () => {
  it.each([
    ['db1', { host: 'db1' }],
    [' joe@db1 ', { host: 'db1', user: 'joe' }],
    ['joe@db1:2200', { host: 'db1', user: 'joe', port: 2200 }],
    ['ssh://joe@db1:2200/', { host: 'db1', user: 'joe', port: 2200 }],
    ['SSH://db1', { host: 'db1' }],
    ['::1', { host: '::1' }],
    ['[::1]:22', { host: '::1', port: 22 }],
    ['joe@[fe80::1%eth0]', { host: 'fe80::1%eth0', user: 'joe' }],
    // The user of a directory service has an @ of its own.
    ['joe@corp.org@db1', { host: 'db1', user: 'joe@corp.org' }],
    ['CORP\\joe@db1', { host: 'db1', user: 'CORP\\joe' }],
  ])('%j', (text, destination) => {
    expect(parseDestination(text)).toEqual(destination);
  });

  it.each([
    '',
    '@db1',
    'joe@',
    '-v',
    'joe@-v',
    '-l@db1',
    'a b',
    'a`id`',
    'a$(id)',
    "x'@db1",
    'db1:0',
    'db1:65536',
    'a\nb',
  ])('refuses %j', (text) => {
    expect(() => parseDestination(text)).toThrow(UserError);
  });

  it('throws nothing but UserErrors', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        try {
          expect(parseDestination(text).host).not.toBe('');
        } catch (error) {
          expect(error).toBeInstanceOf(UserError);
        }
      }),
    );
  });
});
