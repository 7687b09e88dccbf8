/**
 * The ring of a Linux AIO context as the process has it mapped (struct aio_ring of fs/aio.c, the same since 2.6): the kernel
 * puts completions there and the program may write over all of it.
 */
export interface AioRing {
  /** Completions it has room for. */
  readonly capacity: number;
  /** Entries: the next to be collected, and the next the kernel fills. */
  readonly head: number;
  readonly tail: number;
  /** Completed and not collected. */
  readonly unreaped: number;
}

export const AIO_HEADER_BYTES = 32;
const EVENT_BYTES = 32;
const MAGIC = 0xa10a10a1;

/**
 * `mapped`: bytes of its mapping, from which the kernel makes the number of entries. Undefined where the header is not what the
 * kernel made it.
 */
export function readAioRing(header: Buffer, mapped: number): AioRing | undefined {
  if (header.length < AIO_HEADER_BYTES || mapped < AIO_HEADER_BYTES + 2 * EVENT_BYTES) return undefined;
  const events = Math.floor((mapped - AIO_HEADER_BYTES) / EVENT_BYTES);
  const head = header.readUInt32LE(8);
  const tail = header.readUInt32LE(12);
  const own =
    header.readUInt32LE(4) === events &&
    header.readUInt32LE(16) === MAGIC &&
    header.readUInt32LE(28) === AIO_HEADER_BYTES;
  if (!own || head >= events || tail >= events) return undefined;
  return { capacity: events - 1, head, tail, unreaped: (tail - head + events) % events };
}
