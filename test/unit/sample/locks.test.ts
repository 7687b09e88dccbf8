import { describe, expect, it } from 'vitest';
import { findAwaitedLocks } from '../../../src/sample/locks';
import { fileOf, stackOf, taskOf } from '../samples';
import { fakeTarget } from './fakeTarget';

const LOCKS = `1: POSIX  ADVISORY  WRITE 12 fe:10:100 0 EOF
1: -> POSIX  ADVISORY  WRITE 7 fe:10:100 0 9
2: FLOCK  ADVISORY  WRITE 13 fe:10:200 0 EOF
2: -> FLOCK  ADVISORY  WRITE 99 fe:10:200 0 EOF
3: OFDLCK ADVISORY  READ  -1 fe:10:300 0 9
3: -> OFDLCK ADVISORY  WRITE -1 fe:10:300 0 9
`;
const TREE = { '/proc/locks': LOCKS, '/proc/12/comm': 'holder\n' };
const FILES = [
  fileOf(5, '/mnt/a', { inode: 100 }),
  fileOf(6, '/mnt/b', { inode: 200 }),
  fileOf(7, '/mnt/c', { inode: 300 }),
];
const waiting = taskOf({ kernelStack: stackOf('posix_lock_inode_wait', 'fcntl_setlk') });

describe('the locks a process waits for', () => {
  it('name who holds them; those of other waiters are not its own', async () => {
    const { resources, locks } = await findAwaitedLocks(fakeTarget(TREE), 7, FILES, [waiting]);
    const [a, b, c] = resources;
    expect(a?.awaitedLocks).toEqual([
      { type: 'POSIX', access: 'WRITE', range: '0-EOF', holder: { pid: 12, name: 'holder' } },
    ]);
    expect(b?.awaitedLocks).toBeUndefined();
    expect(c?.awaitedLocks).toEqual([{ type: 'OFDLCK', access: 'READ', range: '0-9' }]);
    expect(locks).toHaveLength(2);
  });

  it('are told of a file that is not open here, too: one whose lease must be given up before', async () => {
    const text =
      '1: LEASE  BREAKING  READ 12 fe:10:400 0 EOF\n1: -> LEASE  BREAKER   READ 7 <none>:0 0 EOF\n';
    const target = fakeTarget({ ...TREE, '/proc/locks': text });
    const { resources, locks } = await findAwaitedLocks(target, 7, FILES, [
      taskOf({ wchan: '__break_lease' }),
    ]);
    expect(resources).toEqual(FILES);
    expect(locks).toMatchObject([{ type: 'LEASE', holder: { pid: 12 } }]);
  });

  it('are not looked for while no task waits for a lock: reading them stops all locking', async () => {
    const target = fakeTarget(TREE);
    const { resources } = await findAwaitedLocks(target, 7, FILES, [
      taskOf({ kernelStack: stackOf('pipe_read') }),
    ]);
    expect(resources).toBe(FILES);
    expect(target.asked).toEqual([]);
  });

  it('are looked for by system call where no stack can be read', async () => {
    const task = taskOf({ syscall: { number: 73, name: 'flock', args: [] } });
    const { resources } = await findAwaitedLocks(fakeTarget(TREE), 7, FILES, [task]);
    expect(resources[0]?.awaitedLocks).toHaveLength(1);
  });
});
