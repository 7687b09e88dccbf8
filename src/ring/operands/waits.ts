import type { Operand } from '../../model/request';
import type { Sqe } from '../sqe';
import { type Operation, operand, type Pointer, unlessZero } from './operation';
import { POLL_EVENTS } from './pollEvents';
import { type BitNames, bitsText, hex64, nameOf, secondsText } from './words';

const EPOLL: BitNames = POLL_EVENTS.map(([name, bits]) => [name.replace(/^POLL/, 'EPOLL'), bits] as const);

/** IORING_POLL_, in `len`. */
const POLL_FLAGS: BitNames = [
  ['MULTI', 1],
  ['UPDATE_EVENTS', 2],
  ['UPDATE_USER_DATA', 4],
  ['LEVEL', 8],
];

const TIMEOUT: BitNames = [
  ['ABS', 1],
  ['UPDATE', 2],
  ['BOOTTIME', 4],
  ['REALTIME', 8],
  ['LINK_TIMEOUT_UPDATE', 0x10],
  ['ETIME_SUCCESS', 0x20],
  ['MULTISHOT', 0x40],
  ['IMMEDIATE_ARG', 0x80],
];
const ABSOLUTE = 1;
const UPDATE = 2 | 0x10;
const BOOTTIME = 4;
const REALTIME = 8;
const IMMEDIATE = 0x80;

const FUTEX: BitNames = [
  ['FUTEX2_SIZE_U64', 3],
  ['FUTEX2_SIZE_U32', 2],
  ['FUTEX2_SIZE_U16', 1],
  ['FUTEX2_NUMA', 4],
  ['FUTEX2_MPOL', 8],
  ['FUTEX2_PRIVATE', 0x80],
];

const WAIT_FOR = ['P_ALL', 'P_PID', 'P_PGID', 'P_PIDFD'];
const WAIT_OPTIONS: BitNames = [
  ['WNOHANG', 1],
  ['WSTOPPED', 2],
  ['WEXITED', 4],
  ['WCONTINUED', 8],
  ['WNOWAIT', 0x01000000],
];

const EPOLL_OPERATIONS = ['0', 'EPOLL_CTL_ADD', 'EPOLL_CTL_DEL', 'EPOLL_CTL_MOD'];

function timeText(flags: number, seconds: bigint, nanoseconds: bigint): string {
  const text = secondsText(seconds, nanoseconds);
  if (!(flags & ABSOLUTE)) return text;
  const clock = flags & REALTIME ? 'CLOCK_REALTIME' : flags & BOOTTIME ? 'CLOCK_BOOTTIME' : 'CLOCK_MONOTONIC';
  return `until ${text} of ${clock}`;
}

const BILLION = 1_000_000_000n;

/** The time itself, where the SQE holds nanoseconds in place of a pointer. */
function immediate(flags: number, value: bigint): Operand[] {
  return flags & IMMEDIATE ? [operand('timeout', timeText(flags, value / BILLION, value % BILLION))] : [];
}

/** struct __kernel_timespec. */
function timeAt(flags: number, address: bigint): Pointer[] {
  if (flags & IMMEDIATE || address === 0n) return [];
  return [
    {
      address,
      length: 16,
      read: (bytes) => {
        if (bytes.length < 16) return [];
        const nanoseconds = bytes.readBigInt64LE(8);
        if (nanoseconds < 0n || nanoseconds >= BILLION) return [];
        return [operand('timeout', timeText(flags, bytes.readBigInt64LE(0), nanoseconds))];
      },
    },
  ];
}

const noFd = (): { fd: null } => ({ fd: null });
const timeoutFlags = (sqe: Sqe): Operand[] =>
  unlessZero('timeout flags', sqe.opFlags, bitsText(sqe.opFlags, TIMEOUT));

const futex: Operation = {
  fields: (sqe) => ({ fd: null, address: sqe.addr }),
  operands: (sqe) => [
    operand('value', hex64(sqe.off)),
    operand('mask', hex64(sqe.addr3)),
    operand('futex flags', bitsText(sqe.fd, FUTEX)),
  ],
};

/** FUTEX_WAITV_MAX. */
const MAX_FUTEXES = 128;

