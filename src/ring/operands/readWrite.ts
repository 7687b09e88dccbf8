import type { Operand } from '../../model/request';
import { type Sqe, sqeFlag } from '../sqe';
import { type Operation, operand, type Pointer, unlessZero } from './operation';
import { type BitNames, bitsText, nameOf } from './words';

/** RWF_ flags (linux/fs.h, 6.18). */
const RW_FLAGS: BitNames = [
  ['RWF_HIPRI', 1],
  ['RWF_DSYNC', 2],
  ['RWF_SYNC', 4],
  ['RWF_NOWAIT', 8],
  ['RWF_APPEND', 0x10],
  ['RWF_NOAPPEND', 0x20],
  ['RWF_ATOMIC', 0x40],
  ['RWF_DONTCACHE', 0x80],
  ['RWF_NOSIGNAL', 0x100],
];

const PRIORITY_CLASSES = ['none', 'real time', 'best effort', 'idle'];

/** `off` of −1: at the file's own position, which the request moves. */
const OWN_POSITION = 0xffffffffffffffffn;

function place(sqe: Sqe): { offset?: bigint } {
  return sqe.off === OWN_POSITION ? {} : { offset: sqe.off };
}

function common(sqe: Sqe): Operand[] {
  return [
    ...(sqe.off === OWN_POSITION ? [operand('offset', "the file's own position")] : []),
    ...unlessZero('rw flags', sqe.opFlags, bitsText(sqe.opFlags, RW_FLAGS)),
    ...unlessZero('I/O priority', sqe.ioprio, priorityText(sqe.ioprio)),
  ];
}

function priorityText(ioprio: number): string {
  return `${nameOf(ioprio >> 13, PRIORITY_CLASSES)} ${ioprio & 7}`;
}

/** Where the bytes go and how many at most; a buffer of a group is chosen later, and 0 is all that it holds. */
export function bufferOf({ flags, addr, len }: Sqe): { length?: number; address?: bigint } {
  const chosen = (flags & sqeFlag.bufferSelect) !== 0;
  return {
    ...(chosen && len === 0 ? {} : { length: len }),
    ...(chosen && addr === 0n ? {} : { address: addr }),
  };
}

function fixedBuffer(sqe: Sqe): Operand {
  return operand('buffer', `registered buffer ${sqe.buffer}`);
}

/** Entries of an iovec array that are read: IOV_MAX. */
const MAX_VECTORS = 1024;

/** The total length of an array of struct iovec. */
export function vectors(address: bigint, count: number): Pointer[] {
  const few = Math.min(count, MAX_VECTORS);
  if (few === 0) return [];
  return [
    {
      address,
      length: few * 16,
      read: (bytes) => {
        const read = Math.floor(bytes.length / 16);
        let total = 0n;
        for (let i = 0; i < read; i++) total += bytes.readBigUInt64LE(i * 16 + 8);
        return read === count ? [operand('total length', total)] : [];
      },
    },
  ];
}

const vectored: Operation = {
  fields: (sqe) => ({ ...place(sqe), address: sqe.addr }),
  operands: (sqe) => [operand('vectors', sqe.len), ...common(sqe)],
  pointers: (sqe) => vectors(sqe.addr, sqe.len),
};

const vectoredFixed: Operation = {
  ...vectored,
  operands: (sqe) => [operand('vectors', sqe.len), fixedBuffer(sqe), ...common(sqe)],
};

const single: Operation = {
  fields: (sqe) => ({ ...place(sqe), ...bufferOf(sqe) }),
  operands: common,
};

const singleFixed: Operation = { ...single, operands: (sqe) => [fixedBuffer(sqe), ...common(sqe)] };

export const READ_WRITE: Readonly<Record<string, Operation>> = {
  READV: vectored,
  WRITEV: vectored,
  READV_FIXED: vectoredFixed,
  WRITEV_FIXED: vectoredFixed,
  READ: single,
  WRITE: single,
  READ_MULTISHOT: single,
  READ_FIXED: singleFixed,
  WRITE_FIXED: singleFixed,
};
