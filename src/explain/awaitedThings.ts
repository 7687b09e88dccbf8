import { printable } from '../model/printable';
import type { ChildProcess, FutexWord, ProcessName, Request, Sample, Task } from '../model/sample';
import { awaitedChildren, type ChildChoice, choiceFromText } from '../procfs/childChoice';
import { type AwaitedFutex, awaitedFutexes, futexesOfRequest } from '../procfs/futexArguments';
import { argumentOf } from '../procfs/syscall';
import type { Cause } from './functions/entry';
import { indexOf, resourceOf } from './sampleIndex';
import { counted, grouped, joined, processName, resourceName, ringName } from './words';

/** What a thread waits for more exactly than its stack says, completing "it …"; undefined where no more is known. */
export function threadAwaits(sample: Sample, task: Task, cause: Cause): string | undefined {
  const { name, args = [] } = task.syscall ?? {};
  if (cause === 'child') {
    const choice = awaitedChildren(name, args);
    return choice && childText(sample, choice);
  }
  const holder = lockHolderOf(sample, task, cause);
  const [word] = cause === 'futex' ? awaitedFutexes(name, args) : [];
  if (!holder) return word?.own === true && isAlone(sample, task) ? ALONE : undefined;
  if (holder.pid === task.tid) return 'waits for a mutex that it holds itself';
  const own = indexOf(sample).tasks.has(holder.pid);
  return `waits for a mutex that ${own ? 'thread ' : ''}${processName(holder)} holds`;
}

/** Who holds the mutex that a thread waits for, where its word tells; by tid. */
export function lockHolderOf(sample: Sample, { syscall }: Task, cause: Cause): ProcessName | undefined {
  // Without a stack the wait channel of a lock with an owner is that of many a lock of the kernel.
  if (cause !== 'futex' && cause !== 'lock') return undefined;
  const [word, ...others] = awaitedFutexes(syscall?.name, syscall?.args ?? []);
  return word && others.length === 0 ? wordAt(sample, word)?.holder : undefined;
}

/** The wait ends by itself at some time. */
export function isTimed({ syscall }: Task): boolean {
  return argumentOf(syscall?.args ?? [], syscall?.name === 'futex' ? 3 : 4) !== 0n;
}

const ALONE = 'waits for another thread (mutex, condition variable), but the process has no other';

/** Nobody else can wake it: no thread, no request of io_uring, and no time that runs out. */
function isAlone({ tasks, rings }: Sample, task: Task): boolean {
  return rings.length === 0 && !isTimed(task) && tasks.length === 1;
}

/** The same of a request of io_uring that waits for a child or for words of memory. */
export function requestAwaits(sample: Sample, request: Request): string | undefined {
  if (request.state === 'issued') return issuedAwaits(sample, request);
  if (request.state !== 'waiting') return undefined;
  if (request.operation === 'WAITID') {
    const text = request.operands?.find(({ name }) => name === 'waits for')?.value;
    const choice = text === undefined ? undefined : choiceFromText(text);
    return choice && childText(sample, choice);
  }
  if (request.operation.startsWith('URING_CMD')) return commandAwaits(sample, request);
  const words = futexesOfRequest(request);
  const [word] = words;
  if (!word) return undefined;
  if (words.length > 1) return `waits for a wake at one of ${grouped(words.length)} words of memory`;
  return `waits for a wake at ${word.address === 0n ? 'address 0' : hex(word.address)}${valueText(word, wordAt(sample, word))}`;
}

/** Who can end a wait for a word of memory. */
export function wakerSentence(sample: Sample, requests: readonly Request[]): string {
  const words = requests.flatMap((request) => (request.state === 'waiting' ? futexesOfRequest(request) : []));
  if (words.length === 0 || words.some(({ own }) => own === undefined)) return '';
  const threads = sample.tasks.filter(({ kind }) => kind === 'thread').length;
  if (!words.every(({ own }) => own)) {
    return 'A futex that is not private is woken by whoever has the same memory, be it another process.';
  }
  const who =
    threads === 1
      ? 'its only thread, which may do so by a request of io_uring, too'
      : `one of its ${grouped(threads)} threads`;
  return `The futex is private: only this process can wake it, that is ${who}.`;
}

