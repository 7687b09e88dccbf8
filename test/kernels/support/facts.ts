import type { Version } from './kernels';

/** What is different from kernel to kernel, as far as the inspector reads it; measured on Debian's. */
export interface Facts {
  /** Lines of a ring's fdinfo, without those every file has. */
  readonly fdinfo: readonly string[];
  /** How a CQE's row names its flags. */
  readonly cqeFlags?: 'flag' | 'flags';
  /** Nothing of the ring is printed while a task holds its lock. */
  readonly blankWhileLocked: boolean;
  /** Whether /proc/PID/wchan names a function. */
  readonly wchan: boolean;
  /** Where a thread waits for completions, and an idle io-wq worker for work. */
  readonly waitFrame: string;
  readonly idleWorker: string;
  /** What an open goes through. */
  readonly openFrame: string;
  /** /proc/PID/mem gives the memory of rings. */
  readonly memReadsRings: boolean;
  /** Bytes from the start of a ring's memory to the tail of its submission queue: fields were apart before 6.6. */
  readonly sqTailAt: number;
  /** A read that must not block the submitter waits in its worker; later ones are armed for readiness there. */
  readonly asyncReadBlocksWorker: boolean;
  /** FUSE serves a read past the cache while its submitter waits, unless the file was opened with O_DIRECT. */
  readonly fuseReadBlocksSubmitter: boolean;
  /** Requests that are tried again come in the reverse order to the workers: work of a thread was a stack from 6.0 on. */
  readonly retriesNewestFirst: boolean;
  /** Root's inspector can walk the kernel's structures. */
  readonly walk: boolean;
  /** fdinfo or a walk lists completions that found no room. */
  readonly listsOverflow: boolean;
}

const COUNTERS = ['SqMask', 'SqHead', 'SqTail', 'CachedSqHead', 'CqMask', 'CqHead', 'CqTail', 'CachedCqTail'];
const QUEUES = [...COUNTERS, 'SQEs', 'CQEs', 'SqThread', 'SqThreadCpu'];
const TIMES = ['SqTotalTime', 'SqWorkTime'];
const REST = ['UserFiles', 'UserBufs', 'PollList', 'CqOverflowList'];

const SINCE_6_12 = {
  fdinfo: [...QUEUES, ...TIMES, ...REST, 'NAPI'],
  cqeFlags: 'flag',
  blankWhileLocked: false,
  wchan: true,
  waitFrame: 'io_cqring_wait',
  idleWorker: 'io_wq_worker',
  openFrame: 'do_filp_open',
  memReadsRings: true,
  sqTailAt: 4,
  asyncReadBlocksWorker: false,
  fuseReadBlocksSubmitter: true,
  retriesNewestFirst: false,
  walk: true,
  listsOverflow: true,
} as const satisfies Facts;

export const FACTS: Readonly<Record<Version, Facts>> = {
  // 5.10.162 took the io_uring of 5.15, its workers with it.
  '5.10': {
    fdinfo: ['SqThread', 'SqThreadCpu', 'UserFiles', 'UserBufs', 'PollList'],
    blankWhileLocked: false,
    wchan: false,
    waitFrame: '__do_sys_io_uring_enter',
    idleWorker: 'io_wqe_worker',
    openFrame: 'do_filp_open',
    memReadsRings: false,
    sqTailAt: 64,
    asyncReadBlocksWorker: true,
    fuseReadBlocksSubmitter: true,
    retriesNewestFirst: false,
    walk: false,
    listsOverflow: false,
  },
  '6.1': {
    ...SINCE_6_12,
    fdinfo: [...QUEUES, ...REST],
    sqTailAt: 64,
    waitFrame: '__do_sys_io_uring_enter',
    idleWorker: 'io_wqe_worker',
    retriesNewestFirst: true,
  },
  '6.12': SINCE_6_12,
  '7.2': {
    ...SINCE_6_12,
    cqeFlags: 'flags',
    blankWhileLocked: true,
    openFrame: 'do_file_open',
    fuseReadBlocksSubmitter: false,
  },
};
