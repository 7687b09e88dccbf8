import { printable } from '../model/printable';
import type { AioContext, AioRequest, AioSubmission, Sample, Task } from '../model/sample';
import type { Blocked } from './blocking';
import { culpritOf, diskOf, inFlightOf } from './disks';
import { counted, joined, operationCounts, operationNoun } from './words';

/** A thread inside a system call of Linux AIO. */
export interface AioCall {
  readonly task: Task;
  /** `io_getevents`, `io_pgetevents`, `io_submit`… */
  readonly name: string;
  /** Undefined where it is of no context that is known. */
  readonly context: AioContext | undefined;
  /** Completions that io_getevents waits for. */
  readonly least: number;
  /** It ends after a time of its own. */
  readonly timed: boolean;
  /** What io_submit was given. */
  readonly submission?: AioSubmission;
}

const COLLECTS = /^io_p?getevents$/;
const CALL = /^io_(?:p?getevents|submit|cancel|destroy)$/;

/** What a blocked thread asks Linux AIO for; undefined where it does not. */
export function aioCallOf({ aio = [] }: Sample, { task }: Pick<Blocked, 'task'>): AioCall | undefined {
  const { syscall } = task;
  if (syscall?.name === undefined || !CALL.test(syscall.name)) return undefined;
  const [address, least, , , timeout] = syscall.args;
  const context = aio.find((one) => one.address === address);
  const submission = context?.submitting?.find((one) => one.task === task.tid);
  return {
    task,
    name: syscall.name,
    context,
    ...(submission && syscall.name === 'io_submit' ? { submission } : {}),
    least: COLLECTS.test(syscall.name) ? Number(least) : 0,
    timed: timeout !== undefined && !/^0x0*$/.test(timeout),
  };
}

/** Threads that wait in io_getevents, by the stack where the system call may not be read. */
export function aioWaiters(blocked: readonly Blocked[]): readonly Blocked[] {
  return blocked.filter(({ on, cause }) => on.subsystem === 'Linux AIO' && cause === 'completions');
}

/** "Linux AIO context 1", "Linux AIO contexts 1 and 2". */
export function aioNames(contexts: readonly AioContext[]): string {
  const [only] = contexts;
  if (contexts.length === 1 && only) return `Linux AIO context ${only.id}`;
  const shown = contexts.slice(0, 4).map(({ id }) => String(id));
  if (contexts.length > 4) shown.push(`${contexts.length - 4} more`);
  return `Linux AIO contexts ${joined(shown)}`;
}

/** The operation by the name io_uring has for the like of it: PREADV → READV. */
function likeOf(operation: string): string {
  return operation.replace(/^P(?=READ|WRITE)/, '').replace(/^FDSYNC$/, 'FDATASYNC');
}

/** "4 reads and 1 fsync"; "5 requests" where not all of them are known. */
export function aioCounts(count: number, requests: readonly AioRequest[]): string {
  const known = requests.every(({ operation }) => operation !== 'UNKNOWN');
  if (requests.length !== count || count === 0 || !known) return counted(count, 'request');
  return operationCounts(requests.map(({ operation }) => likeOf(operation)));
}

/** "2 pending · 3 completed, not collected · room for 126". */
export function aioFacts({ pending, unreaped, capacity, asked }: AioContext): string[] {
  const room = capacity === undefined ? '' : `room for ${capacity}`;
  return [
    pending === undefined ? '' : `${pending} pending`,
    unreaped ? `${unreaped} completed, not collected` : '',
    asked === undefined ? room : `${room} (${asked} asked for)`,
  ].filter(Boolean);
}

/** "read /mnt/data/db", "poll of descriptor 3". */
export function aioRequestName({ operation, path, fd }: AioRequest): string {
  const noun = operation === 'UNKNOWN' ? 'request' : operationNoun(likeOf(operation));
  if (path !== undefined) return `${noun} ${printable(path, 200)}`;
  return fd === undefined ? noun : `${noun} of descriptor ${fd}`;
}

/** "offset 4096 · 4096 bytes". */
export function aioRequestFacts({ offset, length, userData, certainty }: AioRequest): string[] {
  return [
    offset === undefined ? '' : `offset ${offset}`,
    length === undefined ? '' : counted(length, 'byte'),
    `data ${userData}`,
    certainty === 'certain' ? '' : certainty,
  ].filter(Boolean);
}

/** What threads do with a context: "thread fio (7) waits in io_getevents for 1 completion". */
export function aioCallWords({ name, least, timed, submission }: AioCall): string {
  if (submission) {
    const { count, requests } = submission;
    const paths = new Set(requests.map(({ path }) => path));
    const [path] = paths;
    const of = paths.size === 1 && path !== undefined ? ` of ${printable(path, 200)}` : '';
    return `is inside ${name} with ${aioCounts(count, requests)}${of}`;
  }
  if (!COLLECTS.test(name)) return `is inside ${name}`;
  const many = least > 1 ? `for at least ${counted(least, 'completion')}` : 'for a completion';
  return `waits in ${name} ${many}${timed ? ', for a limited time' : ''}`;
}

/** Of a thread that waits for completions of a context with nothing pending; undefined for all others. */
export function aioAtRest(sample: Sample, task: Task): string | undefined {
  const call = aioCallOf(sample, { task });
  return call?.context?.pending === 0 && COLLECTS.test(call.name)
    ? `waits in ${call.name} (Linux AIO), where nothing is pending`
    : undefined;
}

/** What a thread that ends with requests of Linux AIO most likely waits for: "the disk loop0 has 32 requests in flight". */
export function endsWithAio(sample: Sample, { on }: Blocked): string | undefined {
  if (on.subsystem !== 'Linux AIO') return undefined;
  const disk = sample.resources
    .filter(({ fd }) => fd > 2)
    .flatMap((file) => diskOf(sample, file) ?? [])
    .find((one) => one.suspended || inFlightOf(one) > 0);
  if (!disk) return undefined;
  const culprit = culpritOf(sample, disk);
  const state = disk.suspended ? 'is suspended' : `has ${counted(inFlightOf(disk), 'request')} in flight`;
  return `the disk ${disk.name} ${state}${culprit ? `; behind it stands ${culprit.text}` : ''}`;
}
