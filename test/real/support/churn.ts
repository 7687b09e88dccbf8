import { readFileSync } from 'node:fs';
import type { Request, Sample } from '../../../src/model/sample';
import { opcodeName } from '../../../src/ring/opcodes';
import { compare, paired } from './compare';
import type { TruthRow } from './truth';

/** One request of `churn`, in nanoseconds of CLOCK_MONOTONIC: from before it was prepared until after it was reaped. */
export interface Life {
  readonly userData: string;
  readonly operation: string;
  readonly fd: number;
  readonly from: bigint;
  /** undefined while it is in flight. */
  readonly to?: bigint;
}

export interface Interval {
  readonly from: bigint;
  readonly to: bigint;
}

const HEADER = 32;
const RECORD = 32;

/**
 * The lives that overlap with the interval, from the file `log` that test/victims/churn.c keeps. undefined where it has
 * been written over since the interval began: then nothing can be said.
 */
export function livesIn(log: Buffer, { from, to }: Interval): Life[] | undefined {
  const capacity = log.readBigUInt64LE(0);
  const count = log.readBigUInt64LE(8);
  const lives: Life[] = [];
  for (let at = HEADER; at + RECORD <= log.length; at += RECORD) {
    const prepared = log.readBigUInt64LE(at);
    const reaped = log.readBigUInt64LE(at + 8);
    if (prepared === 0n || prepared > to || (reaped !== 0n && reaped < from)) continue;
    lives.push({
      userData: `0x${log.readBigUInt64LE(at + 16).toString(16)}`,
      operation: opcodeName(log.readUInt32LE(at + 24)),
      fd: log.readInt32LE(at + 28),
      from: prepared,
      ...(reaped === 0n ? {} : { to: reaped }),
    });
  }
  if (count <= capacity) return lives;
  const oldest = log.readBigUInt64LE(HEADER + Number(count % capacity) * RECORD);
  return oldest < from ? lives : undefined;
}

export function readLives(path: string, interval: Interval): Life[] | undefined {
  return livesIn(readFileSync(path), interval);
}

/**
 * What a Sample taken under churn says that is not so: each certain row is one of those that are stuck, right in every
 * field, or was in flight while the Sample was taken; and of those that are stuck none is missing that is not counted.
 */
export function compareUnderChurn(
  sample: Sample,
  stuck: readonly TruthRow[],
  lives: readonly Life[],
): string[] {
  const known = new Set(stuck.map((told) => told.user_data));
  // Polls that fdinfo only counts have no user_data: whose they are cannot be told.
  const named = sample.requests.filter(({ userData }) => userData !== undefined);
  const own = { ...sample, requests: named.filter(({ userData }) => known.has(userData ?? '')) };
  const others = named.filter((row) => !own.requests.includes(row));
  const uncounted = paired(own, stuck).missing.length;
  const allowed = sample.rings.reduce((sum, { lost, ambiguous }) => sum + (lost ?? 0) + (ambiguous ?? 0), 0);
  return [
    ...compare(own, stuck, 'honest').filter((words) => !words.endsWith('is missing')),
    ...(uncounted > allowed
      ? [`${uncounted} stuck requests are missing, and ${allowed} counted as lost`]
      : []),
    ...others.filter((row) => row.certainty === 'certain' && !lived(row, lives)).map(neverThere),
  ];
}

function lived(row: Request, lives: readonly Life[]): boolean {
  return lives.some(
    ({ userData, operation, fd }) =>
      userData === row.userData &&
      (row.operation === 'UNKNOWN' || row.operation === operation) &&
      (row.fd === undefined || (row.fd ?? -1) === fd),
  );
}

function neverThere({ operation, userData, fd, state }: Request): string {
  return `${operation} ${userData} of descriptor ${fd} (certain, ${state}) was not in flight`;
}
