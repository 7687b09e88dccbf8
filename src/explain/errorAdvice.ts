interface ErrorAdvice {
  /** Completes "the completions say: …". */
  readonly meaning: string;
  readonly remedy: string;
}

/** What an error of many requests most often comes from. */
const ADVICE: Readonly<Record<string, ErrorAdvice>> = {
  EAGAIN: {
    meaning: 'nothing was ready, and the kernel was told not to wait',
    remedy:
      'Leave out MSG_DONTWAIT or RWF_NOWAIT, and O_NONBLOCK, which some operations heed: io_uring then waits for readiness by itself, without a thread. Where it is wanted, poll first instead of submitting again at once.',
  },
  ECANCELED: {
    meaning:
      'something cancelled them: a request before them in a link failed or came short, a linked timeout ran out, a cancel, or the thread that submitted them ended',
    remedy:
      'Look at the first failing request of the link, and at the time of the linked timeouts: a short read breaks a link, too (IOSQE_IO_HARDLINK does not). Submit from threads that stay.',
  },
  ECONNRESET: {
    meaning: 'the other ends reset their connections',
    remedy:
      'See why they do: they close with data unread, a time of theirs ran out, or a balancer between cuts the connections.',
  },
  EPIPE: {
    meaning: 'the other ends have closed, and are still written to',
    remedy: 'Stop sending on a connection when its read ends with 0, and close it.',
  },
  ENOBUFS: {
    meaning: 'the buffer group they take their memory from was empty, which also ends a multishot request',
    remedy:
      'Give buffers back sooner, or register more of them (io_uring_register_buf_ring); arm the multishot request again only when there are some.',
  },
  EBADF: {
    meaning: 'the descriptor was not open when the kernel looked',
    remedy:
      'The program uses a descriptor after closing it, or a wrong index of its registered files (IOSQE_FIXED_FILE). Wait for the completions of a file before it is closed.',
  },
  EINVAL: {
    meaning: 'the kernel does not know the operation or its arguments for this file',
    remedy:
      'With O_DIRECT see that offset, length and buffer are aligned to the disk’s sectors; ask io_uring_get_probe which operations the kernel has.',
  },
  EFAULT: {
    meaning: 'their buffers are no memory of the program',
    remedy: 'See whether the buffer is freed or unmapped before the request has completed.',
  },
  EIO: {
    meaning: 'the device or the file’s server failed',
    remedy: 'Look into the kernel’s log (dmesg) and at the health of the disk or the server.',
  },
  ENOSPC: { meaning: 'the file system is full', remedy: 'Make room, or see who fills it.' },
  EDQUOT: { meaning: 'a quota is used up', remedy: 'Make room below the quota, or raise it.' },
  EMFILE: {
    meaning: 'the process may open no more descriptors',
    remedy: 'See which descriptors are never closed; raise RLIMIT_NOFILE.',
  },
  EBUSY: {
    meaning: 'what they are about is in use, or the ring has too much outstanding',
    remedy: 'Reap completions before submitting more.',
  },
  EINTR: {
    meaning: 'signals end them before they are done',
    remedy: 'See who sends that many signals; submit again what was interrupted.',
  },
  EOPNOTSUPP: {
    meaning: 'the file or socket cannot do it',
    remedy: 'See which kind of file it is, and use an operation that it has.',
  },
};

export function adviceFor(errno: string): ErrorAdvice {
  return (
    ADVICE[errno] ?? {
      meaning: 'the kernel refuses them',
      remedy: `Look at what the operation says of ${errno} in its manual page, and at the first request that fails.`,
    }
  );
}

const TIMES = /^(LINK_)?TIMEOUT$/;
const SEARCHING = /^(ASYNC_CANCEL|POLL_REMOVE|TIMEOUT_REMOVE)$/;
/** Names a file by its path: that there is none is an answer. */
const BY_PATH = /^(OPENAT2?|STATX|RENAMEAT|UNLINKAT|MKDIRAT|SYMLINKAT|LINKAT|F?[GS]ETXATTR)$/;

/** Errors that are an operation's ordinary answer. */
export function isNatural(operation: string, errno: string): boolean {
  if (TIMES.test(operation))
    return errno === 'ETIME' || errno === 'ECANCELED' || errno === 'ENOENT' || errno === 'EALREADY';
  if (SEARCHING.test(operation)) return errno === 'ENOENT' || errno === 'EALREADY';
  if (BY_PATH.test(operation)) return errno === 'ENOENT' || errno === 'EEXIST' || errno === 'ENODATA';
  if (operation === 'CONNECT') return errno === 'EINPROGRESS';
  return operation.startsWith('FUTEX_WAIT') && errno === 'EAGAIN';
}
