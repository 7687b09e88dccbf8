import { awaitingOf } from '../explain/awaiting';
import { severityOf } from '../explain/blame';
import { callingLine, ownLine, ownOrigin, type Placed } from '../explain/ownCode';
import { isInFlight } from '../explain/requestStates';
import type { Request, Sample, Task } from '../model/sample';

/** A line of the program's source, as its compiler knows it, and what waits there. */
export interface WaitingPlace {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly requests: readonly Request[];
  readonly threads: readonly Task[];
  /** A finding above info points to one of them. */
  readonly stuck: boolean;
  /** Of the file, as the compiler saw it. */
  readonly md5?: string;
  /** When the binary was made, seconds since 1970. */
  readonly binaryModified?: number;
}

const known = new WeakMap<Sample, readonly WaitingPlace[]>();

/** The lines at which threads of the program wait, those that led there from another file, and those its pending requests belong to. */
export function waitingPlaces(sample: Sample): readonly WaitingPlace[] {
  const before = known.get(sample);
  if (before) return before;
  const places = new Map<string, Growing>();
  const at = ({ file, line }: Placed<object>): Growing => {
    const key = `${line} ${file}`;
    const place = places.get(key) ?? { file, line, requests: [], threads: [], stuck: false };
    places.set(key, place);
    return place;
  };
  for (const task of sample.tasks) {
    const frame = isWaiting(task, sample) ? ownLine(task) : undefined;
    if (!frame) continue;
    const caller = callingLine(task, frame);
    for (const line of caller ? [frame, caller] : [frame]) {
      const place = at(line);
      place.threads.push(task);
      place.stuck ||= isStuck(task, sample) || stuckAwaited(task, sample).length > 0;
    }
  }
  for (const request of sample.requests) {
    const origin = isInFlight(request) ? ownOrigin(request) : undefined;
    if (!origin) continue;
    const place = at(origin);
    place.requests.push(request);
    place.stuck ||= isStuck(request, sample);
  }
  const found = withBuilds([...places.values()], sample);
  known.set(sample, found);
  return found;
}

interface Growing {
  readonly file: string;
  readonly line: number;
  readonly requests: Request[];
  readonly threads: Task[];
  stuck: boolean;
}

/** An event loop or a pool's thread that has nothing to do waits for nothing of interest, unless requests are pending that it may collect. */
function isWaiting(task: Task, sample: Sample): boolean {
  const { kind, state, blockedOn, syscall } = task;
  if (kind !== 'thread' || state === 'R' || state === 'Z' || state === 'X') return false;
  if (state === 'D' || isStuck(task, sample)) return true;
  if (blockedOn !== undefined && blockedOn.idle !== true) return true;
  return syscall?.name === 'io_uring_enter' && sample.requests.some(isInFlight);
}

function isStuck(item: Task | Request, sample: Sample): boolean {
  const severity = severityOf(item, sample);
  return severity === 'critical' || severity === 'warning';
}

/** By sample and ring: its requests in flight, where all of them are stuck; else none. */
const stuckRings = new WeakMap<Sample, Map<number, readonly Request[]>>();

/** The requests a thread waits for, where all of its ring's in flight are stuck: nothing will come. */
export function stuckAwaited(task: Task, sample: Sample): readonly Request[] {
  const ring = awaitingOf(sample, { task, cause: 'completions' })?.ring.id;
  if (ring === undefined) return [];
  const known = stuckRings.get(sample) ?? new Map<number, readonly Request[]>();
  stuckRings.set(sample, known);
  const before = known.get(ring);
  if (before !== undefined) return before;
  const pending = sample.requests.filter((request) => request.ring === ring && isInFlight(request));
  const stuck = pending.every((request) => isStuck(request, sample)) ? pending : [];
  known.set(ring, stuck);
  return stuck;
}

/** What is known of a file by one frame holds for all; origins do not say when their binary was made: the program's own is taken. */
function withBuilds(places: readonly Growing[], sample: Sample): readonly WaitingPlace[] {
  const files = new Map<string, { md5?: string; binaryModified?: number }>();
  let program: number | undefined;
  for (const { userStack = [] } of sample.tasks)
    for (const { file, md5, binary, binaryModified } of userStack) {
      if (binary === sample.process.executable) program ??= binaryModified;
      if (file === undefined || files.has(file)) continue;
      files.set(file, {
        ...(md5 === undefined ? {} : { md5 }),
        ...(binaryModified === undefined ? {} : { binaryModified }),
      });
    }
  const unknown = program === undefined ? {} : { binaryModified: program };
  return places.map((place) => ({ ...place, ...(files.get(place.file) ?? unknown) }));
}
