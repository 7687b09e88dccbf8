import { describe, expect, it } from 'vitest';
import { awaitedChildren, choiceFromText } from '../../../src/procfs/childChoice';
import { awaitedFutexes, futexesOfRequest } from '../../../src/procfs/futexArguments';
import { pathArguments } from '../../../src/procfs/syscallPaths';

describe('awaitedChildren', () => {
  it.each([
    ['wait4', ['0xffffffffffffffff'], { kind: 'all' }],
    ['wait4', ['0x32c'], { kind: 'pid', id: 812 }],
    ['wait4', ['0x0'], { kind: 'group', id: 0 }],
    ['wait4', ['0xfffffffffffffcd4'], { kind: 'group', id: 812 }],
    ['waitid', ['0x0', '0x5'], { kind: 'all' }],
    ['waitid', ['0x1', '0x32c'], { kind: 'pid', id: 812 }],
    ['waitid', ['0x3', '0x5'], { kind: 'pidfd', id: 5 }],
    ['waitid', ['0x9', '0x5'], undefined],
    ['read', ['0x1'], undefined],
    [undefined, [], undefined],
  ])('of %s %j', (name, args, choice) => {
    expect(awaitedChildren(name, args)).toEqual(choice);
  });
});

describe('choiceFromText', () => {
  it.each([
    ['P_ALL', { kind: 'all' }],
    ['P_PID 812', { kind: 'pid', id: 812 }],
    ['P_PGID 4', { kind: 'group', id: 4 }],
    ['P_PID', undefined],
    ['P_PID -1', undefined],
    ['P_ALL\n', undefined],
    ['7', undefined],
  ])('%j', (text, choice) => {
    expect(choiceFromText(text)).toEqual(choice);
  });
});

describe('awaitedFutexes', () => {
  it.each([
    ['FUTEX_WAIT_PRIVATE', 'futex', ['0x10', '0x80', '0x2'], [{ address: 16n, expected: 2, own: true }]],
    ['FUTEX_WAIT_BITSET', 'futex', ['0x10', '0x9', '0x2'], [{ address: 16n, expected: 2, own: false }]],
    ['FUTEX_LOCK_PI_PRIVATE', 'futex', ['0x10', '0x86'], [{ address: 16n, own: true, inherits: true }]],
    ['FUTEX_WAKE', 'futex', ['0x10', '0x81', '0x1'], []],
    ['futex_wait', 'futex_wait', ['0x10', '0x7', '0xff', '0x82'], [{ address: 16n, expected: 7, own: true }]],
    ['arguments that are none', 'futex', ['x', '0x80', '-'], [{ address: 0n, expected: 0, own: true }]],
  ])('of %s', (_, name, args, found) => {
    expect(awaitedFutexes(name, args)).toEqual(found);
  });
});

describe('futexesOfRequest', () => {
  const flags = { name: 'futex flags', value: 'FUTEX2_SIZE_U32|FUTEX2_PRIVATE' };

  it('reads a wait for one word and one for several', () => {
    const one = {
      operation: 'FUTEX_WAIT',
      address: '0x10',
      operands: [{ name: 'value', value: '0x7' }, flags],
    };
    expect(futexesOfRequest(one)).toEqual([{ address: 16n, expected: 7, own: true }]);
    const operands = [{ name: 'waits for, now', value: '0x10 = 0x7, 0x14 = 0x8, …' }];
    expect(futexesOfRequest({ operation: 'FUTEX_WAITV', operands })).toEqual([
      { address: 16n, expected: 7 },
      { address: 20n, expected: 8 },
    ]);
  });

  it.each([
    ['no address', {}],
    ['an odd address', { address: '0x10\n' }],
    ['one that is too long', { address: `0x${'1'.repeat(17)}` }],
  ])('reads none from %s', (_, parts) => {
    expect(futexesOfRequest({ operation: 'FUTEX_WAIT', ...parts })).toEqual([]);
  });
});

describe('pathArguments', () => {
  it('tells where the paths and their directories stand', () => {
    expect(pathArguments('mkdir')).toEqual([{ path: 0 }]);
    expect(pathArguments('renameat2')).toEqual([
      { directory: 0, path: 1 },
      { directory: 2, path: 3 },
    ]);
    expect(pathArguments('symlinkat')).toEqual([{ directory: 1, path: 2 }]);
    expect(pathArguments('read')).toEqual([]);
    expect(pathArguments('')).toEqual([]);
  });
});
