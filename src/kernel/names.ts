/** Numbers of the kernel by name where its type information has none: they are preprocessor constants. */

/** IORING_SETUP_ flags of io_ring_ctx.flags, by bit (linux/io_uring.h up to 7.2). */
const SETUP = [
  ...['IOPOLL', 'SQPOLL', 'SQ_AFF', 'CQSIZE', 'CLAMP', 'ATTACH_WQ', 'R_DISABLED', 'SUBMIT_ALL'],
  ...['COOP_TASKRUN', 'TASKRUN_FLAG', 'SQE128', 'CQE32', 'SINGLE_ISSUER', 'DEFER_TASKRUN', 'NO_MMAP'],
  ...['REGISTERED_FD_ONLY', 'NO_SQARRAY', 'HYBRID_IOPOLL', 'CQE_MIXED', 'SQE_MIXED', 'SQ_REWIND'],
];

/** A flag without a name is given as its value. */
export function setupNames(flags: number): string[] {
  return Array.from({ length: 32 }, (_, bit) => bit)
    .filter((bit) => (flags >>> bit) & 1)
    .map((bit) => SETUP[bit] ?? `0x${(2 ** bit).toString(16)}`);
}
