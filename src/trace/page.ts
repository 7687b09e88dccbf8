import { type PageLayout, USUAL_PAGE } from './format';

/** Types of a record's head (include/linux/ring_buffer.h); those below are lengths in words. */
const PADDING = 29;
const TIME_EXTEND = 30;
const TIME_STAMP = 31;
/** In the field that says how many bytes are written: events were lost before this page, and how many stands behind its data. */
const MISSED = 0x8000_0000;
const MISSED_COUNTED = 0x4000_0000;
const LENGTH = 0x0fff_ffff;
/** Of an absolute stamp the upper 5 bits are those of the one before. */
const STAMP_BITS = 59n;

export interface PageContent {
  /** Events lost before this page; `'unknown'` number where the kernel has not counted them. */
  readonly lost: number | 'unknown';
  /** The page ends within a record, or is none: what stood before is told. */
  readonly damaged: boolean;
}

/** `at` and `end`: of the record in the page, which begins with its u16 type. `time`: nanoseconds after the origin. */
export type OnRecord = (time: number, at: number, end: number) => void;

/**
 * Goes through one page of a ring buffer as trace_pipe_raw gives it (kernel/trace/ring_buffer.c, 4.17+). Times are given from
 * `origin` on, nanoseconds of the trace's clock. Never throws.
 */
export function readPage(
  page: Buffer,
  origin: bigint,
  onRecord: OnRecord,
  { commitSize, data }: PageLayout = USUAL_PAGE,
): PageContent {
  if (page.length < data) return { lost: 0, damaged: true };
  const base = page.readBigUInt64LE(0);
  const commit = page.readUInt32LE(8);
  const written = data + (commit & LENGTH);
  const end = Math.min(written, page.length);
  let time = Number(base - origin);
  let at = data;
  let damaged = written > page.length;
  while (at + 4 <= end) {
    const head = page.readUInt32LE(at);
    const type = head & 31;
    const delta = head >>> 5;
    let start = at + 4;
    let length = type * 4;
    if (type === PADDING) {
      // The rest of the page is empty.
      if (delta === 0) break;
      if (start + 4 > end) {
        damaged = true;
        break;
      }
      time += delta;
      at = start + page.readUInt32LE(start);
      if (at > end) damaged = true;
      continue;
    }
    if (type === TIME_EXTEND || type === TIME_STAMP) {
      if (start + 4 > end) {
        damaged = true;
        break;
      }
      const high = page.readUInt32LE(start);
      if (type === TIME_EXTEND) time += high * 2 ** 27 + delta;
      else time = absolute(origin, time, (BigInt(high) << 27n) | BigInt(delta));
      at = start + 4;
      continue;
    }
    time += delta;
    if (type === 0) {
      length = start + 4 > end ? 0 : page.readUInt32LE(start) - 4;
      start += 4;
    }
    if (length < 2 || start + length > end) {
      damaged = true;
      break;
    }
    onRecord(time, start, start + length);
    at = start + length + (-length & 3);
  }
  return { lost: lostBefore(page, commit, written, commitSize), damaged };
}

function absolute(origin: bigint, time: number, stamp: bigint): number {
  const before = origin + BigInt(Math.trunc(time));
  return Number(((before >> STAMP_BITS) << STAMP_BITS) + stamp - origin);
}

function lostBefore(page: Buffer, commit: number, written: number, commitSize: 4 | 8): PageContent['lost'] {
  if ((commit & MISSED) === 0) return 0;
  if ((commit & MISSED_COUNTED) === 0 || written + commitSize > page.length) return 'unknown';
  return commitSize === 8 ? Number(page.readBigUInt64LE(written)) : page.readUInt32LE(written);
}
