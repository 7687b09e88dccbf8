import { closeSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Request, Ring, Sample } from '../../../src/model/sample';
import { opcodeName } from '../../../src/ring/opcodes';
import { compare, paired } from './compare';
import { until } from './proc';
import type { TruthRow, TruthVictim } from './truth';

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

/** Of the header: where the reader asks the victim to hold still, and where it says that it does. */
const HOLD = 16;
const HELD = 24;
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

/** From when the look began, to the millisecond that a Sample tells, until now. */
function lookOf({ takenAt }: Sample): Interval {
  const to = process.hrtime.bigint();
  const since = Date.now() - Date.parse(takenAt) + 1;
  return { from: to - BigInt(since) * 1_000_000n, to };
}

/** The lives during the look, from the victim's log; it holds still meanwhile, for it writes faster than one can read. */
export async function livesDuring(sample: Sample, { victim }: TruthVictim): Promise<Life[] | undefined> {
  const interval = lookOf(sample);
  const log = openSync(join(victim.directory, 'log'), 'r+');
  try {
    writeSync(log, word(1n), 0, 8, HOLD);
    const held = Buffer.alloc(8);
    await until(() => {
      readSync(log, held, 0, 8, HELD);
      return held.readBigUInt64LE(0) === 1n;
    }, 'the victim holds still');
    const lives = livesIn(readFileSync(log), interval);
    writeSync(log, word(0n), 0, 8, HOLD);
    return lives;
  } finally {
    closeSync(log);
  }
}

function word(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
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
  // The counters of a moving ring are not of one moment: an inferred row may stand in the place of a stuck one.
  const guessed = others.filter(({ certainty }) => certainty === 'inferred').length;
  const counted = sample.rings.reduce((sum, ring) => sum + withoutRow(ring) + (ring.ambiguous ?? 0), 0);
  // A poll that fdinfo lists has its row, though not its name.
  const unnamed = sample.requests.length - named.length;
  const allowed = counted + guessed + unnamed;
  return [
    ...compare(own, stuck, 'honest').filter((words) => !words.endsWith('is missing')),
    ...(uncounted > allowed
      ? [`${uncounted} stuck requests are missing, and ${allowed} counted as lost or in doubt`]
      : []),
    ...others.filter((row) => row.certainty === 'certain' && !lived(row, lives)).map(neverThere),
  ];
}

/** Where the Sample does not know how many are in flight, it does not claim that its rows are all. */
function withoutRow({ lost = 0, inFlight, explained = 0 }: Ring): number {
  return inFlight === undefined ? Number.POSITIVE_INFINITY : Math.max(lost, inFlight - explained);
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
