import { opcodeNumber } from './opcodes';

/** One submission queue entry, its unions undone only as far as their width: operands/ knows what they mean. */
export interface Sqe {
  readonly opcode: number;
  /** IOSQE_ bits. */
  readonly flags: number;
  readonly ioprio: number;
  readonly fd: number;
  /** Bytes 8–15: `off`, `addr2`, `cmd_op`. */
  readonly off: bigint;
  /** Bytes 16–23: `addr`, `splice_off_in`, `level` and `optname`. */
  readonly addr: bigint;
  readonly len: number;
  /** Bytes 28–31: `rw_flags`, `open_flags`, `poll32_events` and their like. */
  readonly opFlags: number;
  readonly userData: bigint;
  /** `buf_index` or `buf_group`. */
  readonly buffer: number;
  readonly personality: number;
  /** Bytes 44–47: `splice_fd_in`, `file_index`, `addr_len`, `optlen`. */
  readonly fileIndex: number;
  /** Bytes 48–55. */
  readonly addr3: bigint;
}

/** IOSQE_ bits (linux/io_uring.h). */
export const sqeFlag = {
  fixedFile: 1,
  drain: 2,
  link: 4,
  hardLink: 8,
  async: 16,
  bufferSelect: 32,
  skipSuccess: 64,
} as const;

/** Bytes of the part every SQE has. */
export const SQE_BYTES = 64;

/** Reads the SQE at `at`, which must have SQE_BYTES behind it. */
export function readSqe(bytes: Buffer, at: number): Sqe {
  return {
    opcode: bytes.readUInt8(at),
    flags: bytes.readUInt8(at + 1),
    ioprio: bytes.readUInt16LE(at + 2),
    fd: bytes.readInt32LE(at + 4),
    off: bytes.readBigUInt64LE(at + 8),
    addr: bytes.readBigUInt64LE(at + 16),
    len: bytes.readUInt32LE(at + 24),
    opFlags: bytes.readUInt32LE(at + 28),
    userData: bytes.readBigUInt64LE(at + 32),
    buffer: bytes.readUInt16LE(at + 40),
    personality: bytes.readUInt16LE(at + 42),
    fileIndex: bytes.readUInt32LE(at + 44),
    addr3: bytes.readBigUInt64LE(at + 48),
  };
}

const HIGHEST_OPCODE = opcodeNumber('URING_CMD128') ?? 0;
const ALL_FLAGS = 2 * sqeFlag.skipSuccess - 1;
/** AT_FDCWD, the lowest of the numbers that stand where a descriptor does. */
const LOWEST_FD = -100;

/** Whether the bytes at `at` could be an SQE that a kernel of today takes. */
export function isPlausibleSqe(bytes: Buffer, at: number): boolean {
  return (
    bytes.readUInt8(at) <= HIGHEST_OPCODE &&
    bytes.readUInt8(at + 1) <= ALL_FLAGS &&
    bytes.readInt32LE(at + 4) >= LOWEST_FD
  );
}

/** IOSQE_* bits of an SQE, in the order of the uapi header. */
const SQE_FLAGS = [
  'FIXED_FILE',
  'IO_DRAIN',
  'IO_LINK',
  'IO_HARDLINK',
  'ASYNC',
  'BUFFER_SELECT',
  'CQE_SKIP_SUCCESS',
];

/** By the value of the bits: rows share their lists. */
const NAMES: readonly (readonly string[])[] = Array.from({ length: 1 << SQE_FLAGS.length }, (_, flags) =>
  SQE_FLAGS.filter((__, bit) => flags & (1 << bit)),
);

export function sqeFlagNames(flags: number): readonly string[] {
  return NAMES[flags % NAMES.length] ?? [];
}
