import { decodeOctalEscapes } from './escapes';
import {
  type FdinfoCqe,
  type FdinfoOverflow,
  type FdinfoPoll,
  type FdinfoSqe,
  readCqe,
  readOverflow,
  readPoll,
  readSqe,
} from './ioUringRows';
import { linesOf } from './lines';
import { decimal, hex } from './numbers';

/** Free-running 32-bit counters (5.16+). Cached ones are the kernel's own; the others the program can write. */
export interface RingCounters {
  readonly sqMask: number;
  readonly sqHead: number;
  readonly sqTail: number;
  readonly cachedSqHead?: number;
  readonly cqMask: number;
  readonly cqHead: number;
  readonly cqTail: number;
  readonly cachedCqTail?: number;
}

export interface RegisteredFile {
  readonly index: number;
  /** The last part of the path up to 6.12, empty for what has none; the whole path, or `pipe:[…]`, in 6.18. */
  readonly name: string;
}

export interface RegisteredBuffer {
  readonly index: number;
  readonly address: string;
  /** Bytes. */
  readonly length: number;
}

export interface IoUringFdinfo {
  counters?: RingCounters;
  /** False when the kernel printed nothing of the ring: a task held its lock (6.14.8, 6.15 and later). */
  body: boolean;
  sqes: FdinfoSqe[];
  /** How many the kernel counts; its list may be shorter (a ring without an SQ array, a user's bad index). */
  sqeCount?: number;
  cqes: FdinfoCqe[];
  cqeCount?: number;
  /** Tid of the SQPOLL thread; null where it prints −1: none, or (before 6.9) one that the lock hides. */
  sqThread?: number | null;
  sqThreadCpu?: number | null;
  /** Microseconds, 6.9+. */
  sqTotalTime?: number;
  sqWorkTime?: number;
  userFiles?: number;
  /** Slots in use whose name is beyond doubt. */
  files: RegisteredFile[];
  userBufs?: number;
  bufs: RegisteredBuffer[];
  polls: FdinfoPoll[];
  overflow: FdinfoOverflow[];
  /** `disabled`, `enabled` (6.9+). */
  napi?: string;
  unreadable: number;
}

/*
 * The kernel prints the sections in one order, and only the rows of registered files hold text of the target's
 * choice (raw up to 6.12). So the head is read down to the first `UserFiles:`, and the tail from the last
 * `UserBufs:` on: what a name forges between them is never taken for a counter, an SQE or a poll.
 *
 * Checked against captures: 5.10, 6.1, 6.12, 6.18. From the kernel's source: 5.6–5.9, 5.16–6.0 (opcode as a number,
 * short SQE rows), 7.x (`flags:` in CQE rows), SQE128, CQE32 and NAPI rows.
 */
export function parseIoUringFdinfo(text: string): IoUringFdinfo {
  const lines = linesOf(text);
  const info: IoUringFdinfo = {
    body: false,
    sqes: [],
    cqes: [],
    files: [],
    bufs: [],
    polls: [],
    overflow: [],
    unreadable: 0,
  };
  const start = lines.findIndex((line) => HEAD_KEY.test(line));
  if (start < 0) {
    return info;
  }
  info.body = true;
  let files = lines.findIndex((line, index) => index >= start && USER_FILES.test(line));
  files = files < 0 ? lines.length : files;
  let bufs = lines.findLastIndex((line, index) => index > files && USER_BUFS.test(line));
  bufs = bufs < 0 ? lines.length : bufs;

  readHead(info, lines.slice(start, files));
  readFiles(info, lines.slice(files, bufs));
  readTail(info, lines.slice(bufs));
  return info;
}

const HEAD_KEY = /^(?:SqMask|SqHead|SqThread|UserFiles):\t/;
const USER_FILES = /^UserFiles:\t\d{1,10}$/;
const USER_BUFS = /^UserBufs:\t\d{1,10}$/;
const KEY_LINE = /^([A-Za-z]{1,16}):\s*(\S{0,32})$/;

type Section = 'counters' | 'sqes' | 'cqes' | 'thread';

function readHead(info: IoUringFdinfo, lines: readonly string[]): void {
  const values = new Map<string, string>();
  let section: Section = 'counters';
  for (const line of lines) {
    const [, key = '', value = ''] = KEY_LINE.exec(line) ?? [];
    if (key !== '') {
      if (values.has(key)) {
        info.unreadable++;
        continue;
      }
      values.set(key, value);
      section =
        key === 'SQEs' ? 'sqes' : key === 'CQEs' ? 'cqes' : key.startsWith('SqT') ? 'thread' : section;
    } else if (line !== '' && !readHeadRow(info, section, line)) {
      info.unreadable++;
    }
  }
  const counters = countersFrom(values);
  if (counters !== undefined) {
    info.counters = counters;
  }
  setNumber(info, 'sqeCount', decimal(values.get('SQEs')));
  setNumber(info, 'cqeCount', decimal(values.get('CQEs')));
  setNumber(info, 'sqTotalTime', decimal(values.get('SqTotalTime')));
  setNumber(info, 'sqWorkTime', decimal(values.get('SqWorkTime')));
  const thread = decimal(values.get('SqThread'));
  if (thread !== undefined) {
    info.sqThread = thread < 0 ? null : thread;
  }
  const cpu = decimal(values.get('SqThreadCpu'));
  if (cpu !== undefined) {
    info.sqThreadCpu = cpu < 0 ? null : cpu;
  }
}

