import { describe, expect, it } from 'vitest';
import { opcodeName, opcodeNumber, printedOpcode } from '../../../src/ring/opcodes';

describe('opcodes', () => {
  it.each([
    [0, 'NOP'],
    [13, 'ACCEPT'],
    [22, 'READ'],
    [29, 'EPOLL_CTL'],
    [40, 'MSG_RING'],
    [47, 'SEND_ZC'],
    [48, 'SENDMSG_ZC'],
    [50, 'WAITID'],
    [58, 'RECV_ZC'],
    [62, 'PIPE'],
    [64, 'URING_CMD128'],
    [65, 'OP_65'],
    [255, 'OP_255'],
  ])('%i is %s, and back', (number, name) => {
    expect(opcodeName(number)).toBe(name);
    expect(opcodeNumber(name)).toBe(number);
  });

  it('knows no number of another name', () => {
    expect(opcodeNumber('READ_ALL')).toBeUndefined();
  });

  it.each([
    ['READ', 'READ'],
    ['22', 'READ'],
    ['200', 'OP_200'],
    ['EPOLL', 'EPOLL_CTL'],
  ])('fdinfo prints %s for %s', (printed, name) => {
    expect(printedOpcode(printed)).toBe(name);
  });
});
