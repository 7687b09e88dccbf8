import type { BlockDevice, BlockedOn, Request, Resource, Sample } from '../model/sample';
import { plainName } from '../ring/issueFunctions';
import { type Blocked, blockedOn } from './blocking';
import { diskOf } from './disks';
import type { Cause } from './functions/entry';
import { TAKEN_BY_SERVER, UNTIL } from './functions/until';
import { directionOf, holdingLimit } from './ioLimits';
import { behindOverlay } from './overlays';
import { isOnItsWay } from './requestStates';
import { indexOf, resourceOf } from './sampleIndex';
import { operationLabel } from './words';

/**
 * cancel = IORING_OP_ASYNC_CANCEL ends it now; head = no cancel finds it, it ends with the one it waits behind; kill = only
 * the end of the process; never = nothing but the event.
 */
export type Ending = 'cancel' | 'head' | 'kill' | 'never';

export interface Cancelling {
  readonly ending: Ending;
  /** Completes "it …": "can be cancelled now". */
  readonly text: string;
}

/** Whether a pending request can be cancelled or timed out; undefined where it is not pending, or nobody can tell. Held to the kernel by test/real/cancelling.test.ts. */
export function cancelling(sample: Sample, request: Request): Cancelling | undefined {
  const { state, operation } = request;
  switch (state) {
    case 'polling':
      return NOW;
    case 'timeout':
      return operation === 'LINK_TIMEOUT'
        ? { ending: 'head', text: 'ends with the request it limits; no cancel finds it' }
        : NOW;
    case 'waiting':
      return waiting(operation);
    case 'queued':
      return queued(sample, request);
    case 'linked':
    case 'drained':
      return behindHead(sample, request);
    case 'running':
      return running(sample, request);
    case 'issued':
      return isOnItsWay(request) ? undefined : inside(sample, request);
    default:
      return undefined;
  }
}

const NOW: Cancelling = { ending: 'cancel', text: 'can be cancelled now' };

/** Futexes and children are on lists that a cancel searches (6.7); commands of drivers are cancelled at the end of the process alone. */
function waiting(operation: string): Cancelling | undefined {
  if (operation.startsWith('FUTEX') || operation === 'WAITID') return NOW;
  if (!operation.startsWith('URING_CMD')) return undefined;
  return {
    ending: 'kill',
    text: 'cannot be cancelled until its driver answers; the end of the process cancels it',
  };
}

/** A worker that takes several writes to one file at once keeps the later ones in its own hands, where no cancel looks. */
function queued(sample: Sample, request: Request): Cancelling {
  if (!request.stage?.endsWith(TAKEN_ALONG))
    return { ...NOW, text: `can be cancelled now${unstarted(sample, request)}` };
  return {
    ending: 'head',
    text: 'is in the hands of a worker: no cancel finds it before the write ahead is done',
  };
}

const TAKEN_ALONG = 'taken along by its worker';

function behindHead(sample: Sample, { state, after }: Request): Cancelling {
  const head = after === undefined ? undefined : sample.requests[after];
  const before = head ? `the ${operationLabel(head.operation)} before it` : 'those before it';
  return {
    ending: 'head',
    text:
      state === 'linked'
        ? `has not started and no cancel finds it: cancel ${before}, and it is cancelled with that`
        : `has not started and no cancel finds it: it starts when ${before} ${head ? 'is' : 'are'} done, and a cancel sent to the same ring waits, too`,
  };
}

function running(sample: Sample, request: Request): Cancelling | undefined {
  const { worker } = request;
  const task = worker === undefined ? undefined : indexOf(sample).tasks.get(worker);
  const blocked = task ? blockedOn(task) : undefined;
  if (!blocked) return undefined;
  const ending = endingOf(blocked);
  if (ending === 'cancel') return { ending, text: `can be cancelled now${unstarted(sample, request)}` };
  const named = resourceOf(sample, request);
  const file = named && behindOverlay(sample, named, false);
  const cause = blocked.cause === 'page' && file?.fsType?.startsWith('fuse') ? 'fuse' : blocked.cause;
  return { ending, text: withheld(ending, cause, blocked) };
}

