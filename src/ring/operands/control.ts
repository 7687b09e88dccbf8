import type { Operand } from '../../model/request';
import { opcodeName } from '../opcodes';
import { type Sqe, sqeFlag } from '../sqe';
import { type Operation, operand, unlessZero } from './operation';
import { type BitNames, bitsText, hex64, high32, low32 } from './words';

const CANCEL: BitNames = [
  ['ALL', 1],
  ['FD', 2],
  ['ANY', 4],
  ['FD_FIXED', 8],
  ['USERDATA', 0x10],
  ['OP', 0x20],
];
const NOP: BitNames = [
  ['INJECT_RESULT', 1],
  ['FILE', 2],
  ['FIXED_FILE', 4],
  ['FIXED_BUFFER', 8],
  ['TW', 0x10],
  ['CQE32', 0x20],
];
const MESSAGE_RING: BitNames = [
  ['CQE_SKIP', 1],
  ['FLAGS_PASS', 2],
];
const COMMAND_FLAGS: BitNames = [
  ['FIXED', 1],
  ['MULTISHOT', 2],
];

/** SOCKET_URING_OP_ (linux/io_uring.h, 6.18). */
const SOCKET_COMMANDS = [
  'SOCKET_URING_OP_SIOCINQ',
  'SOCKET_URING_OP_SIOCOUTQ',
  'SOCKET_URING_OP_GETSOCKOPT',
  'SOCKET_URING_OP_SETSOCKOPT',
  'SOCKET_URING_OP_TX_TIMESTAMP',
  'SOCKET_URING_OP_GETSOCKNAME',
];
const GETSOCKOPT = 2;
const SETSOCKOPT = 3;

const MADVICE: Readonly<Record<number, string>> = {
  0: 'MADV_NORMAL',
  1: 'MADV_RANDOM',
  2: 'MADV_SEQUENTIAL',
  3: 'MADV_WILLNEED',
  4: 'MADV_DONTNEED',
  8: 'MADV_FREE',
  9: 'MADV_REMOVE',
  10: 'MADV_DONTFORK',
  11: 'MADV_DOFORK',
  12: 'MADV_MERGEABLE',
  13: 'MADV_UNMERGEABLE',
  14: 'MADV_HUGEPAGE',
  15: 'MADV_NOHUGEPAGE',
  16: 'MADV_DONTDUMP',
  17: 'MADV_DODUMP',
  18: 'MADV_WIPEONFORK',
  19: 'MADV_KEEPONFORK',
  20: 'MADV_COLD',
  21: 'MADV_PAGEOUT',
  22: 'MADV_POPULATE_READ',
  23: 'MADV_POPULATE_WRITE',
  24: 'MADV_DONTNEED_LOCKED',
  25: 'MADV_COLLAPSE',
};

const noFd = (): { fd: null } => ({ fd: null });

function cancelTarget(sqe: Sqe): string {
  const { opFlags } = sqe;
  if (opFlags & 4) return 'any request';
  const keys: string[] = [];
  if (opFlags & 2) keys.push(opFlags & 8 ? `registered file ${sqe.fd}` : `fd ${sqe.fd}`);
  if (opFlags & 0x20) keys.push(`operation ${opcodeName(sqe.len)}`);
  if (opFlags & 0x10 || keys.length === 0) keys.push(`user_data ${hex64(sqe.addr)}`);
  return keys.join(', ');
}

/**
 * A driver's command. Numbers below 16 are those of sockets; a driver's own are made by _IO(): their second byte is a
 * letter.
 */
function command(sqe: Sqe): Operand[] {
  const number = low32(sqe.off);
  const option = number === GETSOCKOPT || number === SETSOCKOPT;
  return [
    operand('command', SOCKET_COMMANDS[number] ?? `0x${number.toString(16)}`),
    ...(option ? [operand('socket option', `level ${low32(sqe.addr)}, name ${high32(sqe.addr)}`)] : []),
    ...unlessZero('command flags', sqe.opFlags, bitsText(sqe.opFlags, COMMAND_FLAGS)),
    ...(sqe.opFlags & 1 ? [operand('buffer', `registered buffer ${sqe.buffer}`)] : []),
  ];
}

const nop: Operation = {
  fields: (sqe) => (sqe.opFlags & 2 ? {} : { fd: null }),
  operands: (sqe) => [
    ...unlessZero('nop flags', sqe.opFlags, bitsText(sqe.opFlags, NOP)),
    ...(sqe.opFlags & 1 ? [operand('result to give', sqe.len | 0)] : []),
  ],
};

export const CONTROL: Readonly<Record<string, Operation>> = {
  NOP: nop,
  NOP128: nop,
  ASYNC_CANCEL: {
    fields: noFd,
    operands: (sqe) => [
      operand('target', cancelTarget(sqe)),
      ...unlessZero('cancel flags', sqe.opFlags, bitsText(sqe.opFlags, CANCEL)),
    ],
  },
  MADVISE: {
    fields: (sqe) => ({ fd: null, address: sqe.addr, length: sqe.off === 0n ? sqe.len : sqe.off }),
    operands: (sqe) => [operand('advice', MADVICE[sqe.opFlags] ?? sqe.opFlags)],
  },
  FILES_UPDATE: {
    fields: noFd,
    operands: (sqe) =>
      sqe.off === 0xffffffffn
        ? [operand('registered files', `any ${sqe.len} free`)]
        : [operand('registered files', `${sqe.len} from ${sqe.off} on`)],
  },
  PROVIDE_BUFFERS: {
    fields: (sqe) => ({ fd: null, address: sqe.addr, length: sqe.len }),
    operands: (sqe) => [
      operand('buffers', `${sqe.fd} from id ${sqe.off} on`),
      operand('buffer group', sqe.buffer),
    ],
  },
  REMOVE_BUFFERS: {
    fields: noFd,
    operands: (sqe) => [operand('buffers', sqe.fd), operand('buffer group', sqe.buffer)],
  },
  MSG_RING: {
    operands: (sqe) => [
      ...(sqe.addr === 1n
        ? [operand('sends', `registered file ${sqe.addr3}`), ...target(sqe.fileIndex)]
        : [operand('posts', `res ${sqe.len | 0}`)]),
      operand('user_data there', hex64(sqe.off)),
      ...unlessZero('message flags', sqe.opFlags, bitsText(sqe.opFlags, MESSAGE_RING)),
    ],
  },
  URING_CMD: { operands: command },
  URING_CMD128: { operands: command },
  FIXED_FD_INSTALL: {
    operands: (sqe) => unlessZero('install flags', sqe.opFlags, bitsText(sqe.opFlags, [['NO_CLOEXEC', 1]])),
  },
};

function target(fileIndex: number): Operand[] {
  return [
    operand('to', fileIndex === 0xffffffff ? 'any registered file' : `registered file ${fileIndex - 1}`),
  ];
}

/** What any operation can ask for. */
export function generalOperands(sqe: Sqe): Operand[] {
  return [
    ...(sqe.flags & sqeFlag.bufferSelect ? [operand('buffer group', sqe.buffer)] : []),
    ...unlessZero('personality', sqe.personality),
  ];
}