function readHeadRow(info: IoUringFdinfo, section: Section, line: string): boolean {
  if (section === 'sqes') {
    const sqe = readSqe(line);
    if (sqe !== undefined) {
      info.sqes.push(sqe);
    }
    // 6.19 says in words that an SQE is no good; that is read, and is no row.
    return sqe !== undefined || /^ {0,4}\d{1,10}: (?:invalid|corrupted) sqe, /.test(line);
  }
  const cqe = section === 'cqes' ? readCqe(line) : undefined;
  if (cqe !== undefined) {
    info.cqes.push(cqe);
  }
  return cqe !== undefined;
}

function countersFrom(values: ReadonlyMap<string, string>): RingCounters | undefined {
  const sqMask = hex(values.get('SqMask'));
  const sqHead = decimal(values.get('SqHead'));
  const sqTail = decimal(values.get('SqTail'));
  const cachedSqHead = decimal(values.get('CachedSqHead'));
  const cqMask = hex(values.get('CqMask'));
  const cqHead = decimal(values.get('CqHead'));
  const cqTail = decimal(values.get('CqTail'));
  const cachedCqTail = decimal(values.get('CachedCqTail'));
  if (
    sqMask === undefined ||
    sqHead === undefined ||
    sqTail === undefined ||
    cqMask === undefined ||
    cqHead === undefined ||
    cqTail === undefined
  ) {
    return undefined;
  }
  return {
    sqMask,
    sqHead,
    sqTail,
    cqMask,
    cqHead,
    cqTail,
    ...(cachedSqHead === undefined ? {} : { cachedSqHead }),
    ...(cachedCqTail === undefined ? {} : { cachedCqTail }),
  };
}

const FILE_ROW = /^ {0,4}(\d{1,10}): (.*)$/s;

/**
 * Kernels that print raw names print a row for every slot, so a row that a name forges makes its index stand
 * twice: such a slot is left without a name.
 */
function readFiles(info: IoUringFdinfo, lines: readonly string[]): void {
  const count = decimal(lines[0]?.slice('UserFiles:\t'.length));
  if (count === undefined) {
    return;
  }
  info.userFiles = count;
  const names = new Map<number, string | undefined>();
  for (const line of lines.slice(1)) {
    const match = FILE_ROW.exec(line);
    const index = decimal(match?.[1]);
    if (index === undefined || index >= count) {
      info.unreadable++;
    } else if (names.has(index)) {
      info.unreadable++;
      names.set(index, undefined);
    } else {
      names.set(index, match?.[2] ?? '');
    }
  }
  for (const [index, name] of names) {
    if (name !== undefined && name !== '<none>') {
      info.files.push({ index, name: name.startsWith('/') ? decodeOctalEscapes(name) : name });
    }
  }
}

/** The length has more than 32 bits from 7.x on. */
const BUFFER_ROW = /^ {0,4}(\d{1,10}): (0x[0-9a-f]{1,16})\/(\d{1,15})$/;
const EMPTY_ROW = /^ {0,4}\d{1,10}: <none>$/;
/** Credentials of a personality: an id, then tab-indented lines. */
const PERSONALITY_ROW = /^ {0,4}\d{1,10}$|^\t(?:Uid|Gid|Groups|CapEff):/;
const NAPI_ROW = /^napi[ _a-z]{1,32}:/;

function readTail(info: IoUringFdinfo, lines: readonly string[]): void {
  const order = ['UserBufs', 'Personalities', 'PollList', 'CqOverflowList', 'NAPI'];
  let section = -1;
  for (const line of lines) {
    const [, key = '', value = ''] = SECTION_LINE.exec(line) ?? [];
    const next = order.indexOf(key);
    if (next > section) {
      section = next;
      if (key === 'UserBufs') {
        setNumber(info, 'userBufs', decimal(value));
      } else if (key === 'NAPI') {
        info.napi = value;
      }
    } else if (line !== '' && !readTailRow(info, order[section], line)) {
      info.unreadable++;
    }
  }
}

const SECTION_LINE = /^(UserBufs|Personalities|PollList|CqOverflowList|NAPI):(?:\t(.{0,64}))?$/;

function readTailRow(info: IoUringFdinfo, section: string | undefined, line: string): boolean {
  switch (section) {
    case 'UserBufs': {
      const [, index, address, length] = BUFFER_ROW.exec(line) ?? [];
      if (address === undefined) {
        return EMPTY_ROW.test(line);
      }
      info.bufs.push({ index: Number(index), address, length: Number(length) });
      return true;
    }
    case 'Personalities':
      return PERSONALITY_ROW.test(line);
    case 'PollList': {
      const poll = readPoll(line);
      if (poll !== undefined) {
        info.polls.push(poll);
      }
      return poll !== undefined;
    }
    case 'CqOverflowList': {
      const overflow = readOverflow(line);
      if (overflow !== undefined) {
        info.overflow.push(overflow);
      }
      return overflow !== undefined;
    }
    default:
      return NAPI_ROW.test(line);
  }
}

function setNumber(
  info: IoUringFdinfo,
  field: 'sqeCount' | 'cqeCount' | 'sqTotalTime' | 'sqWorkTime' | 'userBufs',
  value: number | undefined,
): void {
  if (value !== undefined) {
    info[field] = value;
  }
}
