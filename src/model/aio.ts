import type { Certainty, Source } from './request';

/** A context of Linux AIO (io_setup), the interface before io_uring: libaio, `aio=native`, `--ioengine=libaio`. */
export interface AioContext {
  /** 1-based, in the order of the addresses. */
  readonly id: number;
  /** The aio_context_t of the program: where its ring is mapped. */
  readonly address: string;
  /** Requests io_setup was asked to make room for, where the kernel's memory tells. */
  readonly asked?: number;
  /** Completions the ring has room for: the kernel gives more than was asked for. */
  readonly capacity?: number;
  /** Entry of the ring that is to be collected next, and the one that is filled next. */
  readonly head?: number;
  readonly tail?: number;
  /** Completed and not collected by the program. */
  readonly unreaped?: number;
  /** Submitted and not completed, by the kernel's own count: known to root alone, and while nothing moves. */
  readonly pending?: number;
  /** The pending ones that are known one by one. */
  readonly requests: readonly AioRequest[];
  /** Threads that are inside io_submit, with what they hand over. */
  readonly submitting?: readonly AioSubmission[];
  readonly sources: readonly Source[];
}

/** A call of io_submit that has not come back: one of its requests blocks. */
export interface AioSubmission {
  readonly task: number;
  /** Requests it was given. */
  readonly count: number;
  /** The first of them, as the program's memory has them now. */
  readonly requests: readonly AioRequest[];
}

/** A pending request of Linux AIO. */
export interface AioRequest {
  /** IOCB_CMD_ name without the prefix: `PREAD`, `PWRITE`, `FSYNC`, `FDSYNC`, `POLL`, `PREADV`, `PWRITEV`; or UNKNOWN. */
  readonly operation: string;
  readonly fd?: number;
  readonly path?: string;
  /** Bytes. */
  readonly offset?: number;
  readonly length?: number;
  /** The iocb's aio_data. */
  readonly userData: string;
  /** Where the program's struct iocb stands: its pointer in the completion. */
  readonly iocb: string;
  /** certain: as many are found as the kernel counts. */
  readonly certainty: Certainty;
}
