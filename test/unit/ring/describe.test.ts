import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeSqe, pointersOf } from '../../../src/ring/describe';
import { opcodeName, opcodeNumber } from '../../../src/ring/opcodes';
import { readSqe } from '../../../src/ring/sqe';

interface Fields {
  readonly flags?: number;
  readonly ioprio?: number;
  readonly fd?: number;
  readonly off?: bigint;
  readonly addr?: bigint;
  readonly len?: number;
  readonly opFlags?: number;
  readonly buffer?: number;
  readonly personality?: number;
  readonly fileIndex?: number;
  readonly addr3?: bigint;
}

function sqe(name: string, fields: Fields = {}) {
  const bytes = Buffer.alloc(64);
  bytes[0] = opcodeNumber(name) ?? 255;
  bytes[1] = fields.flags ?? 0;
  bytes.writeUInt16LE(fields.ioprio ?? 0, 2);
  bytes.writeInt32LE(fields.fd ?? 3, 4);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, fields.off ?? 0n), 8);
  bytes.writeBigUInt64LE(fields.addr ?? 0n, 16);
  bytes.writeUInt32LE((fields.len ?? 0) >>> 0, 24);
  bytes.writeUInt32LE((fields.opFlags ?? 0) >>> 0, 28);
  bytes.writeBigUInt64LE(0xabcn, 32);
  bytes.writeUInt16LE(fields.buffer ?? 0, 40);
  bytes.writeUInt16LE(fields.personality ?? 0, 42);
  bytes.writeUInt32LE((fields.fileIndex ?? 0) >>> 0, 44);
  bytes.writeBigUInt64LE(fields.addr3 ?? 0n, 48);
  return readSqe(bytes, 0);
}

/** `name=value` of each operand. */
const operands = (name: string, fields?: Fields): string[] =>
  (describeSqe(sqe(name, fields)).operands ?? []).map(({ name: key, value }) => `${key}=${value}`);

/** Memory of a program: what stands at some addresses. */
type Memory = Readonly<Record<number, Buffer>>;

function behind(name: string, fields: Fields, memory: Memory): string[] {
  const found: string[] = [];
  let wanted = [...pointersOf(sqe(name, fields))];
  while (wanted.length > 0) {
    const next: typeof wanted = [];
    for (const { address, length, read, next: more } of wanted) {
      const bytes = memory[Number(address)]?.subarray(0, length);
      if (!bytes) continue;
      found.push(...(read?.(bytes) ?? []).map(({ name: key, value }) => `${key}=${value}`));
      next.push(...(more?.(bytes) ?? []));
    }
    wanted = next;
  }
  return found;
}

const quads = (...values: readonly bigint[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 8);
  values.forEach((value, index) => {
    bytes.writeBigInt64LE(BigInt.asIntN(64, value), index * 8);
  });
  return bytes;
};

const inet4 = (address: readonly number[], port: number): Buffer =>
  Buffer.from([2, 0, port >> 8, port & 255, ...address, ...Array<number>(8).fill(0)]);

