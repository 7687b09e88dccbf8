import type { Operand } from '../../model/request';
import { openFlagNames } from '../../procfs/openFlags';
import type { Sqe } from '../sqe';
import { installedFile, type Operation, operand, type Pointer, unlessZero } from './operation';
import { type BitNames, bitsText, cString, directoryText, hex64, modeText, nameOf } from './words';

/** O_ flags of openat(2) that an open file no longer has. */
const CREATION: BitNames = [
  ['O_CREAT', 0o100],
  ['O_EXCL', 0o200],
  ['O_NOCTTY', 0o400],
  ['O_TRUNC', 0o1000],
];

const RESOLVE: BitNames = [
  ['RESOLVE_NO_XDEV', 1],
  ['RESOLVE_NO_MAGICLINKS', 2],
  ['RESOLVE_NO_SYMLINKS', 4],
  ['RESOLVE_BENEATH', 8],
  ['RESOLVE_IN_ROOT', 0x10],
  ['RESOLVE_CACHED', 0x20],
];

const AT_FLAGS: BitNames = [
  ['AT_SYMLINK_NOFOLLOW', 0x100],
  ['AT_SYMLINK_FOLLOW', 0x400],
  ['AT_NO_AUTOMOUNT', 0x800],
  ['AT_EMPTY_PATH', 0x1000],
  ['AT_STATX_FORCE_SYNC', 0x2000],
  ['AT_STATX_DONT_SYNC', 0x4000],
];

const STATX_BASIC = 0x7ff;
const STATX: BitNames = [
  ['STATX_BASIC_STATS', STATX_BASIC],
  ['STATX_TYPE', 1],
  ['STATX_MODE', 2],
  ['STATX_NLINK', 4],
  ['STATX_UID', 8],
  ['STATX_GID', 0x10],
  ['STATX_ATIME', 0x20],
  ['STATX_MTIME', 0x40],
  ['STATX_CTIME', 0x80],
  ['STATX_INO', 0x100],
  ['STATX_SIZE', 0x200],
  ['STATX_BLOCKS', 0x400],
  ['STATX_BTIME', 0x800],
  ['STATX_MNT_ID', 0x1000],
  ['STATX_DIOALIGN', 0x2000],
  ['STATX_MNT_ID_UNIQUE', 0x4000],
  ['STATX_SUBVOL', 0x8000],
  ['STATX_WRITE_ATOMIC', 0x10000],
  ['STATX_DIO_READ_ALIGN', 0x20000],
];

const FALLOCATE: BitNames = [
  ['FALLOC_FL_KEEP_SIZE', 1],
  ['FALLOC_FL_PUNCH_HOLE', 2],
  ['FALLOC_FL_NO_HIDE_STALE', 4],
  ['FALLOC_FL_COLLAPSE_RANGE', 8],
  ['FALLOC_FL_ZERO_RANGE', 0x10],
  ['FALLOC_FL_INSERT_RANGE', 0x20],
  ['FALLOC_FL_UNSHARE_RANGE', 0x40],
  ['FALLOC_FL_WRITE_ZEROES', 0x80],
];

const FADVICE = ['NORMAL', 'RANDOM', 'SEQUENTIAL', 'WILLNEED', 'DONTNEED', 'NOREUSE'];

const RENAME: BitNames = [
  ['RENAME_NOREPLACE', 1],
  ['RENAME_EXCHANGE', 2],
  ['RENAME_WHITEOUT', 4],
];

const SYNC_RANGE: BitNames = [
  ['SYNC_FILE_RANGE_WAIT_BEFORE', 1],
  ['SYNC_FILE_RANGE_WRITE', 2],
  ['SYNC_FILE_RANGE_WAIT_AFTER', 4],
];

const SPLICE: BitNames = [
  ['SPLICE_F_MOVE', 1],
  ['SPLICE_F_NONBLOCK', 2],
  ['SPLICE_F_MORE', 4],
  ['SPLICE_F_GIFT', 8],
];
const SPLICE_FIXED_IN = 0x80000000;

