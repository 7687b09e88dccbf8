import type { KernelFrame } from '../model/sample';

/**
 * The kernel's function that carries out an operation, as it stands in the stack of an io-wq worker or of
 * the thread that submits. Several opcodes share one function (READ, READV and READ_FIXED are `io_read`), so
 * the name is that of the family. Names from fs/io_uring.c (5.5) and io_uring/*.c (6.0 to 6.18).
 */
const OPERATION_OF = new Map<string, string>([
  ['io_read', 'READ'],
  ['io_write', 'WRITE'],
  ['io_readv', 'READV'],
  ['io_fsync', 'FSYNC'],
  ['io_sync_file_range', 'SYNC_FILE_RANGE'],
  ['io_fallocate', 'FALLOCATE'],
  ['io_ftruncate', 'FTRUNCATE'],
  ['io_openat', 'OPENAT'],
  ['io_openat2', 'OPENAT'],
  ['io_close', 'CLOSE'],
  ['io_statx', 'STATX'],
  ['io_fadvise', 'FADVISE'],
  ['io_madvise', 'MADVISE'],
  ['io_renameat', 'RENAMEAT'],
  ['io_unlinkat', 'UNLINKAT'],
  ['io_mkdirat', 'MKDIRAT'],
  ['io_symlinkat', 'SYMLINKAT'],
  ['io_linkat', 'LINKAT'],
  ['io_fgetxattr', 'FGETXATTR'],
  ['io_getxattr', 'GETXATTR'],
  ['io_fsetxattr', 'FSETXATTR'],
  ['io_setxattr', 'SETXATTR'],
  ['io_splice', 'SPLICE'],
  ['io_tee', 'TEE'],
  ['io_epoll_ctl', 'EPOLL_CTL'],
  ['io_epoll_wait', 'EPOLL_WAIT'],
  ['io_poll_add', 'POLL_ADD'],
  ['io_socket', 'SOCKET'],
  ['io_bind', 'BIND'],
  ['io_listen', 'LISTEN'],
  ['io_accept', 'ACCEPT'],
  ['io_connect', 'CONNECT'],
  ['io_shutdown', 'SHUTDOWN'],
  ['io_recv', 'RECV'],
  ['io_recvmsg', 'RECVMSG'],
  ['io_recvzc', 'RECV_ZC'],
  ['io_send', 'SEND'],
  ['io_sendmsg', 'SENDMSG'],
  ['io_send_zc', 'SEND_ZC'],
  ['io_sendmsg_zc', 'SENDMSG_ZC'],
  ['io_uring_cmd', 'URING_CMD'],
  ['io_futex_wait', 'FUTEX_WAIT'],
  ['io_futex_wake', 'FUTEX_WAKE'],
  ['io_futexv_wait', 'FUTEX_WAITV'],
  ['io_waitid', 'WAITID'],
  ['io_msg_ring', 'MSG_RING'],
  ['io_provide_buffers', 'PROVIDE_BUFFERS'],
  ['io_remove_buffers', 'REMOVE_BUFFERS'],
  ['io_files_update', 'FILES_UPDATE'],
  ['io_install_fixed_fd', 'FIXED_FD_INSTALL'],
  ['io_pipe', 'PIPE'],
  ['io_nop', 'NOP'],
]);

/**
 * Where the compiler folded the operation's own function into io_issue_sqe (5.10), what it calls gives it away.
 */
const CALLED_BY_OPERATION = new Map<string, string>([
  ['do_statx', 'STATX'],
  ['do_filp_open', 'OPENAT'],
  ['do_file_open', 'OPENAT'],
  ['do_unlinkat', 'UNLINKAT'],
  ['do_rmdir', 'UNLINKAT'],
  ['do_renameat2', 'RENAMEAT'],
  ['do_mkdirat', 'MKDIRAT'],
  ['do_symlinkat', 'SYMLINKAT'],
  ['do_linkat', 'LINKAT'],
  ['vfs_fallocate', 'FALLOCATE'],
  ['vfs_fsync_range', 'FSYNC'],
  ['do_splice', 'SPLICE'],
  ['do_tee', 'TEE'],
  ['filp_close', 'CLOSE'],
  ['vfs_fadvise', 'FADVISE'],
  ['do_madvise', 'MADVISE'],
]);

/** How a task came to carry a request: from the io-wq queue, or itself while submitting. */
export type Carrier = 'worker' | 'submitter';

export interface Carried {
  readonly operation: string;
  readonly by: Carrier;
}

/** The request a task is inside of, from its kernel stack (innermost first); undefined = none. */
export function carriedOperation(stack: readonly KernelFrame[]): Carried | undefined {
  let operation: string | undefined;
  let called: string | undefined;
  for (const frame of stack) {
    const name = plainName(frame.function);
    operation ??= OPERATION_OF.get(name);
    called ??= CALLED_BY_OPERATION.get(name);
    if (name === 'io_wq_submit_work') return { operation: operation ?? called ?? 'UNKNOWN', by: 'worker' };
    if (name === 'io_submit_sqes') return { operation: operation ?? called ?? 'UNKNOWN', by: 'submitter' };
  }
  return undefined;
}

/** What an io-wq worker waits in that has nothing to do. */
const IDLE_WORKER = new Set(['io_wq_worker', 'io_wqe_worker']);

/** Functions of the kernel that only one operation waits in. */
const WAITED_IN_BY = new Map<string, string>([['wait_for_partner', 'OPENAT']]);

/**
 * The operation of an io-wq worker whose stack may not be read, from its wchan; undefined = it is idle. A worker that
 * waits elsewhere is inside of a request, whatever that is: UNKNOWN.
 */
export function operationBehindWchan(wchan: string): string | undefined {
  const name = plainName(wchan);
  return IDLE_WORKER.has(name) ? undefined : (WAITED_IN_BY.get(name) ?? 'UNKNOWN');
}

/** A function's name without what the compiler appended: `.isra.0`, `.constprop.0`, `.part.0`, `.cold`. */
export function plainName(symbol: string): string {
  const dot = symbol.indexOf('.');
  return dot > 0 ? symbol.slice(0, dot) : symbol;
}
