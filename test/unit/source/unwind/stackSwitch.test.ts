import { expect, it } from 'vitest';
import { changesStack } from '../../../../src/source/unwind/stackSwitch';

const code = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

it.for([
  ['runtime.mcall: mov 0x38(%r14),%rsp; push %rax', '4c89f0 498b6638 50', true],
  ['runtime.systemstack: mov %rbx,%rsp', '4889dc c3', true],
  ['runtime.asmcgocall: mov %r12,%rsp', '4c89e4', true],
  ['a signal’s return: mov $15,%rax; syscall', '48c7c00f000000 0f05', true],
  ['a frame: push %rbp; mov %rsp,%rbp; sub $16,%rsp; leave', '55 4889e5 4883ec10 c9 c3', false],
  ['a frame undone: mov %rbp,%rsp; pop %rbp', '4889ec 5d c3', false],
  ['a load to %rbx of what lies at %rsp', '488b1c24', false],
  ['nothing', '', false],
] as const)('x86-64: %s', ([, bytes, expected]) => {
  expect(changesStack(code(bytes), 'x86_64')).toBe(expected);
});

it.for([
  ['mov sp, x0', '1f000091', true],
  ['mov sp, x29', 'bf030091', false],
  ['add sp, sp, #16', 'ff430091', false],
  ['mov x29, sp', 'fd030091', false],
] as const)('arm64: %s', ([, bytes, expected]) => {
  expect(changesStack(code(bytes), 'aarch64')).toBe(expected);
});