describe('the fields every request has', () => {
  it('are where it acts, from its own bytes', () => {
    expect(describeSqe(sqe('READ', { fd: 7, off: 4096n, addr: 0x7f00n, len: 512, flags: 16 }))).toEqual({
      operation: 'READ',
      ...{ fd: 7, offset: 4096, length: 512, address: '0x7f00', userData: '0xabc', flags: ['ASYNC'] },
    });
  });

  it('name a registered file by its number', () => {
    expect(describeSqe(sqe('RECV', { fd: 2, flags: 1, addr: 16n }))).toMatchObject({
      fd: null,
      fixedFile: 2,
    });
  });

  it.each(['TIMEOUT', 'OPENAT', 'FUTEX_WAIT', 'WAITID', 'SOCKET', 'MADVISE', 'NOP', 'STATX', 'UNLINKAT'])(
    'leave out the descriptor of %s, which has none',
    (name) => expect(describeSqe(sqe(name)).fd).toBeNull(),
  );

  it('leave out an offset that means the file’s own position', () => {
    const own = describeSqe(sqe('WRITE', { off: -1n, len: 1 }));
    expect(own.offset).toBeUndefined();
    expect(own.operands).toEqual([{ name: 'offset', value: "the file's own position" }]);
  });

  it('take the length of FALLOCATE, FTRUNCATE and FADVISE from where the kernel does', () => {
    expect(describeSqe(sqe('FALLOCATE', { off: 1n, addr: 1n << 33n, len: 3 }))).toMatchObject({
      offset: 1,
      length: 2 ** 33,
    });
    expect(describeSqe(sqe('FTRUNCATE', { off: 77n })).length).toBe(77);
    expect(describeSqe(sqe('FADVISE', { len: 5 })).length).toBe(5);
  });

  it('leave out a length of 0 that means all there is', () => {
    expect(describeSqe(sqe('FSYNC')).length).toBeUndefined();
    expect(describeSqe(sqe('RECV', { flags: 32 }))).not.toHaveProperty('length');
    expect(describeSqe(sqe('RECV'))).toMatchObject({ length: 0, address: '0x0' });
  });

  it('are told of an opcode from the future, too', () => {
    expect(describeSqe(sqe('OP_255', { fd: 4 }))).toMatchObject({ operation: 'OP_255', fd: 4 });
  });
});

