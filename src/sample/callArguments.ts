import type { SystemCall, Task } from '../model/sample';
import { ADDRESS_BYTES, socketAddressText } from '../ring/operands/socketAddress';
import type { Target } from '../target/target';

/** Which argument points to a path; of calls with two paths the first. */
const PATHS: Readonly<Record<string, number>> = {
  open: 0,
  openat: 1,
  openat2: 1,
  creat: 0,
  execve: 0,
  stat: 0,
  lstat: 0,
  newfstatat: 1,
  statx: 1,
  access: 0,
  faccessat: 1,
  faccessat2: 1,
  mkdir: 0,
  mkdirat: 1,
  unlink: 0,
  unlinkat: 1,
  rmdir: 0,
  rename: 0,
  renameat: 1,
  renameat2: 1,
  truncate: 0,
  statfs: 0,
};
/** Which argument points to a socket address; its length is the next one. */
const ADDRESSES: Readonly<Record<string, number>> = { connect: 1, sendto: 4 };

const POLLS = /^p?poll$/;
/** Descriptors of one poll that are read: who waits for more has an event loop. */
const MOST_POLLED = 8;
/** sizeof(struct pollfd). */
const POLLED_BYTES = 8;

/** Bytes of a path that are read. */
const PATH_BYTES = 512;
/** Tasks whose arguments are followed. */
const MOST_TASKS = 64;

const READERS = {
  path: (data: Buffer) => textIn('path', pathText(data)),
  address: (data: Buffer) => textIn('address', socketAddressText(data)),
  polls: (data: Buffer) => ({ polls: polledIn(data) }),
} satisfies Record<string, (data: Buffer) => Partial<SystemCall>>;

interface Pointed {
  readonly task: Task;
  readonly call: SystemCall;
  readonly range: { readonly address: bigint; readonly length: number };
  readonly kind: keyof typeof READERS;
}

/** The tasks that wait, with the paths, socket addresses and polled descriptors behind the pointers of their system calls. */
export async function followArguments(
  target: Target,
  pid: number,
  tasks: readonly Task[],
): Promise<readonly Task[]> {
  const pointed = tasks.flatMap(pointedBy).slice(0, MOST_TASKS);
  if (pointed.length === 0) return tasks;
  const results = await target.memory(
    pid,
    pointed.map(({ range }) => range),
  );
  const calls = new Map<number, SystemCall>();
  pointed.forEach(({ task, call, kind }, index) => {
    const result = results[index];
    if (result?.ok) calls.set(task.tid, { ...call, ...READERS[kind](result.data) });
  });
  return tasks.map((task) => {
    const syscall = calls.get(task.tid);
    return syscall ? { ...task, syscall } : task;
  });
}

function pointedBy(task: Task): Pointed[] {
  const { syscall: call, state } = task;
  if (call?.name === undefined || (state !== 'S' && state !== 'D')) return [];
  if (POLLS.test(call.name)) return polledBy(task, call);
  const path = argument(call, PATHS);
  if (path !== undefined) return [{ task, call, kind: 'path', range: { address: path, length: PATH_BYTES } }];
  const address = argument(call, ADDRESSES);
  const length = Number(call.args[(ADDRESSES[call.name] ?? 0) + 1]);
  if (address === undefined || !(length > 2)) return [];
  return [{ task, call, kind: 'address', range: { address, length: Math.min(length, ADDRESS_BYTES) } }];
}

/** Of a system call that takes pollfds. */
function polledBy(task: Task, call: SystemCall): Pointed[] {
  const [pointer = '', count] = call.args;
  const length = Number(count) * POLLED_BYTES;
  if (!isPointer(pointer) || !(length > 0 && length <= MOST_POLLED * POLLED_BYTES)) return [];
  return [{ task, call, kind: 'polls', range: { address: BigInt(pointer), length } }];
}

function isPointer(text: string): boolean {
  return /^0x[0-9a-f]{1,16}$/.test(text) && BigInt(text) !== 0n;
}

function textIn(field: 'path' | 'address', text: string | undefined): Partial<SystemCall> {
  return text === undefined || text === '' ? {} : { [field]: text };
}

/** A negative one is left out by the kernel. */
function polledIn(data: Buffer): number[] {
  const fds = Array.from({ length: Math.floor(data.length / POLLED_BYTES) }, (_, index) =>
    data.readInt32LE(index * POLLED_BYTES),
  );
  return fds.filter((fd) => fd >= 0);
}

function argument(
  { name = '', args }: SystemCall,
  table: Readonly<Record<string, number>>,
): bigint | undefined {
  const index = Object.hasOwn(table, name) ? table[name] : undefined;
  const text = index === undefined ? undefined : args[index];
  return text === undefined || !isPointer(text) ? undefined : BigInt(text);
}

/** Undefined for one that does not end within what was read. */
function pathText(data: Buffer): string | undefined {
  const end = data.indexOf(0);
  return end < 0 ? undefined : data.toString('utf8', 0, end);
}
