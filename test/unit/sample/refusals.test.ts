import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/model/errors';
import { parsePid } from '../../../src/sample/refusals';

describe('a PID', () => {
  it.each([
    ['1', 1],
    [' 4242 ', 4242],
    ['4194304', 4194304],
  ])('%j is taken', (text, pid) => {
    expect(parsePid(text)).toBe(pid);
  });

  it.each(['', '0', '-1', '1.5', '0x10', '12a', 'server', '4194305', '99999999999999999999', '1e3'])(
    '%j is refused with the range',
    (text) => {
      expect(() => parsePid(text)).toThrow(UserError);
      expect(() => parsePid(text)).toThrow(/from 1 to 4194304/);
    },
  );
});
