import type { Code } from './code';

/** How a library that others build on uses user_data, where that is no address. */
interface Framework {
  readonly name: string;
  /** A library of its own that is mapped. */
  readonly library?: RegExp;
  /** What stands in the names of its functions, where it is linked in. */
  readonly symbol?: string;
  /** What a number is to it, completing "user_data is …"; undefined for one it does not use. */
  words(value: bigint): string | undefined;
}

/** Bytes of the names of an executable's symbols that are searched. */
const MOST_NAMES = 16 << 20;
const HALF = 1n << 32n;

const FRAMEWORKS: readonly Framework[] = [
  {
    name: 'tokio-uring',
    symbol: 'tokio_uring',
    words: (value) => (value < HALF ? `${value}, an index into tokio-uring’s slab of operations` : undefined),
  },
  {
    name: 'monoio',
    symbol: '6monoio',
    words: (value) =>
      value < HALF
        ? `${value}, an index into monoio’s slab of operations`
        : mark(value, [
            'monoio’s mark of a cancellation',
            'monoio’s mark of its timer',
            'monoio’s mark of its wake-up',
          ]),
  },
  {
    name: 'glommio',
    symbol: '7glommio',
    words: (value) => (value < HALF ? `${value}, an index into glommio’s list of sources` : undefined),
  },
  {
    // A descriptor or the number of a registration, the operation, and 16 bits of data.
    name: 'Netty',
    library: /libnetty\S*io_uring/,
    words: (value) =>
      `0x${value.toString(16)}, Netty’s numbers of a registration, its operation and its data`,
  },
  {
    // Of EPOLL_CTL: operation, place in the batch, descriptor.
    name: 'libuv',
    library: /\/libuv\.so/,
    symbol: 'uv__epoll_ctl_prep',
    words: (value) =>
      value >= HALF && value < 1n << 52n && (value & (HALF - 1n)) < 4096n
        ? `0x${value.toString(16)}, libuv’s number of a change to what epoll watches, of descriptor ${value >> 32n}`
        : undefined,
  },
  {
    name: 'liburing',
    library: /\/liburing\.so/,
    symbol: 'io_uring_wait_cqe',
    words: (value) => mark(value, ['liburing’s mark of the time limit of a wait']),
  },
];

/** Marks are counted down from the greatest number. */
function mark(value: bigint, marks: readonly string[]): string | undefined {
  return marks[Number(2n ** 64n - 1n - value)];
}

/** Which of them a process uses: by the libraries it has mapped and the symbols of its executable. */
export async function frameworksOf(code: Code): Promise<readonly Framework[]> {
  const files = code.memory.files();
  const executable = files.find(({ path }) => path.startsWith('/') && !/\.so(?:\.|$)/.test(path));
  const names = executable && (await symbolNames(code, executable.start));
  return FRAMEWORKS.filter(
    ({ library, symbol }) =>
      (library !== undefined && files.some(({ path }) => library.test(path))) ||
      (symbol !== undefined && names?.includes(symbol) === true),
  );
}

async function symbolNames(code: Code, address: number): Promise<Buffer | undefined> {
  const elf = (await code.binaryAt(address))?.lines?.elf;
  const names = (await elf?.section('.strtab')) ?? (await elf?.section('.dynstr'));
  return names?.bytes(0, MOST_NAMES);
}

/** What a number is to one of the libraries in use, completing "user_data is …". */
export function frameworkWords(userData: string, used: readonly Framework[]): string | undefined {
  const value = BigInt(userData);
  for (const { words } of used) {
    const found = words(value);
    if (found !== undefined) return `${found}, not an address`;
  }
  return undefined;
}
