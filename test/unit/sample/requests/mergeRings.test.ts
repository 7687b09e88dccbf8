import { describe, expect, it } from 'vitest';
import type { WalkedRing } from '../../../../src/kernel/walked';
import type { Ring } from '../../../../src/model/sample';
import { readSqe } from '../../../../src/ring/sqe';
import { type Merged, mergeRings } from '../../../../src/sample/requests/mergeRings';
import { ringRows } from '../../../../src/sample/ringBlindness';
import type { RingMemory } from '../../../../src/sample/ringMemory';

const bare: Ring = { id: 1, fd: 3, owner: 9, setup: [], readable: true };
const sqe = readSqe(Buffer.alloc(64), 0);
const pending = (userData: string, certainty: 'inferred' | 'ambiguous') => ({
  ...{ operation: 'READ', userData, certainty, sequence: Number(userData), sqe },
});

/** Three SQEs, one CQE: 0x1 stands on a list of the kernel; of 0x2 and 0x3 either may be pending besides. */
const memory: RingMemory = {
  fds: [3],
  setup: [],
  rows: [pending('0x1', 'inferred'), pending('0x2', 'ambiguous'), pending('0x3', 'ambiguous')],
  counters: {
    ...{ sqHead: 3, sqTail: 3, cqHead: 2, cqTail: 2, sqEntries: 4, cqEntries: 8 },
    ...{ dropped: 0, sqFlags: 0, cqFlags: 0, overflow: 0 },
  },
  inFlight: 1,
  lost: 0,
};
const walked: WalkedRing = {
  ...{ key: 'a', fds: [3], setup: [], sqEntries: 4, cqEntries: 8, sqHead: 3, cqTail: 2 },
  ...{ registeredFiles: 0, registeredBuffers: 0, found: 1 },
  requests: [
    {
      ...{ key: 'b', operation: 'READ', userData: '0x1', state: 'polling', certainty: 'certain' },
      ...{ sources: ['kernel walk'], kernelFlags: [] },
    },
  ],
};

function merged(of: Partial<WalkedRing>, remembered: RingMemory = memory): Merged {
  return mergeRings({
    told: { rings: [bare], requests: [], polls: new Map(), registered: new Map() },
    memory: [remembered],
    walk: { rings: [{ ...walked, ...of }], pools: [], trouble: [], consistent: true },
    tasks: [],
    resources: [],
  });
}

const listed = ({ requests }: Merged) => requests.map(({ userData }) => userData);
const { inFlight: _, ...uncounted } = memory;

describe('a ring of a kernel that keeps no count of its requests', () => {
  it('has none but those walked where its own counters ask for no more', () => {
    expect(listed(merged({}))).toEqual(['0x1']);
    expect(merged({}).rings).toMatchObject([{ inFlight: 1, explained: 1, ambiguous: 0, lost: 0 }]);
  });

  it('may have others where they ask for more, are of another moment, or cannot tell', () => {
    expect(listed(merged({}, { ...memory, inFlight: 2 }))).toHaveLength(3);
    expect(listed(merged({ cqTail: 1 }))).toHaveLength(3);
    expect(listed(merged({ sqHead: 4 }))).toHaveLength(3);
    expect(listed(merged({}, uncounted))).toHaveLength(3);
  });

  it('has no others either when its slabs were searched', () => {
    expect(listed(merged({ searched: true }, uncounted))).toEqual(['0x1']);
  });

  it('has lost none whose SQE was written over and which the walk has', () => {
    const forgotten: RingMemory = { ...memory, rows: [], lost: 1 };
    expect(merged({}, forgotten).rings).toMatchObject([{ inFlight: 1, explained: 1, lost: 0 }]);
  });
});

it('says of completions without room that there are some, where nothing lists them', () => {
  const full: RingMemory = { ...memory, sqFlags: ['CQ_OVERFLOW'] };
  const told = (ring: Ring) =>
    ringRows({ pid: 9, rings: [ring], requests: [], pending: { memory: [full], blind: [] } });
  expect(told(bare)).toContainEqual(
    expect.objectContaining({ what: 'completions without room in the queue of 1 ring (fd 3)' }),
  );
  expect(told({ ...bare, overflowed: 2 }).map(({ what }) => what)).not.toContainEqual(
    expect.stringContaining('without room'),
  );
});
