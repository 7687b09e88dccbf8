import { describe, expect, it } from 'vitest';
import { everyParser } from './everyParser';
import { printMapping, printUnix } from './printers';

describe('5 MB of hostile text', () => {
  const MEGABYTES_5 = 5 * 1024 * 1024;
  const filled = (piece: string, before = ''): string =>
    before + piece.repeat(Math.ceil((MEGABYTES_5 - before.length) / piece.length));

  it.each([
    ['line feeds', filled('\n')],
    ['digits', filled('1')],
    ['blanks', filled(' ')],
    ['NULs', filled('\0')],
    ['parentheses', filled(')', '1 (')],
    ['one frame without an end', filled('a', '[<0>] ')],
    ['one frame of offsets', filled('+0x1', '[<0>] f')],
    ['one line of rings', filled('anon_inode:[io_uring]')],
    ['mappings of rings', filled(printMapping(1, 'anon_inode:[io_uring]'))],
    ['registered files without an end', filled('UserBufs:\t1\n', 'UserFiles:\t9\n')],
    ['SQEs', filled('    0: opcode:READ, fd:1, flags:0, user_data:1\n', 'SqMask:\t0x1\nSQEs:\t9\n')],
    ['optional fields', filled('x ', '1 2 3:4 / / rw ')],
    ['options', filled(',', '1 2 3:4 / / rw - a b ')],
    ['escapes', filled('\\040', '1 2 3:4 / /')],
    ['cgroups', filled('/kubepods', '0::')],
    ['sockets', filled(printUnix(8, '/x'))],
    ['schedules', filled('\nse.exec_start ', `\n${'-'.repeat(67)}`)],
    ['status keys', filled('\nnonvoluntary_ctxt_switches:')],
  ])('%s: every parser comes to an end', (_name, text) => {
    for (const { parse } of everyParser) {
      expect(() => parse(text)).not.toThrow();
    }
    expect(text.length).toBeGreaterThanOrEqual(MEGABYTES_5);
  });
});
