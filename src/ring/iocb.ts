/** A struct iocb (linux/aio_abi.h): what a program asks Linux AIO for. It stands in the program's own memory. */
export interface Iocb {
  /** IOCB_CMD_ names without the prefix. */
  readonly operation: string;
  /** aio_data: the program's own word for it, which its completion brings back. */
  readonly data: bigint;
  readonly fd: number;
  readonly address: bigint;
  /** Bytes; of a vectored operation, the number of vectors. */
  readonly length: number;
  readonly offset: number;
}

export const IOCB_BYTES = 64;

/** By IOCB_CMD_ number; 4 was never there, 6 does nothing. */
const OPERATIONS = ['PREAD', 'PWRITE', 'FSYNC', 'FDSYNC', undefined, 'POLL', 'NOOP', 'PREADV', 'PWRITEV'];

/** Undefined for what the kernel would not take: the memory has been used for something else. */
export function readIocb(bytes: Buffer): Iocb | undefined {
  if (bytes.length < IOCB_BYTES) return undefined;
  const operation = OPERATIONS[bytes.readUInt16LE(16)];
  const key = bytes.readUInt32LE(8);
  const reserved = bytes.readBigUInt64LE(48);
  const fd = bytes.readInt32LE(20);
  const length = Number(bytes.readBigUInt64LE(32));
  const offset = Number(bytes.readBigInt64LE(40));
  if (operation === undefined || key !== 0 || reserved !== 0n || fd < 0) return undefined;
  if (!Number.isSafeInteger(length) || !Number.isSafeInteger(offset)) return undefined;
  return {
    operation,
    data: bytes.readBigUInt64LE(0),
    fd,
    address: bytes.readBigUInt64LE(24),
    length,
    offset,
  };
}
