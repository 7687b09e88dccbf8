import { describe, expect, it } from 'vitest';
import { parseSyscall } from '../../../src/procfs/syscall';
import { syscallName } from '../../../src/procfs/syscallNames';

describe('parseSyscall', () => {
  it('reads a call with its six arguments', () => {
    expect(parseSyscall('426 0x4 0x0 0x1 0x1 0x0 0x8 0x7ffcda6b92e8 0x405795\n')).toEqual({
      kind: 'inside',
      number: 426,
      args: ['0x4', '0x0', '0x1', '0x1', '0x0', '0x8'],
      sp: '0x7ffcda6b92e8',
      pc: '0x405795',
    });
  });

  it('tells a running task and one that is blocked outside a call', () => {
    expect(parseSyscall('running\n')).toEqual({ kind: 'running' });
    expect(parseSyscall('-1 0x7ffd 0x4011\n')).toEqual({ kind: 'outside', sp: '0x7ffd', pc: '0x4011' });
  });

  it.each([
    '',
    'running away',
    '426 0x1',
    '426 0x4 0x0\n',
    '1 2 3',
    '0x1 0x2 0x3',
    '1 0xG 0x0 0x1 0x1 0x0 0x8 0x7 0x4',
  ])('does not read %j', (text) => {
    expect(parseSyscall(text)).toBeUndefined();
  });
});

describe('syscallName', () => {
  it.each([
    ['x86_64', 0, 'read'],
    ['x86_64', 232, 'epoll_wait'],
    ['x86_64', 334, 'rseq'],
    ['x86_64', 426, 'io_uring_enter'],
    ['x86_64', 469, 'file_setattr'],
    ['aarch64', 63, 'read'],
    ['aarch64', 22, 'epoll_pwait'],
    ['aarch64', 293, 'rseq'],
    ['aarch64', 426, 'io_uring_enter'],
    ['aarch64', 454, 'futex_wake'],
  ])('%s %i is %s', (arch, number, name) => {
    expect(syscallName(arch, number)).toBe(name);
  });

  it.each([
    ['x86_64', -1],
    ['x86_64', 400],
    ['aarch64', 250],
    ['riscv64', 63],
  ])('knows no %s %i', (arch, number) => {
    expect(syscallName(arch, number)).toBeUndefined();
  });
});