const XATTR: BitNames = [
  ['XATTR_CREATE', 1],
  ['XATTR_REPLACE', 2],
];

/** Bytes of a path that are read; a longer one ends in `…`. */
const PATH_BYTES = 1024;
/** XATTR_NAME_MAX and its NUL. */
const NAME_BYTES = 256;

export function textAt(name: string, address: bigint, length = PATH_BYTES): Pointer[] {
  if (address === 0n) return [];
  return [{ address, length, read: (bytes) => [operand(name, cString(bytes))] }];
}

export function openFlagsText(flags: number, arch: string): string {
  const created = CREATION.filter(([, bit]) => flags & bit).map(([name]) => name);
  const [access = 'O_RDONLY', ...rest] = openFlagNames(flags, arch);
  return [access, ...created, ...rest].join('|');
}

/** O_CREAT and O_TMPFILE: only then is the mode looked at. */
function createdMode(flags: number, mode: number): Operand[] {
  return flags & (0o100 | 0o20000000) ? [operand('mode', modeText(mode))] : [];
}

const directory = (fd: number): Operand => operand('directory', directoryText(fd));
const newDirectory = (fd: number): Operand => operand('new directory', directoryText(fd));
const noFd = (): { fd: null } => ({ fd: null });

const range = (sqe: Sqe) => ({ offset: sqe.off, length: sqe.len });
/** A length of 0: to the end of the file. */
const rangeOrAll = (sqe: Sqe) => (sqe.off === 0n && sqe.len === 0 ? {} : range(sqe));

function spliced(sqe: Sqe): Operand[] {
  const flags = (sqe.opFlags & ~SPLICE_FIXED_IN) >>> 0;
  const from = sqe.opFlags & SPLICE_FIXED_IN ? `registered file ${sqe.fileIndex}` : `fd ${sqe.fileIndex | 0}`;
  return [operand('from', from), ...unlessZero('splice flags', flags, bitsText(flags, SPLICE))];
}

const NOT_GIVEN = 0xffffffffffffffffn;

const linked: Operation = {
  fields: noFd,
  operands: (sqe) => [
    directory(sqe.fd),
    newDirectory(sqe.len | 0),
    ...unlessZero('flags', sqe.opFlags, bitsText(sqe.opFlags, AT_FLAGS)),
  ],
  pointers: (sqe) => [...textAt('path', sqe.addr), ...textAt('new path', sqe.off)],
};

const xattr = (byPath: boolean, sets: boolean): Operation => ({
  fields: (sqe) => (byPath ? { fd: null, length: sqe.len } : { length: sqe.len }),
  operands: (sqe) => (sets ? unlessZero('xattr flags', sqe.opFlags, bitsText(sqe.opFlags, XATTR)) : []),
  pointers: (sqe) => [
    ...textAt('attribute', sqe.addr, NAME_BYTES),
    ...(byPath ? textAt('path', sqe.addr3) : []),
  ],
});

