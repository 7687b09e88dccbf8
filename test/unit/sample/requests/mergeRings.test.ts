import { describe, expect, it } from 'vitest';
import type { KernelWalk, WalkedRing } from '../../../../src/kernel/walked';
import type { Ring, Task } from '../../../../src/model/sample';
import { readSqe } from '../../../../src/ring/sqe';
import { type MergeAsked, type Merged, mergeRings } from '../../../../src/sample/requests/mergeRings';
import { ringRows } from '../../../../src/sample/ringBlindness';
import type { RingMemory } from '../../../../src/sample/ringMemory';
import { atOnce } from '../../../../src/target/turns';

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
  ...{ registeredFiles: 0, registeredBuffers: 0, registered: { groups: [] }, found: 1 },
  requests: [
    {
      ...{ key: 'b', operation: 'READ', userData: '0x1', state: 'polling', certainty: 'certain' },
      sources: ['kernel walk'],
    },
  ],
};

function walkOf(of: Partial<WalkedRing>): KernelWalk {
  return { rings: [{ ...walked, ...of }], pools: [], trouble: [], consistent: true };
}

function merge(asked: MergeAsked): Merged {
  return atOnce(mergeRings(asked));
}

function merged(of: Partial<WalkedRing>, remembered: RingMemory = memory): Merged {
  return merge({
    told: { rings: [bare], requests: [], polls: new Map(), registered: new Map() },
    memory: [remembered],
    walk: walkOf(of),
    tasks: [],
    resources: [],
    owner: 7,
  });
}

describe('a thread that stands still in the middle of a batch', () => {
  const submitter: Task = {
    ...{ tid: 9, name: 'victim', kind: 'thread', state: 'D' },
    kernelStack: ['request_wait_answer', 'io_read', 'io_issue_sqe', 'io_submit_sqes'].map((name) => ({
      function: name,
      offset: 1,
      size: 2,
      module: null,
    })),
  };
  const states = (certainty: 'certain' | 'inferred') => {
    const prepared = ['0x1', '0x2'].map((userData) => ({ ...pending(userData, 'inferred'), certainty }));
    const told = { rings: [bare], requests: [], polls: new Map(), registered: new Map() };
    const batch: RingMemory = { fds: [3], setup: [], rows: [], prepared };
    const { requests } = merge({ told, memory: [batch], tasks: [submitter], resources: [], owner: 7 });
    return requests
      .filter(({ ring }) => ring === 1)
      .map(({ state }) => state)
      .sort();
  };

  it('has taken the request it is inside of, though the ring’s head does not say so', () => {
    expect(states('inferred')).toEqual(['prepared', 'running']);
  });

  it('is inside of the last request of its kind that stands on no list', () => {
    const told = { rings: [bare], requests: [], polls: new Map(), registered: new Map() };
    const { requests } = merge({
      told,
      memory: [{ ...memory, rows: [pending('0x1', 'inferred'), pending('0x2', 'inferred')] }],
      walk: walkOf({ requests: [], found: 0, unexplained: 2, live: 2 }),
      tasks: [submitter],
      resources: [],
      owner: 7,
    });
    expect(requests).toMatchObject([
      { userData: '0x1', state: 'issued' },
      { userData: '0x2', state: 'running', worker: 9, inferred: ['state', 'worker'] },
    ]);
  });

  it('has taken no more than the kernel’s own head says', () => {
    expect(states('certain').filter((state) => state === 'prepared')).toHaveLength(2);
  });
});

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
