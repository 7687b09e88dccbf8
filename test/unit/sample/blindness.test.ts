import { describe, expect, it } from 'vitest';
import type { Blindness } from '../../../src/model/sample';
import { blindnessOf, type Trouble } from '../../../src/sample/blindness';
import { ring } from '../views/samples';

const NOTHING: Trouble = {
  pid: 7,
  uid: 1000,
  rings: [],
  requests: [],
  pending: { memory: [], blind: [] },
  tasks: [],
  timedOut: [],
  missingSockets: [],
  ended: 0,
  captured: false,
};

const rights = (trouble: Partial<Trouble>) =>
  blindnessOf({ ...NOTHING, ...trouble }).map(({ what, missing }) => [what, missing]);

describe('the right that would show it', () => {
  it('is named where it is what is missing', () => {
    expect(rights({ fdErrno: 'EACCES', stackErrno: 'EACCES' })).toEqual([
      ['open files and io_uring rings', 'root'],
      ['kernel stacks', 'CAP_SYS_ADMIN'],
    ]);
    expect(rights({ mapsErrno: 'EPERM' })).toEqual([['rings whose descriptor is closed', 'root']]);
  });

  it('is none where reading fails for another reason, or where nobody can have it', () => {
    expect(rights({ fdErrno: 'EIO', stackErrno: 'ENOENT' }).map(([, missing]) => missing)).toEqual([
      undefined,
      undefined,
    ]);
    expect(rights({ stackErrno: 'EACCES', confinement: 'user namespace' })).toEqual([
      ['kernel stacks', undefined],
    ]);
  });

  it('is, of requests that are only counted, the one that the kernel’s lists were refused for', () => {
    const rings = [ring(1, { inFlight: 9, explained: 2 })];
    const counted = (refused: Blindness) =>
      rights({ rings, pending: { memory: [], blind: [refused] } }).find(([what]) => what?.startsWith('7 '));
    const lists = { what: 'requests inside the kernel', why: 'needs CAP_BPF', missing: 'CAP_BPF' } as const;
    expect(counted(lists)).toEqual(['7 requests in flight, one by one', 'CAP_BPF']);
    expect(counted({ what: 'requests inside the kernel', why: 'switched off' })?.[1]).toBeUndefined();
  });
});
