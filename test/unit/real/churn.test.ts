import { describe, expect, it } from 'vitest';
import type { Request, Ring, Sample } from '../../../src/model/sample';
import { compareUnderChurn, livesIn } from '../../real/support/churn';
import type { TruthRow } from '../../real/support/truth';
import { ringOf, sampleOf } from '../samples';

const NOP = 0;
const READ = 22;

interface Record {
  readonly prepared: bigint;
  readonly reaped: bigint;
  readonly userData: bigint;
  readonly opcode: number;
  readonly fd: number;
}

/** As test/victims/churn.c writes it. */
function logOf(capacity: number, count: number, records: readonly Record[]): Buffer {
  const log = Buffer.alloc(32 + capacity * 32);
  log.writeBigUInt64LE(BigInt(capacity), 0);
  log.writeBigUInt64LE(BigInt(count), 8);
  for (const [index, { prepared, reaped, userData, opcode, fd }] of records.entries()) {
    const at = 32 + index * 32;
    log.writeBigUInt64LE(prepared, at);
    log.writeBigUInt64LE(reaped, at + 8);
    log.writeBigUInt64LE(userData, at + 16);
    log.writeUInt32LE(opcode, at + 24);
    log.writeInt32LE(fd, at + 28);
  }
  return log;
}

const nop = (prepared: bigint, reaped: bigint): Record => ({
  prepared,
  reaped,
  userData: prepared,
  opcode: NOP,
  fd: -1,
});

describe('the log of a churning ring', () => {
  it('gives those that lived in the interval', () => {
    const log = logOf(8, 4, [nop(10n, 20n), nop(15n, 40n), nop(35n, 0n), nop(60n, 70n)]);
    const lives = livesIn(log, { from: 30n, to: 50n });
    expect(lives?.map(({ from }) => from)).toEqual([15n, 35n]);
    expect(lives?.[0]).toEqual({ userData: '0xf', operation: 'NOP', fd: -1, from: 15n, to: 40n });
    expect(lives?.[1]).not.toHaveProperty('to');
  });

  it('says nothing where it does not reach back to the beginning', () => {
    const records = [nop(90n, 91n), nop(100n, 101n), nop(50n, 51n), nop(70n, 71n)];
    expect(livesIn(logOf(4, 6, records), { from: 60n, to: 80n })).toHaveLength(1);
    expect(livesIn(logOf(4, 6, records), { from: 40n, to: 80n })).toBeUndefined();
    expect(livesIn(logOf(4, 4, records), { from: 40n, to: 80n })).toHaveLength(2);
  });
});

describe('the comparison under churn', () => {
  const stuck: TruthRow = {
    ring: 3,
    user_data: '0x1000',
    operation: 'READ',
    fd: 6,
    fixed: null,
    length: 1000,
    flags: [],
    state: 'polling',
    alternatives: [],
    operands: {},
    submitter: 7,
  };
  const row = (parts: Partial<Request> = {}): Request => ({
    ring: 1,
    operation: 'READ',
    fd: 6,
    length: 1000,
    userData: '0x1000',
    state: 'polling',
    certainty: 'certain',
    sources: ['ring memory'],
    ...parts,
  });
  const lives = livesIn(
    logOf(2, 2, [nop(10n, 20n), { prepared: 11n, reaped: 0n, userData: 0x77n, opcode: READ, fd: 8 }]),
    { from: 15n, to: 16n },
  );
  const found = (requests: readonly Request[], ring: Partial<Ring> = {}): string[] => {
    const sample: Sample = sampleOf({ rings: [ringOf(ring)], requests });
    return compareUnderChurn(sample, [stuck], lives ?? []);
  };
  const passing = row({ userData: '0x77', fd: 8, length: 8 });

  it('finds nothing where all is right', () => {
    expect(found([row(), passing, row({ userData: '0xa', operation: 'NOP', fd: -1 })])).toEqual([]);
    expect(found([row(), row({ userData: '0xa', operation: 'NOP', fd: null })])).toEqual([]);
  });

  it('names a certain row that was not in flight, or as something else', () => {
    expect(found([row(), row({ userData: '0x78', fd: 8 })])).toEqual([
      'READ 0x78 of descriptor 8 (certain, polling) was not in flight',
    ]);
    expect(found([row(), { ...passing, fd: 9 }])).toHaveLength(1);
    expect(found([row(), { ...passing, operation: 'WRITE' }])).toHaveLength(1);
    expect(found([row(), { ...passing, fd: 9, certainty: 'ambiguous' }])).toEqual([]);
  });

  it('names a stuck one that is missing and not counted', () => {
    expect(found([passing])).toEqual(['1 stuck requests are missing, and 0 counted as lost or in doubt']);
    expect(found([passing], { lost: 1 })).toEqual([]);
    expect(found([passing], { ambiguous: 1 })).toEqual([]);
    expect(found([{ ...passing, certainty: 'inferred' }])).toEqual([]);
  });

  it('names what is wrong of a stuck one', () => {
    expect(found([row({ length: 999 })])).toHaveLength(1);
    expect(found([row({ state: 'completed' })])).toHaveLength(1);
    expect(found([row(), row()])).toHaveLength(1);
  });
});
