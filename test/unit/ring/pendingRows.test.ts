import { describe, expect, it } from 'vitest';
import { reconstruct } from '../../../src/ring/reconstruct';
import { randomFrom, SimulatedRing, USUAL } from './simulator';

const DRAIN = 2;
const LINK = 4;
const SKIP = 64;
const NOP = 0;
const TIMEOUT = 11;
const LINK_TIMEOUT = 15;
const READ = 22;
const POLL_REMOVE = 7;

interface Asked {
  readonly op?: number;
  readonly flags?: number;
  /** The CQE's res; absent: it is pending. */
  readonly done?: number;
  readonly more?: boolean;
  readonly edit?: (sqe: Buffer) => void;
}

/** A ring of 64 with these requests, each of its own user_data. */
function ringOf(...asked: readonly Asked[]): SimulatedRing {
  const ring = new SimulatedRing(
    { ...USUAL, sqEntries: 64, cqEntries: 128, mostInFlight: 64 },
    randomFrom(1),
  );
  let posted = 0;
  asked.forEach(({ op = READ, flags = 0, done, more, edit }, index) => {
    ring.fill();
    const sqe = ring.sqes.subarray(index * 64, index * 64 + 64);
    sqe[0] = op;
    sqe[1] = flags;
    edit?.(sqe);
    if (done === undefined) return;
    sqe.copy(ring.ring, 64 + posted * 16, 32, 40);
    ring.ring.writeInt32LE(done, 64 + posted * 16 + 8);
    ring.ring.writeUInt32LE(more ? 2 : 0, 64 + posted * 16 + 12);
    ring.ring.writeUInt32LE(++posted, 12);
  });
  ring.submit();
  return ring;
}

const told = (ring: SimulatedRing) =>
  reconstruct(ring.image()).rows.map(({ sequence, state, after, certainty }) => [
    sequence,
    state ?? 'pending',
    after ?? '-',
    certainty,
  ]);

describe('what a pending request waits behind', () => {
  it('is the first of its chain that has not ended', () => {
    expect(told(ringOf({ flags: LINK, done: 1 }, { flags: LINK }, { flags: LINK }, {}, {}))).toEqual([
      [1, 'pending', '-', 'certain'],
      [2, 'linked', 0, 'certain'],
      [3, 'linked', 0, 'certain'],
      [4, 'pending', '-', 'certain'],
    ]);
  });

  it('is for a linked timeout what it limits, and for the next member the same', () => {
    const ring = ringOf({ flags: LINK }, { op: LINK_TIMEOUT, flags: LINK }, { op: NOP }, { op: TIMEOUT });
    expect(told(ring)).toEqual([
      [0, 'pending', '-', 'certain'],
      [1, 'timeout', 0, 'certain'],
      [2, 'linked', 0, 'certain'],
      [3, 'timeout', '-', 'certain'],
    ]);
  });

  it('is for a linked timeout behind a linked request the head of the chain', () => {
    const ring = ringOf({ flags: LINK }, { flags: LINK }, { op: LINK_TIMEOUT });
    expect(told(ring)).toEqual([
      [0, 'pending', '-', 'certain'],
      [1, 'linked', 0, 'certain'],
      [2, 'linked', 0, 'certain'],
    ]);
  });

  it('is for a drain all before it, and for all after it the drain', () => {
    const ring = ringOf({ done: 0 }, {}, {}, { op: NOP, flags: DRAIN }, { op: TIMEOUT });
    expect(told(ring)).toEqual([
      [1, 'pending', '-', 'certain'],
      [2, 'pending', '-', 'certain'],
      [3, 'drained', 0, 'certain'],
      [4, 'drained', 2, 'certain'],
    ]);
  });

  it('is nothing for a drain that is first', () => {
    expect(told(ringOf({ flags: DRAIN }, {}))).toEqual([
      [0, 'pending', '-', 'certain'],
      [1, 'pending', '-', 'certain'],
    ]);
  });
});

