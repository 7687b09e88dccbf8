/**
 * Names of the error numbers of Linux's generic table (x86-64, arm64, riscv…), whatever system this
 * code runs on: the numbers come from the probe's machine.
 */
const names: Readonly<Record<number, string>> = {
  1: 'EPERM',
  2: 'ENOENT',
  3: 'ESRCH',
  4: 'EINTR',
  5: 'EIO',
  6: 'ENXIO',
  7: 'E2BIG',
  9: 'EBADF',
  11: 'EAGAIN',
  12: 'ENOMEM',
  13: 'EACCES',
  14: 'EFAULT',
  16: 'EBUSY',
  17: 'EEXIST',
  18: 'EXDEV',
  19: 'ENODEV',
  20: 'ENOTDIR',
  21: 'EISDIR',
  22: 'EINVAL',
  23: 'ENFILE',
  24: 'EMFILE',
  25: 'ENOTTY',
  26: 'ETXTBSY',
  27: 'EFBIG',
  28: 'ENOSPC',
  29: 'ESPIPE',
  30: 'EROFS',
  32: 'EPIPE',
  34: 'ERANGE',
  36: 'ENAMETOOLONG',
  38: 'ENOSYS',
  40: 'ELOOP',
  61: 'ENODATA',
  62: 'ETIME',
  71: 'EPROTO',
  75: 'EOVERFLOW',
  95: 'EOPNOTSUPP',
  103: 'ECONNABORTED',
  104: 'ECONNRESET',
  107: 'ENOTCONN',
  110: 'ETIMEDOUT',
  111: 'ECONNREFUSED',
  112: 'EHOSTDOWN',
  113: 'EHOSTUNREACH',
  116: 'ESTALE',
  121: 'EREMOTEIO',
  125: 'ECANCELED',
};

/** `ENOENT` for 2; `E4242` for a number without a name. */
export function errnoName(number: number): string {
  return names[number] ?? `E${number}`;
}