/** An array of struct futex_waitv: value, address, flags. */
function futexes(bytes: Buffer): Operand[] {
  const few: string[] = [];
  for (let at = 0; at + 24 <= bytes.length && few.length < 8; at += 24) {
    few.push(`${hex64(bytes.readBigUInt64LE(at + 8))} = ${hex64(bytes.readBigUInt64LE(at))}`);
  }
  return few.length === 0
    ? []
    : [operand('waits for', few.join(', ') + (bytes.length > 8 * 24 ? ', …' : ''))];
}

export const WAITS: Readonly<Record<string, Operation>> = {
  POLL_ADD: {
    operands: (sqe) => [
      operand('poll events', bitsText(sqe.opFlags, POLL_EVENTS)),
      ...unlessZero('poll flags', sqe.len, bitsText(sqe.len, POLL_FLAGS)),
    ],
  },
  POLL_REMOVE: {
    fields: noFd,
    operands: (sqe) => [
      operand('target', `user_data ${hex64(sqe.addr)}`),
      ...unlessZero('poll flags', sqe.len, bitsText(sqe.len, POLL_FLAGS)),
      ...(sqe.len & 2 ? [operand('new poll events', bitsText(sqe.opFlags, POLL_EVENTS))] : []),
      ...(sqe.len & 4 ? [operand('new user_data', hex64(sqe.off))] : []),
    ],
  },
  TIMEOUT: {
    fields: noFd,
    operands: (sqe) => [
      ...immediate(sqe.opFlags, sqe.addr),
      ...(sqe.off === 0n ? [] : [operand('or completions', sqe.off)]),
      ...timeoutFlags(sqe),
    ],
    pointers: (sqe) => timeAt(sqe.opFlags, sqe.addr),
  },
  LINK_TIMEOUT: {
    fields: noFd,
    operands: (sqe) => [...immediate(sqe.opFlags, sqe.addr), ...timeoutFlags(sqe)],
    pointers: (sqe) => timeAt(sqe.opFlags, sqe.addr),
  },
  TIMEOUT_REMOVE: {
    fields: noFd,
    operands: (sqe) => [
      operand('target', `user_data ${hex64(sqe.addr)}`),
      ...(sqe.opFlags & UPDATE ? immediate(sqe.opFlags, sqe.off) : []),
      ...timeoutFlags(sqe),
    ],
    pointers: (sqe) => (sqe.opFlags & UPDATE ? timeAt(sqe.opFlags, sqe.off) : []),
  },
  FUTEX_WAIT: futex,
  FUTEX_WAKE: {
    ...futex,
    operands: (sqe, arch) => [operand('wakes', sqe.off), ...(futex.operands?.(sqe, arch) ?? []).slice(1)],
  },
  FUTEX_WAITV: {
    fields: (sqe) => ({ fd: null, address: sqe.addr }),
    operands: (sqe) => [operand('futexes', sqe.len)],
    pointers: (sqe) =>
      sqe.len === 0
        ? []
        : [{ address: sqe.addr, length: Math.min(sqe.len, MAX_FUTEXES) * 24, read: futexes }],
  },
  WAITID: {
    fields: noFd,
    operands: (sqe) => [
      operand('waits for', `${nameOf(sqe.len, WAIT_FOR)}${sqe.len === 0 ? '' : ` ${sqe.fd}`}`),
      operand('wait options', bitsText(sqe.fileIndex, WAIT_OPTIONS)),
    ],
  },
  EPOLL_CTL: {
    operands: (sqe) => [
      operand('epoll operation', nameOf(sqe.len, EPOLL_OPERATIONS)),
      operand('watched', `fd ${Number(BigInt.asIntN(32, sqe.off))}`),
    ],
    // EPOLL_CTL_DEL looks at no event.
    pointers: (sqe) =>
      sqe.len === 2 || sqe.addr === 0n
        ? []
        : [
            {
              address: sqe.addr,
              length: 4,
              read: (bytes) =>
                bytes.length < 4 ? [] : [operand('epoll events', bitsText(bytes.readUInt32LE(0), EPOLL))],
            },
          ],
  },
  EPOLL_WAIT: {
    fields: (sqe) => ({ address: sqe.addr }),
    operands: (sqe) => [operand('most events', sqe.len)],
  },
};
