import { opcodeName } from '../../ring/opcodes';
import type { ElfFile } from '../elfFile';
import type { Code } from './code';
import {
  FIO_UNIT,
  LIBUV_REQUEST,
  MARIADB_REQUEST,
  type ObjectShape,
  QEMU_REQUEST,
  SAMBA_REQUEST,
  TIGERBEETLE_COMPLETION,
} from './frameworkObjects';

/** How a library that others build on, or a program of its own, uses user_data. */
export interface Framework {
  readonly name: string;
  /** A library of its own that is mapped. */
  readonly library?: RegExp;
  /** What stands in the names of its functions, where it is linked in. */
  readonly symbol?: string;
  /** The program itself, where user_data is the same in all of it. */
  readonly program?: RegExp;
  /** What a number is to it, completing "user_data is …"; undefined for one it does not use. */
  words?(value: bigint): string | undefined;
  /** Its tasks can be told from what lies in the heap. */
  readonly hasTasks?: boolean;
  /** What its user_data points to. */
  readonly objects?: readonly ObjectShape[];
}

/** Bytes of the names of an executable's symbols that are searched. */
const MOST_NAMES = 16 << 20;
const HALF = 1n << 32n;

const FRAMEWORKS: readonly Framework[] = [
  {
    // tokio-uring 0.5, src/runtime/driver/mod.rs: the slab's index; the greatest number for what cancels.
    name: 'tokio-uring',
    symbol: 'tokio_uring',
    words: (value) =>
      value < HALF
        ? `${value}, an index into tokio-uring’s slab of operations`
        : mark(value, ['tokio-uring’s mark of a cancellation']),
  },
  {
    // monoio 0.2, src/driver/uring/mod.rs: the slab's index, and four marks.
    name: 'monoio',
    symbol: '6monoio',
    words: (value) =>
      value < HALF
        ? `${value}, an index into monoio’s slab of operations`
        : mark(value, [
            'monoio’s mark of a cancellation',
            'monoio’s mark of its timer',
            'monoio’s mark of its wake-up',
            'monoio’s mark of its poll of epoll',
          ]),
  },
  {
    // glommio 0.9, src/sys/uring.rs: place in the list of sources, from 1; 0 for what cancels.
    name: 'glommio',
    symbol: '7glommio',
    words: (value) =>
      value < HALF ? `${value}, number ${value - 1n} in glommio’s list of sources` : undefined,
  },
  {
    // compio-driver, src/sys/iour/mod.rs: a pointer to the operation, and two marks.
    name: 'compio',
    symbol: '13compio_driver',
    words: (value) =>
      mark(value, ['compio’s mark of a cancellation', 'compio’s mark of its poll for wake-ups']),
  },
  {
    // netty 4.2, io/netty/channel/uring/UserData.java: a registration's number, the operation, 16 bits of data.
    name: 'Netty 4.2',
    library: /libnetty\S*io_uring42/,
    words: (value) => netty(value, 'registration'),
  },
  {
    // netty-incubator-transport-io_uring, UserData.java: the same with the descriptor.
    name: 'Netty',
    library: /libnetty\S*io_uring(?!42)/,
    words: (value) => netty(value, 'descriptor'),
  },
  {
    // libuv 1.45 to 1.51, src/unix/linux.c: of EPOLL_CTL operation, place in the batch, descriptor; else the uv_fs_t.
    name: 'libuv',
    library: /\/libuv\.so/,
    symbol: 'uv__epoll_ctl_prep',
    words: (value) =>
      value >= HALF && value < 1n << 52n && (value & (HALF - 1n)) < 4096n
        ? `0x${value.toString(16)}, libuv’s number of a change to what epoll watches, of descriptor ${value >> 32n}`
        : undefined,
    objects: [LIBUV_REQUEST],
  },
  { name: 'QEMU', program: /\/(?:qemu-[\w-]+|kvm)$/, objects: [QEMU_REQUEST] },
  {
    name: 'MariaDB',
    program: /\/(?:mariadbd|mysqld|mariabackup|mariadb-backup)$/,
    objects: [MARIADB_REQUEST],
  },
  { name: 'fio', program: /\/fio$/, objects: [FIO_UNIT] },
  { name: 'Samba', library: /\/vfs\/io_uring\.so$/, objects: [SAMBA_REQUEST] },
  {
    name: 'TigerBeetle',
    library: /\/(?:tigerbeetle-node\/\S*\.node|libtb_client\.so|tigerbeetle)$/,
    objects: [TIGERBEETLE_COMPLETION],
  },
  {
    // liburing 2.3, src/queue.c: of the timeout that a wait brings with it where the kernel has no other way.
    name: 'liburing',
    library: /\/liburing\.so/,
    symbol: 'io_uring_wait_cqe',
    words: (value) => mark(value, ['liburing’s mark of the time limit of a wait']),
  },
  // What polls a task, of tokio and of what is made after it.
  { name: 'tokio', symbol: '4task3raw4poll', hasTasks: true },
  { name: 'async-task', symbol: '10async_task3raw', hasTasks: true },
];

/** The number of what it belongs to, the operation as the kernel counts them, and 16 bits of Netty's own. */
function netty(value: bigint, whose: string): string | undefined {
  const operation = opcodeName(Number((value >> 32n) & 0xffn));
  if ((value >> 40n) & 0xffn) return undefined;
  const data = value >> 48n;
  return `0x${value.toString(16)}, Netty’s number of ${/^[AEIO]/.test(operation) ? 'an' : 'a'} ${operation} of ${whose} ${value & (HALF - 1n)}${data === 0n ? '' : `, with ${data} of its own`}`;
}

/** Marks are counted down from the greatest number. */
function mark(value: bigint, marks: readonly string[]): string | undefined {
  return marks[Number(2n ** 64n - 1n - value)];
}

/** By an executable's file: those whose names stand in its symbols. */
const linkedIn = new WeakMap<ElfFile, Promise<ReadonlySet<Framework>>>();

/** Which of them a process uses: by the libraries it has mapped, its executable, and the symbols of that. */
export async function frameworksOf(code: Code): Promise<readonly Framework[]> {
  const files = code.memory.files();
  const executable = code.memory.executable();
  const linked = executable && (await linkedInto(code, executable.start));
  return FRAMEWORKS.filter(
    (framework) =>
      files.some(({ path }) => framework.library?.test(path)) ||
      (executable !== undefined && framework.program?.test(executable.path)) ||
      linked?.has(framework) === true,
  );
}

async function linkedInto(code: Code, address: number): Promise<ReadonlySet<Framework> | undefined> {
  const elf = (await code.binaryAt(address))?.lines?.elf;
  if (!elf) return undefined;
  let found = linkedIn.get(elf);
  if (!found) {
    found = namedIn(elf);
    linkedIn.set(elf, found);
  }
  return found;
}

async function namedIn(elf: ElfFile): Promise<ReadonlySet<Framework>> {
  const section = (await elf.section('.strtab')) ?? (await elf.section('.dynstr'));
  const names = await section?.bytes(0, MOST_NAMES);
  return new Set(FRAMEWORKS.filter(({ symbol }) => symbol !== undefined && names?.includes(symbol) === true));
}

/** What a number is to one of the libraries in use, completing "user_data is …". */
export function frameworkWords(userData: string, used: readonly Framework[]): string | undefined {
  const value = BigInt(userData);
  for (const framework of used) {
    const found = framework.words?.(value);
    if (found !== undefined) return `${found}, not an address`;
  }
  return undefined;
}