export const FILES: Readonly<Record<string, Operation>> = {
  FSYNC: {
    fields: rangeOrAll,
    operands: (sqe) => unlessZero('fsync flags', sqe.opFlags, bitsText(sqe.opFlags, [['DATASYNC', 1]])),
  },
  SYNC_FILE_RANGE: {
    fields: rangeOrAll,
    operands: (sqe) => unlessZero('flags', sqe.opFlags, bitsText(sqe.opFlags, SYNC_RANGE)),
  },
  FALLOCATE: {
    fields: (sqe) => ({ offset: sqe.off, length: sqe.addr }),
    operands: (sqe) => unlessZero('mode', sqe.len, bitsText(sqe.len, FALLOCATE)),
  },
  FTRUNCATE: { fields: (sqe) => ({ length: sqe.off }) },
  FADVISE: {
    fields: (sqe) => ({ offset: sqe.off, length: sqe.addr === 0n ? sqe.len : sqe.addr }),
    operands: (sqe) => [operand('advice', `POSIX_FADV_${nameOf(sqe.opFlags, FADVICE)}`)],
  },
  OPENAT: {
    fields: noFd,
    operands: (sqe, arch) => [
      directory(sqe.fd),
      operand('open flags', openFlagsText(sqe.opFlags, arch)),
      ...createdMode(sqe.opFlags, sqe.len),
      ...installedFile(sqe),
    ],
    pointers: (sqe) => textAt('path', sqe.addr),
  },
  OPENAT2: {
    fields: noFd,
    operands: (sqe) => [directory(sqe.fd), ...installedFile(sqe)],
    pointers: (sqe, arch) => [
      ...textAt('path', sqe.addr),
      { address: sqe.off, length: Math.min(sqe.len, 24), read: (bytes) => openHow(bytes, arch) },
    ],
  },
  CLOSE: {
    fields: (sqe) => (sqe.fileIndex === 0 ? {} : { fd: null }),
    operands: (sqe) =>
      sqe.fileIndex === 0 ? [] : [operand('closes', `registered file ${sqe.fileIndex - 1}`)],
  },
  STATX: {
    fields: noFd,
    operands: (sqe) => [
      directory(sqe.fd),
      operand('statx mask', bitsText(sqe.len, STATX)),
      ...unlessZero('statx flags', sqe.opFlags, bitsText(sqe.opFlags, AT_FLAGS)),
    ],
    pointers: (sqe) => textAt('path', sqe.addr),
  },
  SPLICE: {
    fields: (sqe) => (sqe.off === NOT_GIVEN ? { length: sqe.len } : range(sqe)),
    operands: (sqe) => [
      ...spliced(sqe),
      ...(sqe.addr === NOT_GIVEN ? [] : [operand('offset in the source', sqe.addr)]),
    ],
  },
  TEE: { fields: (sqe) => ({ length: sqe.len }), operands: spliced },
  RENAMEAT: {
    ...linked,
    operands: (sqe) => [
      directory(sqe.fd),
      newDirectory(sqe.len | 0),
      ...unlessZero('rename flags', sqe.opFlags, bitsText(sqe.opFlags, RENAME)),
    ],
  },
  LINKAT: linked,
  SYMLINKAT: {
    fields: noFd,
    operands: (sqe) => [newDirectory(sqe.fd)],
    pointers: (sqe) => [...textAt('link text', sqe.addr), ...textAt('new path', sqe.off)],
  },
  UNLINKAT: {
    fields: noFd,
    operands: (sqe) => [
      directory(sqe.fd),
      ...unlessZero('flags', sqe.opFlags, bitsText(sqe.opFlags, [['AT_REMOVEDIR', 0x200]])),
    ],
    pointers: (sqe) => textAt('path', sqe.addr),
  },
  MKDIRAT: {
    fields: noFd,
    operands: (sqe) => [directory(sqe.fd), operand('mode', modeText(sqe.len))],
    pointers: (sqe) => textAt('path', sqe.addr),
  },
  FSETXATTR: xattr(false, true),
  SETXATTR: xattr(true, true),
  FGETXATTR: xattr(false, false),
  GETXATTR: xattr(true, false),
  PIPE: {
    fields: (sqe) => ({ fd: null, address: sqe.addr }),
    operands: (sqe, arch) => [
      ...unlessZero('pipe flags', sqe.opFlags, openFlagsText(sqe.opFlags, arch).replace('O_RDONLY|', '')),
      ...installedFile(sqe),
    ],
  },
};

/** struct open_how. */
function openHow(bytes: Buffer, arch: string): Operand[] {
  if (bytes.length < 24) return [];
  const flags = bytes.readBigUInt64LE(0);
  const mode = bytes.readBigUInt64LE(8);
  const resolve = bytes.readBigUInt64LE(16);
  const known = Number(BigInt.asUintN(32, flags));
  return [
    operand('open flags', flags >> 32n ? hex64(flags) : openFlagsText(known, arch)),
    ...createdMode(known, Number(mode & 0o7777n)),
    ...(resolve === 0n ? [] : [operand('resolve', bitsText(Number(resolve & 0xffffffffn), RESOLVE))]),
  ];
}