describe('a request is not taken for pending', () => {
  it('for certain where it ends without a CQE', () => {
    const found = reconstruct(ringOf({ flags: SKIP }, {}).image());
    expect(found.rows.map(({ certainty }) => certainty)).toEqual(['ambiguous', 'certain']);
    expect(found).toMatchObject({ ambiguous: 1 });
    expect(found.inFlight).toBeUndefined();
    expect(found.lost).toBeUndefined();
  });

  it('for certain where a silent one before it in its chain has failed', () => {
    const ring = ringOf({ flags: SKIP | LINK, done: -5 }, { flags: LINK }, {}, {});
    expect(told(ring).map(([sequence, , , certainty]) => [sequence, certainty])).toEqual([
      [1, 'ambiguous'],
      [2, 'ambiguous'],
      [3, 'certain'],
    ]);
  });

  it('for certain where another gave it a new user_data', () => {
    const rename = (sqe: Buffer): void => {
      sqe.writeBigUInt64LE(0x100000n, 16);
      sqe.writeUInt32LE(4, 24);
    };
    const ring = ringOf({}, { op: POLL_REMOVE, done: 0, edit: rename }, {});
    expect(told(ring).map(([, , , certainty]) => certainty)).toEqual(['ambiguous', 'certain']);
  });
});

describe('a multishot request', () => {
  it('is pending after CQEs that promise more, and says how many', () => {
    const ring = ringOf({ done: 4, more: true }, {});
    const { rows, completed } = reconstruct(ring.image());
    expect(rows.map(({ sequence, completions }) => [sequence, completions])).toEqual([
      [0, 1],
      [1, undefined],
    ]);
    expect(completed).toEqual([
      { operation: 'READ', fd: 5, userData: '0x100000', result: 4, sequence: 0, certainty: 'certain' },
    ]);
  });
});

describe('two requests of one user_data, one of which has ended', () => {
  it('are both in doubt where a third is in flight, and else the later one is inferred', () => {
    const same = (sqe: Buffer): void => {
      sqe.writeBigUInt64LE(7n, 32);
    };
    const [two, three] = [
      ringOf({ edit: same, done: 0 }, { edit: same }),
      ringOf({ edit: same, done: 0 }, { edit: same }, { edit: same }),
    ];
    expect(told(two)).toEqual([[1, 'pending', '-', 'inferred']]);
    expect(told(three).map(([, , , certainty]) => certainty)).toEqual(Array(3).fill('ambiguous'));
    expect(reconstruct(three.image())).toMatchObject({ ambiguous: 3, inFlight: 2 });
  });
});

describe('prepared SQEs', () => {
  it('are certain where the kernel says how far it has come, which its own head may not', () => {
    const ring = ringOf({}, {}, {});
    ring.ring.writeUInt32LE(1, 0);
    const image = ring.image();
    const plain = reconstruct(image);
    expect(plain.rows.map(({ sequence }) => sequence)).toEqual([0]);
    expect(plain.prepared.map(({ sequence, certainty }) => [sequence, certainty])).toEqual([
      [1, 'inferred'],
      [2, 'inferred'],
    ]);
    const hinted = reconstruct(image, { cachedSqHead: 2 });
    expect(hinted.rows.map(({ sequence }) => sequence)).toEqual([0, 1]);
    expect(hinted.prepared.map(({ sequence, certainty }) => [sequence, certainty])).toEqual([[2, 'certain']]);
    expect(reconstruct(image, { cachedSqHead: 9 }).rows).toHaveLength(1);
  });
});

describe('SQEs that are filled and not published', () => {
  it('are not taken for the requests whose slots they took, where others are known to be lost', () => {
    const ring = new SimulatedRing({ ...USUAL, mostInFlight: 8 }, () => 3);
    for (let index = 0; index < 4; index++) ring.fill();
    ring.submit();
    // Of four, the last one completes; three stay. Then forty come and go.
    ring.complete();
    for (let index = 0; index < 40; index++) {
      ring.reap();
      ring.fill();
      ring.submit();
      ring.complete();
    }
    expect(ring.inFlight).toHaveLength(3);
    expect(reconstruct(ring.image())).toMatchObject({ rows: [], inFlight: 3, lost: 3 });
    ring.fill();
    ring.fill();
    const { rows } = reconstruct(ring.image());
    expect(rows.map(({ certainty }) => certainty)).toEqual(['ambiguous', 'ambiguous']);
  });
});

describe('CQEs that overflowed', () => {
  it('leave requests in doubt while nobody says which, and end them when fdinfo does', () => {
    const ring = ringOf({}, {});
    ring.ring.writeUInt32LE(2, 36);
    expect(told(ring).map(([, , , certainty]) => certainty)).toEqual(['ambiguous', 'ambiguous']);
    const { rows, inFlight } = reconstruct(ring.image(), { overflowed: [{ userData: 0x100000n }] });
    expect(rows.map(({ sequence, certainty }) => [sequence, certainty])).toEqual([[1, 'inferred']]);
    expect(inFlight).toBe(1);
  });
});
