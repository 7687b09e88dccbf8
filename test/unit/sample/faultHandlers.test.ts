import { describe, expect, it } from 'vitest';
import { findFaultHandlers } from '../../../src/sample/faultHandlers';
import { taskOf } from '../samples';
import { fakeTarget } from './fakeTarget';

const LINK = 'anon_inode:[userfaultfd]';
const LISTED = {
  ok: true as const,
  entries: [{ name: '7' }, { name: '12' }, { name: 'self' }],
  truncated: false,
};

function holders(faultsOf12: number) {
  return fakeTarget({
    '/proc/7/fd/3': LINK,
    '/proc/7/fdinfo/3': 'flags:\t02\npending:\t0\ntotal:\t0\nAPI:\taa:0:0\n',
    '/proc/7/comm': 'idle\n',
    '/proc/12/fd/4': LINK,
    '/proc/12/fdinfo/4': `flags:\t02\npending:\t0\ntotal:\t${faultsOf12}\nAPI:\taa:0:0\n`,
    '/proc/12/comm': 'pager\n',
  });
}

describe('who must resolve a page fault', () => {
  const waiting = taskOf({ wchan: 'handle_userfault' });

  it('is the process whose userfaultfd has faults it has not resolved', async () => {
    expect(await findFaultHandlers(holders(1), [waiting], LISTED)).toEqual([{ pid: 12, name: 'pager' }]);
  });

  it('may be any that holds one, where none tells of faults', async () => {
    const found = await findFaultHandlers(holders(0), [waiting], LISTED);
    expect(found.map(({ pid }) => pid)).toEqual([7, 12]);
  });

  it('is not searched for while nobody waits for one', async () => {
    const target = holders(1);
    expect(await findFaultHandlers(target, [taskOf({ wchan: 'pipe_read' })], LISTED)).toEqual([]);
    expect(target.asked).toEqual([]);
  });
});
