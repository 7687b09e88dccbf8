/** IORING_OP_ names in the order of their numbers, up to 6.18 and the two of 6.19 (linux/io_uring.h). */
const NAMES = [
  ...['NOP', 'READV', 'WRITEV', 'FSYNC', 'READ_FIXED', 'WRITE_FIXED', 'POLL_ADD', 'POLL_REMOVE'],
  ...['SYNC_FILE_RANGE', 'SENDMSG', 'RECVMSG', 'TIMEOUT', 'TIMEOUT_REMOVE', 'ACCEPT', 'ASYNC_CANCEL'],
  ...['LINK_TIMEOUT', 'CONNECT', 'FALLOCATE', 'OPENAT', 'CLOSE', 'FILES_UPDATE', 'STATX', 'READ', 'WRITE'],
  ...['FADVISE', 'MADVISE', 'SEND', 'RECV', 'OPENAT2', 'EPOLL_CTL', 'SPLICE', 'PROVIDE_BUFFERS'],
  ...['REMOVE_BUFFERS', 'TEE', 'SHUTDOWN', 'RENAMEAT', 'UNLINKAT', 'MKDIRAT', 'SYMLINKAT', 'LINKAT'],
  ...['MSG_RING', 'FSETXATTR', 'SETXATTR', 'FGETXATTR', 'GETXATTR', 'SOCKET', 'URING_CMD', 'SEND_ZC'],
  ...['SENDMSG_ZC', 'READ_MULTISHOT', 'WAITID', 'FUTEX_WAIT', 'FUTEX_WAKE', 'FUTEX_WAITV'],
  ...['FIXED_FD_INSTALL', 'FTRUNCATE', 'BIND', 'LISTEN', 'RECV_ZC', 'EPOLL_WAIT', 'READV_FIXED'],
  ...['WRITEV_FIXED', 'PIPE', 'NOP128', 'URING_CMD128'],
] as const;

const NUMBERS = new Map<string, number>(NAMES.map((name, number) => [name, number]));

/** The name without its IORING_OP_ prefix; `OP_99` for a number this table does not know. */
export function opcodeName(number: number): string {
  return NAMES[number] ?? `OP_${number}`;
}

/** The number of a name as `opcodeName` writes it. */
export function opcodeNumber(name: string): number | undefined {
  const known = NUMBERS.get(name);
  if (known !== undefined) {
    return known;
  }
  const numbered = /^OP_(\d{1,3})$/.exec(name)?.[1];
  return numbered === undefined ? undefined : Number(numbered);
}

/** The name for an opcode as fdinfo prints it: a number (5.16–6.0), or the kernel's name, which once differs. */
export function printedOpcode(text: string): string {
  if (/^\d{1,3}$/.test(text)) {
    return opcodeName(Number(text));
  }
  return text === 'EPOLL' ? 'EPOLL_CTL' : text;
}