describe('the operands', () => {
  it.each<[string, Fields, string[]]>([
    ['READ', { opFlags: 9, ioprio: 0x4007 }, ['rw flags=RWF_HIPRI|RWF_NOWAIT', 'I/O priority=best effort 7']],
    ['READ_FIXED', { buffer: 5 }, ['buffer=registered buffer 5']],
    ['READV', { len: 3 }, ['vectors=3']],
    ['WRITEV_FIXED', { len: 2, buffer: 1 }, ['vectors=2', 'buffer=registered buffer 1']],
    ['READ_MULTISHOT', { flags: 32, buffer: 9 }, ['buffer group=9']],
    ['FSYNC', { opFlags: 1 }, ['fsync flags=DATASYNC']],
    [
      'OPENAT',
      { fd: -100, opFlags: 0o100101, len: 0o644, fileIndex: -1 },
      [
        'directory=AT_FDCWD',
        'open flags=O_WRONLY|O_CREAT|O_LARGEFILE',
        'mode=0644',
        'installs=any registered file',
      ],
    ],
    [
      'OPENAT',
      { fd: 9, opFlags: 0o2000000, len: 0o644 },
      ['directory=fd 9', 'open flags=O_RDONLY|O_CLOEXEC'],
    ],
    ['CLOSE', { fileIndex: 4 }, ['closes=registered file 3']],
    [
      'STATX',
      { fd: -100, len: 0xfff, opFlags: 0x100 },
      ['directory=AT_FDCWD', 'statx mask=STATX_BASIC_STATS|STATX_BTIME', 'statx flags=AT_SYMLINK_NOFOLLOW'],
    ],
    ['FALLOCATE', { len: 3 }, ['mode=FALLOC_FL_KEEP_SIZE|FALLOC_FL_PUNCH_HOLE']],
    ['FADVISE', { opFlags: 4 }, ['advice=POSIX_FADV_DONTNEED']],
    ['MADVISE', { opFlags: 21 }, ['advice=MADV_PAGEOUT']],
    [
      'RENAMEAT',
      { fd: -100, len: 8, opFlags: 2 },
      ['directory=AT_FDCWD', 'new directory=fd 8', 'rename flags=RENAME_EXCHANGE'],
    ],
    ['UNLINKAT', { fd: -100, opFlags: 0x200 }, ['directory=AT_FDCWD', 'flags=AT_REMOVEDIR']],
    ['MKDIRAT', { fd: -100, len: 0o755 }, ['directory=AT_FDCWD', 'mode=0755']],
    [
      'SPLICE',
      { off: -1n, addr: 100n, fileIndex: 6, opFlags: 1 },
      ['from=fd 6', 'splice flags=SPLICE_F_MOVE', 'offset in the source=100'],
    ],
    ['TEE', { fileIndex: 2, opFlags: -(2 ** 31) }, ['from=registered file 2']],
    ['POLL_ADD', { opFlags: 0x2005, len: 1 }, ['poll events=POLLIN|POLLOUT|POLLRDHUP', 'poll flags=MULTI']],
    [
      'POLL_REMOVE',
      { addr: 0x10n, len: 6, opFlags: 4, off: 0x20n },
      [
        'target=user_data 0x10',
        'poll flags=UPDATE_EVENTS|UPDATE_USER_DATA',
        'new poll events=POLLOUT',
        'new user_data=0x20',
      ],
    ],
    ['TIMEOUT', { off: 3n, opFlags: 0x40 }, ['or completions=3', 'timeout flags=MULTISHOT']],
    ['TIMEOUT', { addr: 1_500_000_000n, opFlags: 0x80 }, ['timeout=1.5 s', 'timeout flags=IMMEDIATE_ARG']],
    ['TIMEOUT_REMOVE', { addr: 5n }, ['target=user_data 0x5']],
    [
      'ACCEPT',
      { ioprio: 1, opFlags: 0o4000, fileIndex: 3 },
      ['accept flags=SOCK_NONBLOCK', 'flags=MULTISHOT', 'installs=registered file 2'],
    ],
    ['RECV', { opFlags: 0x100, ioprio: 2 }, ['message flags=MSG_WAITALL', 'flags=MULTISHOT']],
    ['SEND_ZC', { ioprio: 4, buffer: 2 }, ['flags=FIXED_BUF', 'buffer=registered buffer 2']],
    ['RECV_ZC', { ioprio: 2, fileIndex: 1 }, ['flags=MULTISHOT', 'receive queue=1']],
    ['SHUTDOWN', { len: 2 }, ['how=SHUT_RDWR']],
    ['LISTEN', { len: 128 }, ['backlog=128']],
    [
      'SOCKET',
      { fd: 2, off: 0x801n, len: 6 },
      ['family=AF_INET', 'type=SOCK_STREAM', 'socket flags=SOCK_NONBLOCK', 'protocol=6'],
    ],
    [
      'FUTEX_WAIT',
      { fd: 0x82, off: 7n, addr3: 0xffffffffn },
      ['value=0x7', 'mask=0xffffffff', 'futex flags=FUTEX2_SIZE_U32|FUTEX2_PRIVATE'],
    ],
    ['FUTEX_WAKE', { fd: 2, off: 3n, addr3: 1n }, ['wakes=3', 'mask=0x1', 'futex flags=FUTEX2_SIZE_U32']],
    ['FUTEX_WAITV', { len: 2 }, ['futexes=2']],
    ['WAITID', { fd: 4242, len: 1, fileIndex: 4 }, ['waits for=P_PID 4242', 'wait options=WEXITED']],
    ['EPOLL_CTL', { len: 1, off: 9n }, ['epoll operation=EPOLL_CTL_ADD', 'watched=fd 9']],
    ['EPOLL_WAIT', { len: 8 }, ['most events=8']],
    ['ASYNC_CANCEL', { addr: 0x77n }, ['target=user_data 0x77']],
    ['ASYNC_CANCEL', { fd: 6, opFlags: 3 }, ['target=fd 6', 'cancel flags=ALL|FD']],
    ['ASYNC_CANCEL', { opFlags: 4 }, ['target=any request', 'cancel flags=ANY']],
    ['ASYNC_CANCEL', { opFlags: 0x20, len: 13 }, ['target=operation ACCEPT', 'cancel flags=OP']],
    ['MSG_RING', { len: 5, off: 0x10n }, ['posts=res 5', 'user_data there=0x10']],
    [
      'MSG_RING',
      { addr: 1n, addr3: 2n, fileIndex: -1 },
      ['sends=registered file 2', 'to=any registered file', 'user_data there=0x0'],
    ],
    ['FILES_UPDATE', { len: 4, off: 2n }, ['registered files=4 from 2 on']],
    ['PROVIDE_BUFFERS', { fd: 16, off: 1n, buffer: 3 }, ['buffers=16 from id 1 on', 'buffer group=3']],
    [
      'URING_CMD',
      { off: 3n, addr: (2n << 32n) | 1n },
      ['command=SOCKET_URING_OP_SETSOCKOPT', 'socket option=level 1, name 2'],
    ],
    [
      'URING_CMD',
      { off: 0xc0484e80n, opFlags: 1, buffer: 4 },
      ['command=0xc0484e80', 'command flags=FIXED', 'buffer=registered buffer 4'],
    ],
    ['FIXED_FD_INSTALL', { opFlags: 1, flags: 1 }, ['install flags=NO_CLOEXEC']],
    ['PIPE', { opFlags: 0o2004000 }, ['pipe flags=O_NONBLOCK|O_CLOEXEC']],
    [
      'NOP',
      { opFlags: 1, len: -5, personality: 2 },
      ['nop flags=INJECT_RESULT', 'result to give=-5', 'personality=2'],
    ],
  ])('of %s, case %#', (name, fields, expected) => {
    expect(operands(name, fields)).toEqual(expected);
  });
});

