import { setFlagsFromString } from 'node:v8';
import { describe, expect, it } from 'vitest';
import type { WalkedRequest } from '../../../../src/kernel/walked';
import * as merging from '../../../../src/sample/requests/merging';
import type { Remembered } from '../../../../src/sample/requests/remembered';
import { atOnce } from '../../../../src/target/turns';

const mergeWalked = (...args: Parameters<typeof merging.mergeWalked>) => atOnce(merging.mergeWalked(...args));
const numbered = (rows: readonly merging.Row[]) => atOnce(merging.numbered(rows));

const walked = (more: Partial<WalkedRequest>): WalkedRequest => ({
  key: 'a',
  operation: 'READ',
  userData: '0x1',
  state: 'polling',
  certainty: 'certain',
  sources: ['kernel walk'],
  flags: ['ASYNC'],
  ...more,
});
const remembered = (more: Partial<Remembered>): Remembered => ({
  operation: 'READ',
  userData: '0x1',
  fd: 6,
  offset: 0,
  length: 4096,
  sequence: 7,
  flags: [],
  certainty: 'certain',
  sources: ['ring memory'],
  key: '1:7',
  ...more,
});
const proven = (unexplained: number) => ({ unexplained, consistent: true });

describe('what the walk and the memory of a ring know of one request', () => {
  it('is one row: the place of the one, the operands and the flags of the other', () => {
    const [row, ...others] = mergeWalked(
      3,
      [walked({ worker: 12, state: 'running' })],
      [remembered({ operands: [{ name: 'rw flags', value: 'RWF_NOWAIT' }] })],
      proven(0),
    );
    expect(others).toEqual([]);
    expect(row).toMatchObject({
      ...{ ring: 3, state: 'running', worker: 12, fd: 6, length: 4096, sequence: 7, flags: [] },
      ...{ certainty: 'certain', sources: ['kernel walk', 'ring memory'] },
      operands: [{ name: 'rw flags', value: 'RWF_NOWAIT' }],
    });
  });

  it('is told apart by file and place where user_data is the same', () => {
    const rows = mergeWalked(
      1,
      [walked({ key: 'a', fd: 6, offset: 8192 }), walked({ key: 'b', fd: 6, offset: 0 })],
      [remembered({ offset: 0, sequence: 1 }), remembered({ offset: 8192, sequence: 2 })],
      proven(0),
    );
    expect(rows.map(({ offset, sequence }) => [offset, sequence])).toEqual([
      [8192, 2],
      [0, 1],
    ]);
  });

  it('is not mixed where nothing tells two requests apart: no row gets a sequence that may be the other’s', () => {
    const both = [remembered({ sequence: 1, length: 10 }), remembered({ sequence: 2, length: 20 })];
    const rows = mergeWalked(1, [walked({ key: 'a' }), walked({ key: 'b' })], both, proven(0));
    expect(rows).toHaveLength(2);
    for (const row of rows) {
      expect(row).not.toHaveProperty('sequence');
      expect(row).not.toHaveProperty('length');
    }
  });

  it('does not take a row that says something else for the same', () => {
    const rows = mergeWalked(1, [walked({ fd: 9 })], [remembered({ fd: 6 })], proven(0));
    expect(rows).toEqual([expect.objectContaining({ fd: 9, sources: ['kernel walk'] })]);
  });
});