/** What has been issued and is in no device: a message to another ring, the second half of a zero-copy send. */
function issuedAwaits(sample: Sample, { operation, fd, stage }: Request): string | undefined {
  if (stage === undefined) return undefined;
  if (operation === 'MSG_RING') {
    const ring = sample.rings.find((one) => one.fd === fd);
    return `waits for the thread of ${ring ? ringName(ring) : 'another ring'} to take it`;
  }
  return /^SEND(?:MSG)?_ZC$/.test(operation) && stage.startsWith('has been sent')
    ? 'waits for the network to let go of the buffers of what it has sent'
    : undefined;
}

/** Whom a command to a driver waits for, by what its descriptor is. */
export function commandAwaits(sample: Sample, request: Request): string | undefined {
  const file = resourceOf(sample, request);
  const path = file?.path ?? request.path ?? '';
  if (path === '/dev/fuse') return 'waits for the kernel to hand this FUSE server a request';
  if (/^\/dev\/ublkc\d+$/.test(path)) return 'waits for the kernel to hand this ublk server a request';
  if (path === '/dev/ublk-control') return 'waits for the ublk driver';
  if (/^\/dev\/n(?:vme|g)\d/.test(path)) return `waits for the NVMe device ${printable(path, 80)}`;
  if (file?.kind !== 'socket') return undefined;
  const stamps = request.operands?.some(({ value }) => value === 'SOCKET_URING_OP_TX_TIMESTAMP');
  return `${stamps ? 'waits for time stamps of what is sent on' : 'waits for'} ${resourceName(file, sample.process.pid)}`;
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}

function wordAt({ futexes }: Sample, { address }: AwaitedFutex): FutexWord | undefined {
  return futexes?.find((word) => word.address === hex(address));
}

/** ", whose value is still 7" or what became of it; with the lock’s holder where the word tells it. */
function valueText({ expected }: AwaitedFutex, word: FutexWord | undefined): string {
  if (!word) return '';
  const holder = word.holder ? `; ${processName(word.holder)} holds the lock` : '';
  if (expected === undefined) return holder;
  return expected === word.value
    ? ` (its value is still ${word.value})${holder}`
    : ` (its value was ${expected} and is ${word.value}: it was changed without a wake)${holder}`;
}

/** Children that are named one by one. */
const MOST_NAMED = 3;

function childText(sample: Sample, choice: ChildChoice): string | undefined {
  const chosen = chosenChildren(sample, choice);
  const [first] = chosen;
  if (!first) return undefined;
  if (chosen.length === 1) return `waits for its child process ${processName(first)} to end${plight(first)}`;
  const named = chosen.slice(0, MOST_NAMED).map((child) => `${processName(child)}`);
  const more = chosen.length - named.length;
  const all = joined(more > 0 ? [...named, `${grouped(more)} more`] : named);
  return `waits for one of its ${counted(chosen.length, 'child process')} to end: ${all}`;
}

function chosenChildren({ children = [], resources }: Sample, choice: ChildChoice): ChildProcess[] {
  switch (choice.kind) {
    case 'all':
      return [...children];
    case 'pid':
      return children.filter(({ pid, ownPid }) => (ownPid ?? pid) === choice.id);
    case 'group': {
      const group = choice.id === 0 ? undefined : choice.id;
      return group === undefined ? [] : children.filter((child) => child.group === group);
    }
    case 'pidfd': {
      const target = resources.find(({ fd, kind }) => fd === choice.id && kind === 'pidfd')?.target;
      return children.filter(({ pid }) => pid === target);
    }
  }
}

/** What keeps the child from ending, by its state. */
function plight({ state }: ChildProcess): string {
  switch (state) {
    case 'D':
      return ', which is in uninterruptible sleep itself';
    case 'T':
    case 't':
      return ', which is stopped';
    default:
      return '';
  }
}
