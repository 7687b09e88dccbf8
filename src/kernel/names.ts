/** Numbers of the kernel by name where its type information has none: they are preprocessor constants. */

/** IORING_SETUP_ flags of io_ring_ctx.flags, by bit (linux/io_uring.h up to 7.2). */
const SETUP = [
  ...['IOPOLL', 'SQPOLL', 'SQ_AFF', 'CQSIZE', 'CLAMP', 'ATTACH_WQ', 'R_DISABLED', 'SUBMIT_ALL'],
  ...['COOP_TASKRUN', 'TASKRUN_FLAG', 'SQE128', 'CQE32', 'SINGLE_ISSUER', 'DEFER_TASKRUN', 'NO_MMAP'],
  ...['REGISTERED_FD_ONLY', 'NO_SQARRAY', 'HYBRID_IOPOLL', 'CQE_MIXED', 'SQE_MIXED', 'SQ_REWIND'],
];

/** The first bits of io_kiocb.flags are those of the SQE (IOSQE_). */
const SQE = [
  'FIXED_FILE',
  'IO_DRAIN',
  'IO_LINK',
  'IO_HARDLINK',
  'ASYNC',
  'BUFFER_SELECT',
  'CQE_SKIP_SUCCESS',
];

/** EPOLL… bits of a poll's mask; the kernel adds ERR, HUP, NVAL and RDHUP by itself. */
const POLL: readonly (readonly [name: string, bit: number])[] = [
  ['POLLIN', 1],
  ['POLLPRI', 2],
  ['POLLOUT', 4],
  ['POLLRDNORM', 0x40],
  ['POLLRDBAND', 0x80],
  ['POLLWRNORM', 0x100],
  ['POLLWRBAND', 0x200],
  ['POLLMSG', 0x400],
];

/** A flag without a name is given as its value. */
export function setupNames(flags: number): string[] {
  return Array.from({ length: 32 }, (_, bit) => bit)
    .filter((bit) => (flags >>> bit) & 1)
    .map((bit) => SETUP[bit] ?? `0x${(2 ** bit).toString(16)}`);
}

export function sqeFlagNames(flags: number): string[] {
  return SQE.filter((_, bit) => flags & (1 << bit));
}

export function pollEventNames(events: number): string[] {
  return POLL.filter(([, bit]) => events & bit).map(([name]) => name);
}