describe('what stands in memory and on no list of the kernel', () => {
  it('has ended meanwhile where the kernel counts nothing more', () => {
    expect(mergeWalked(1, [], [remembered({})], proven(0))).toEqual([]);
  });

  it('was issued inline where the kernel counts as many more, for certain; what was in doubt has ended then', () => {
    const rows = mergeWalked(
      1,
      [],
      [remembered({}), remembered({ userData: '0x2', certainty: 'ambiguous' })],
      proven(1),
    );
    expect(rows).toEqual([
      expect.objectContaining({ userData: '0x1', state: 'issued', certainty: 'certain' }),
    ]);
  });

  it('stays in doubt where the sum would come out only if it were pending: nothing is promoted', () => {
    const rows = mergeWalked(
      1,
      [],
      [remembered({}), remembered({ userData: '0x2', certainty: 'ambiguous' })],
      proven(2),
    );
    expect(rows.map(({ certainty }) => certainty)).toEqual(['certain', 'ambiguous']);
  });

  it('is no more than likely where memory shows more than the kernel counts', () => {
    const rows = mergeWalked(1, [], [remembered({}), remembered({ userData: '0x2' })], proven(1));
    expect(rows.map(({ certainty }) => certainty)).toEqual(['inferred', 'inferred']);
  });

  it('has ended where it is in doubt and nothing more is alive, though the kernel keeps no count', () => {
    const left = [remembered({}), remembered({ userData: '0x2', certainty: 'ambiguous' })];
    const kept = (complete: boolean) => mergeWalked(1, [], left, { consistent: true, complete });
    expect(kept(false).map(({ certainty }) => certainty)).toEqual(['inferred', 'ambiguous']);
    expect(kept(true).map(({ userData }) => userData)).toEqual(['0x1']);
    expect(mergeWalked(1, [], left, { consistent: false, complete: true })).toHaveLength(2);
  });

  it('is found where one side does not say its address or descriptor', () => {
    const rows = mergeWalked(
      1,
      [walked({ key: 'a', address: '0x10', fd: 6 }), walked({ key: 'b', userData: '0x2' })],
      [remembered({ address: '0x10', sequence: 1 }), remembered({ userData: '0x2', address: '0x20' })],
      proven(0),
    );
    expect(rows.map(({ address, sequence }) => [address, sequence])).toEqual([
      ['0x10', 1],
      ['0x20', 7],
    ]);
  });

  it('is found soon among tens of thousands of one user_data, listed in another order', () => {
    const address = (index: number) => `0x${(index * 64).toString(16)}`;
    const numbers = Array.from({ length: 30_000 }, (_, index) => index);
    const began = performance.now();
    const rows = mergeWalked(
      1,
      numbers.toReversed().map((index) => walked({ fd: 6, address: address(index) })),
      numbers.map((sequence) => remembered({ sequence, address: address(sequence) })),
      proven(0),
    );
    expect(rows.every((row) => row.address === address(row.sequence ?? -1))).toBe(true);
    // 0.3 s; minutes where each is compared with all.
    expect(performance.now() - began).toBeLessThan(10_000);
  });

  it('is a row that the engine has one hidden class for, as all of the same fields', () => {
    setFlagsFromString('--allow-natives-syntax');
    const shareClass = new Function('a', 'b', 'return %HaveSameMap(a, b)');
    const numbers = Array.from({ length: 5000 }, (_, index) => index);
    const requests = numbers.map((offset) => walked({ fd: 6, offset }));
    const rows = mergeWalked(1, requests, [], proven(0));
    expect(rows.filter((row) => !shareClass(row, rows.at(-1))).length).toBeLessThan(100);
    setFlagsFromString('--no-allow-natives-syntax');
  });

  it('is a guess in all that the lists say where these moved while they were read', () => {
    const [one, other] = mergeWalked(1, [walked({ worker: 9 })], [remembered({ userData: '0x2' })], {
      unexplained: 1,
      consistent: false,
    });
    expect(one?.inferred).toEqual(['state', 'worker']);
    expect(other).toMatchObject({ certainty: 'inferred', inferred: ['state'] });
  });
});

it('names the one a request waits behind by its index, if that is in the list', () => {
  const rows = numbered([
    { ...walked({}), ring: 1, key: 'x' },
    { ...walked({}), ring: 1, key: 'y', afterKey: 'x' },
    { ...walked({}), ring: 1, key: 'z', afterKey: 'gone' },
  ]);
  expect(rows.map(({ after }) => after)).toEqual([undefined, 0, undefined]);
  expect(rows[0]).not.toHaveProperty('key');
});