it('open flags are those of the machine', () => {
  const open = sqe('OPENAT', { opFlags: 0o200000 });
  const flags = (arch: string) => describeSqe(open, arch).operands?.[1]?.value;
  expect([flags('x86_64'), flags('aarch64')]).toEqual(['O_RDONLY|O_DIRECTORY', 'O_RDONLY|O_DIRECT']);
});

describe('behind the pointers stands', () => {
  it('a path, cut where no more was read', () => {
    expect(behind('OPENAT', { addr: 8n }, { 8: Buffer.from('/tmp/x\0garbage') })).toEqual(['path=/tmp/x']);
    expect(behind('UNLINKAT', { addr: 8n }, { 8: Buffer.from('/tm') })).toEqual(['path=/tm…']);
    expect(
      behind('RENAMEAT', { addr: 8n, off: 9n }, { 8: Buffer.from('a\0'), 9: Buffer.from('b\0') }),
    ).toEqual(['path=a', 'new path=b']);
    expect(
      behind('GETXATTR', { addr: 8n, addr3: 9n }, { 8: Buffer.from('user.k\0'), 9: Buffer.from('/f\0') }),
    ).toEqual(['attribute=user.k', 'path=/f']);
  });

  it('the flags of openat2', () => {
    const memory = { 8: Buffer.from('f\0'), 9: quads(0o102n, 0o600n, 8n) };
    expect(behind('OPENAT2', { addr: 8n, off: 9n, len: 24 }, memory)).toEqual([
      'path=f',
      'open flags=O_RDWR|O_CREAT',
      'mode=0600',
      'resolve=RESOLVE_BENEATH',
    ]);
  });

  it('a time, with its clock where it is absolute', () => {
    const memory = { 8: quads(5n, 250_000_000n) };
    expect(behind('TIMEOUT', { addr: 8n }, memory)).toEqual(['timeout=5.25 s']);
    expect(behind('LINK_TIMEOUT', { addr: 8n, opFlags: 9 }, memory)).toEqual([
      'timeout=until 5.25 s of CLOCK_REALTIME',
    ]);
    expect(behind('TIMEOUT_REMOVE', { addr: 1n, off: 8n, opFlags: 2 }, memory)).toEqual(['timeout=5.25 s']);
    expect(behind('TIMEOUT', { addr: 8n }, { 8: quads(5n, -1n) })).toEqual([]);
  });

  it.each<[string, Buffer, string]>([
    ['IPv4', inet4([127, 0, 0, 1], 8080), '127.0.0.1:8080'],
    [
      'IPv6',
      Buffer.from([10, 0, 1, 187, 0, 0, 0, 0, ...Array<number>(15).fill(0), 1, 0, 0, 0, 0]),
      '[::1]:443',
    ],
    ['a unix socket', Buffer.from('\x01\0/run/x.sock\0'), '/run/x.sock'],
    ['an abstract unix socket', Buffer.from('\x01\0\0name'), '@name'],
    ['an unnamed unix socket', Buffer.from('\x01\0'), 'unnamed unix socket'],
    ['another family', Buffer.from([40, 0, 1, 2, 3, 4, 5, 6, 7, 8]), 'address family 40 0x807060504030201'],
  ])('the address of %s', (_, bytes, text) => {
    const fields = { addr: 8n, off: BigInt(bytes.length) };
    expect(behind('CONNECT', fields, { 8: bytes })).toEqual([`peer=${text}`]);
    expect(behind('BIND', fields, { 8: bytes })).toEqual([`local=${text}`]);
    expect(behind('SEND', { off: 8n, fileIndex: bytes.length }, { 8: bytes })).toEqual([`peer=${text}`]);
  });

  it('the vectors of a read, and those of a message with its peer', () => {
    const memory = {
      8: quads(1n, 100n, 2n, 200n),
      16: Buffer.concat([quads(24n, 16n, 8n, 2n, 99n, 64n), quads(0n)]),
      24: inet4([10, 0, 0, 2], 53),
    };
    expect(behind('READV', { addr: 8n, len: 2 }, memory)).toEqual(['total length=300']);
    expect(behind('SENDMSG', { addr: 16n }, memory)).toEqual([
      'vectors=2',
      'control length=64',
      'total length=300',
      'peer=10.0.0.2:53',
    ]);
    expect(behind('RECVMSG', { addr: 16n }, memory)).toEqual([
      'vectors=2',
      'control length=64',
      'total length=300',
    ]);
    // An array that could be read in part says nothing of its sum.
    expect(behind('READV', { addr: 8n, len: 5 }, memory)).toEqual([]);
    // UIO_MAXIOV: the kernel takes no more vectors than that.
    const many = { 8: Buffer.concat(Array.from({ length: 1025 }, () => quads(1n, 4n))) };
    const message = (count: bigint) => ({ ...many, 16: quads(0n, 0n, 8n, count, 0n, 0n, 0n) });
    expect(behind('SENDMSG', { addr: 16n }, message(1024n))).toEqual(['vectors=1024', 'total length=4096']);
    expect(behind('SENDMSG', { addr: 16n }, message(1025n))).toEqual(['vectors=1025']);
  });

  it('events and futexes', () => {
    expect(behind('EPOLL_CTL', { addr: 8n, len: 1 }, { 8: quads(0x80000001n) })).toEqual([
      'epoll events=EPOLLIN|EPOLLET',
    ]);
    expect(behind('EPOLL_CTL', { addr: 8n, len: 2 }, { 8: quads(1n) })).toEqual([]);
    expect(behind('FUTEX_WAITV', { addr: 8n, len: 2 }, { 8: quads(1n, 0x100n, 2n, 3n, 0x200n, 2n) })).toEqual(
      ['waits for=0x100 = 0x1, 0x200 = 0x3'],
    );
  });
});

describe('whatever an SQE and what it points at hold', () => {
  it('nothing throws, and no pointer asks for much', () => {
    fc.assert(
      fc.property(
        fc.nat(66),
        fc.uint8Array({ minLength: 63, maxLength: 63 }),
        fc.uint8Array({ maxLength: 64 }),
        (opcode, rest, memory) => {
          const asked = readSqe(Buffer.from([opcode, ...rest]), 0);
          expect(describeSqe(asked).operation).toBe(opcodeName(opcode));
          for (const pointer of pointersOf(asked)) {
            expect(pointer.length).toBeGreaterThan(0);
            expect(pointer.length).toBeLessThanOrEqual(16384);
            pointer.read?.(Buffer.from(memory));
            for (const next of pointer.next?.(Buffer.from(memory)) ?? []) {
              expect(next.length).toBeLessThanOrEqual(16384);
              next.read?.(Buffer.from(memory));
            }
          }
        },
      ),
      { numRuns: 3000 },
    );
  });
});