/**
 * What ends the request that a task carries. A cancel reaches a worker as a signal that ends interruptible waits only; it does
 * not reach a thread inside io_uring_enter.
 */
export function endingOf({ task, on }: Blocked): Exclude<Ending, 'head'> {
  if (isTakenByServer(on)) return 'never';
  if (on.wake === 'interruptible') return task.kind === 'worker' ? 'cancel' : 'kill';
  return on.wake === 'killable' ? 'kill' : 'never';
}

/** A kill ends the wait only while its server has not read the request, which cannot be seen. */
export function isTakenByServer(on: BlockedOn): boolean {
  return TAKEN_BY_SERVER.has(plainName(on.function));
}

/** "cannot be cancelled or timed out until the disk answers; only killing the process ends it earlier". */
export function withheld(ending: Ending, cause: Cause, { on }: Blocked, many = false): string {
  const until = on.subsystem === 'unknown' ? 'that wait ends' : (UNTIL[cause] ?? 'what it waits for happens');
  const it = many ? 'them' : 'it';
  return `cannot be cancelled or timed out until ${until}; ${kills(ending, on, it)}`;
}

function kills(ending: Ending, on: BlockedOn, it: string): string {
  if (ending === 'kill')
    return on.wake === 'interruptible'
      ? `a signal to its thread ends ${it} earlier`
      : `only killing the process ends ${it} earlier`;
  return isTakenByServer(on)
    ? `killing the process ends ${it} only while the server has not read the request`
    : `killing the process does not end ${it}`;
}

function inside(sample: Sample, request: Request): Cancelling {
  const file = resourceOf(sample, request);
  const disk = file ? diskOf(sample, file) : undefined;
  const limited = disk !== undefined && holdingLimit(sample, disk, directionOf(request)) !== undefined;
  return {
    ending: 'never',
    text: handedOn({ ...(file ? { file } : {}), ...(disk ? { disk } : {}), limited }),
  };
}

/** Where requests are that no task carries. */
export interface HandedOn {
  readonly file?: Resource;
  readonly disk?: BlockDevice;
  /** An I/O limit holds them back before the disk. */
  readonly limited: boolean;
}

/** Of one or `many`: "cannot be cancelled or timed out until the disk loop0 answers: it has been handed on, …". */
export function handedOn({ file, disk, limited }: HandedOn, many = false): string {
  const until = file?.fsType?.startsWith('fuse')
    ? UNTIL.fuse
    : file?.fsType?.startsWith('nfs')
      ? UNTIL['network file system']
      : disk?.suspended
        ? `the disk ${disk.name} is resumed`
        : limited
          ? 'the I/O limit allows it'
          : disk
            ? `the disk ${disk.name} answers`
            : 'the device or file system answers';
  const why = many
    ? 'they have been handed on, and outlive even the process'
    : 'it has been handed on, and outlives even the process';
  return `cannot be cancelled or timed out until ${until}: ${why}`;
}

/** From 6.12 on the timer of a request that goes straight to a worker never starts (IOSQE_ASYNC, opens, splices). */
function unstarted(sample: Sample, request: Request): string {
  return limitsOf(sample).get(request)?.state === 'linked' ? '; its linked timeout has not been started' : '';
}

const limits = new WeakMap<Sample, ReadonlyMap<Request, Request>>();

/** The linked timeout of each request that has one. Made once for each Sample. */
function limitsOf(sample: Sample): ReadonlyMap<Request, Request> {
  const before = limits.get(sample);
  if (before) return before;
  const found = new Map<Request, Request>();
  for (const limit of sample.requests) {
    const { operation, after } = limit;
    const limited = operation === 'LINK_TIMEOUT' && after !== undefined ? sample.requests[after] : undefined;
    if (limited) found.set(limited, limit);
  }
  limits.set(sample, found);
  return found;
}
