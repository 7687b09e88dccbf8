import type { Operand } from '../../model/request';
import type { Sqe } from '../sqe';
import { installedFile, type Operation, operand, type Pointer, unlessZero } from './operation';
import { bufferOf, vectors } from './readWrite';
import { ADDRESS_BYTES, socketAddressText } from './socketAddress';
import { type BitNames, bitsText, low32, nameOf } from './words';

/** MSG_ flags (linux/socket.h). */
const MESSAGE: BitNames = [
  ['MSG_OOB', 1],
  ['MSG_PEEK', 2],
  ['MSG_DONTROUTE', 4],
  ['MSG_CTRUNC', 8],
  ['MSG_TRUNC', 0x20],
  ['MSG_DONTWAIT', 0x40],
  ['MSG_EOR', 0x80],
  ['MSG_WAITALL', 0x100],
  ['MSG_CONFIRM', 0x800],
  ['MSG_ERRQUEUE', 0x2000],
  ['MSG_NOSIGNAL', 0x4000],
  ['MSG_MORE', 0x8000],
  ['MSG_WAITFORONE', 0x10000],
  ['MSG_ZEROCOPY', 0x4000000],
  ['MSG_FASTOPEN', 0x20000000],
  ['MSG_CMSG_CLOEXEC', 0x40000000],
];

/** IORING_RECVSEND_ and its like, in `ioprio`. */
const RECEIVE: BitNames = [
  ['POLL_FIRST', 1],
  ['MULTISHOT', 2],
  ['FIXED_BUF', 4],
  ['BUNDLE', 0x10],
];
const SEND: BitNames = [
  ['POLL_FIRST', 1],
  ['FIXED_BUF', 4],
  ['ZC_REPORT_USAGE', 8],
  ['BUNDLE', 0x10],
  ['VECTORIZED', 0x20],
];
const ACCEPT: BitNames = [
  ['MULTISHOT', 1],
  ['DONTWAIT', 2],
  ['POLL_FIRST', 4],
];
const SOCKET_FLAGS: BitNames = [
  ['SOCK_NONBLOCK', 0o4000],
  ['SOCK_CLOEXEC', 0o2000000],
];
const FIXED_BUFFER = 4;
const VECTORIZED = 0x20;

const FAMILIES: Readonly<Record<number, string>> = {
  1: 'AF_UNIX',
  2: 'AF_INET',
  10: 'AF_INET6',
  16: 'AF_NETLINK',
  17: 'AF_PACKET',
  40: 'AF_VSOCK',
  44: 'AF_XDP',
};
const TYPES = ['0', 'SOCK_STREAM', 'SOCK_DGRAM', 'SOCK_RAW', 'SOCK_RDM', 'SOCK_SEQPACKET'];
const SHUTDOWN = ['SHUT_RD', 'SHUT_WR', 'SHUT_RDWR'];

function addressAt(name: string, address: bigint, length: number | bigint): Pointer[] {
  const few = Math.min(Number(length), ADDRESS_BYTES);
  if (address === 0n || few < 2) return [];
  const read = (bytes: Buffer): Operand[] => {
    const text = socketAddressText(bytes);
    return text === undefined ? [] : [operand(name, text)];
  };
  return [{ address, length: few, read }];
}

const messageFlags = (sqe: Sqe): Operand[] =>
  unlessZero('message flags', sqe.opFlags, bitsText(sqe.opFlags, MESSAGE));

function transfer(sqe: Sqe, names: BitNames): Operand[] {
  return [
    ...messageFlags(sqe),
    ...unlessZero('flags', sqe.ioprio, bitsText(sqe.ioprio, names)),
    ...(sqe.ioprio & FIXED_BUFFER ? [operand('buffer', `registered buffer ${sqe.buffer}`)] : []),
  ];
}

/** struct user_msghdr: name, namelen, iov, iovlen, control, controllen, flags. */
const MESSAGE_BYTES = 56;

function message(address: bigint, sends: boolean): Pointer[] {
  return [
    {
      address,
      length: MESSAGE_BYTES,
      read: (bytes) => {
        if (bytes.length < MESSAGE_BYTES) return [];
        const control = bytes.readBigUInt64LE(40);
        return [
          operand('vectors', bytes.readBigUInt64LE(24)),
          ...(control === 0n ? [] : [operand('control length', control)]),
        ];
      },
      next: (bytes) => {
        if (bytes.length < MESSAGE_BYTES) return [];
        const count = bytes.readBigUInt64LE(24);
        return [
          ...vectors(bytes.readBigUInt64LE(16), count > 1024n ? 0 : Number(count)),
          // What stands there before a message has come is nobody's name.
          ...(sends ? addressAt('peer', bytes.readBigUInt64LE(0), bytes.readUInt32LE(8)) : []),
        ];
      },
    },
  ];
}

const sending: Operation = {
  fields: bufferOf,
  operands: (sqe) => transfer(sqe, SEND),
  pointers: (sqe) => [
    ...addressAt('peer', sqe.off, sqe.fileIndex & 0xffff),
    ...(sqe.ioprio & VECTORIZED ? vectors(sqe.addr, sqe.len) : []),
  ],
};

const sendingMessage: Operation = {
  operands: (sqe) => transfer(sqe, SEND),
  pointers: (sqe) => message(sqe.addr, true),
};

export const SOCKETS: Readonly<Record<string, Operation>> = {
  SEND: sending,
  SEND_ZC: sending,
  SENDMSG: sendingMessage,
  SENDMSG_ZC: sendingMessage,
  RECV: { fields: bufferOf, operands: (sqe) => transfer(sqe, RECEIVE) },
  RECVMSG: {
    operands: (sqe) => transfer(sqe, RECEIVE),
    pointers: (sqe) => message(sqe.addr, false),
  },
  RECV_ZC: {
    fields: (sqe) => (sqe.len === 0 ? {} : { length: sqe.len }),
    operands: (sqe) => [...transfer(sqe, RECEIVE), operand('receive queue', sqe.fileIndex)],
  },
  ACCEPT: {
    operands: (sqe) => [
      ...unlessZero('accept flags', sqe.opFlags, bitsText(sqe.opFlags, SOCKET_FLAGS)),
      ...unlessZero('flags', sqe.ioprio, bitsText(sqe.ioprio, ACCEPT)),
      ...installedFile(sqe),
    ],
  },
  CONNECT: { pointers: (sqe) => addressAt('peer', sqe.addr, sqe.off) },
  BIND: { pointers: (sqe) => addressAt('local', sqe.addr, sqe.off) },
  LISTEN: { operands: (sqe) => [operand('backlog', sqe.len)] },
  SHUTDOWN: { operands: (sqe) => [operand('how', nameOf(sqe.len, SHUTDOWN))] },
  SOCKET: {
    fields: () => ({ fd: null }),
    operands: (sqe) => {
      const type = low32(sqe.off);
      const flags = type & ~0xf;
      return [
        operand('family', FAMILIES[sqe.fd] ?? sqe.fd),
        operand('type', nameOf(type & 0xf, TYPES)),
        ...unlessZero('socket flags', flags, bitsText(flags, SOCKET_FLAGS)),
        ...unlessZero('protocol', sqe.len),
        ...installedFile(sqe),
      ];
    },
  },
};
