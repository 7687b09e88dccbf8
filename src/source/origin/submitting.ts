import type { Origin, Request, Sample, Task } from '../../model/sample';
import { isProgramFile, isSystemImage } from './programFiles';

/** Flags of io_uring_enter: it waits for completions; its descriptor is the number of a registered ring. */
const GETEVENTS = 1;
const REGISTERED_RING = 16;

/**
 * The code that has submitted a request in the very call that still waits for it, as programs do that use io_uring for
 * one request at a time: the only one in flight on its ring. By index of the request.
 */
export function submittingOrigins({ tasks, rings, requests }: Sample): Map<number, readonly Origin[]> {
  const found = new Map<number, readonly Origin[]>();
  for (const ring of rings) {
    const own = requests.flatMap((request, index) => (request.ring === ring.id ? [{ request, index }] : []));
    const [only] = own;
    if (!only || own.length > 1 || ring.inFlight !== 1 || ring.fd === null) continue;
    const { fd } = ring;
    const waiting = tasks.filter((task) => submitsAndWaits(task, fd));
    const [task] = waiting;
    if (!task || waiting.length > 1 || !isOf(only.request, task)) continue;
    const frame = task.userStack?.find(
      ({ file, binary }) => isProgramFile(file) && !isSystemImage(binary ?? ''),
    );
    if (!frame) continue;
    const { function: name, file, line, column } = frame;
    found.set(only.index, [
      {
        kind: 'submitted',
        function: name,
        ...(file === undefined ? {} : { file }),
        ...(line === undefined ? {} : { line }),
        ...(column === undefined ? {} : { column }),
      },
    ]);
  }
  return found;
}

function submitsAndWaits({ kind, syscall }: Task, ring: number): boolean {
  if (kind !== 'thread' || syscall?.name !== 'io_uring_enter') return false;
  const [fd, toSubmit, least, flags] = syscall.args.map(Number);
  const mode = flags ?? 0;
  return (
    fd === ring &&
    toSubmit !== undefined &&
    toSubmit > 0 &&
    least === 1 &&
    (mode & GETEVENTS) !== 0 &&
    (mode & REGISTERED_RING) === 0
  );
}

function isOf({ submitter }: Request, { tid }: Task): boolean {
  return submitter === undefined || submitter === tid;
}
