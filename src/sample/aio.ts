import { type WalkedAioContext, type WalkedAioRequest, walkAio } from '../kernel/aioWalk';
import type { AioContext, AioRequest, Blindness, Resource } from '../model/sample';
import type { MemoryResult } from '../probe/protocol';
import { aioMappings, type MapsRow } from '../procfs/maps';
import { AIO_HEADER_BYTES, type AioRing, readAioRing } from '../ring/aioRing';
import { IOCB_BYTES, type Iocb, readIocb } from '../ring/iocb';
import type { Target } from '../target/target';
import type { AioSubmissions } from './aioSubmissions';
import { MEMORY_OFF } from './blindness';
import { layoutOf, type WalkOptions } from './pendingSources';

export interface AioAsked {
  readonly pid: number;
  /** /proc/PID/maps. */
  readonly maps: string;
  readonly walk: WalkOptions | false | undefined;
  readonly signal: AbortSignal | undefined;
}

export interface AioFound {
  readonly contexts: readonly AioContext[];
  /** The kernel's own structures were read. */
  readonly walked: boolean;
  readonly blind: readonly Blindness[];
}

/** Contexts that are looked at. */
const MOST = 1024;
/** Milliseconds for all of the requests' own memory. */
const DEADLINE = 1000;

const NONE: AioFound = { contexts: [], walked: false, blind: [] };

/**
 * The Linux AIO contexts of a process: their rings in its memory and, where that may be read, what the kernel has of them.
 * Rejects only when the target is gone or the signal says so.
 */
export async function readAio(target: Target, asked: AioAsked): Promise<AioFound> {
  const { pid } = asked;
  const mappings = aioMappings(asked.maps).slice(0, MOST);
  if (mappings.length === 0) return NONE;
  const [walk, headers] = await Promise.all([
    readWalk(target, asked),
    target.memory(
      pid,
      mappings.map(({ start }) => ({ address: start, length: AIO_HEADER_BYTES })),
    ),
  ]);
  const walked = new Map(walk?.contexts.map((context) => [context.address, context]));
  const iocbs = await readIocbs(target, pid, walk?.contexts ?? []);
  const contexts: AioContext[] = [];
  const blind = [...(walk?.trouble ?? [])];
  for (const [index, mapping] of mappings.entries()) {
    const known = walked.get(mapping.start);
    // A child has the mappings of its parent's rings, and none of the contexts.
    if (walk && !known) continue;
    const header = headers[index];
    const ring = header?.ok ? readAioRing(header.data, lengthOf(mapping)) : undefined;
    const context = contextFrom(contexts.length + 1, mapping, ring, known, iocbs);
    contexts.push(context);
    if (!ring) blind.push(unread(context, header));
  }
  return { contexts, walked: walk !== undefined, blind };
}

async function readWalk(target: Target, { pid, walk, signal }: AioAsked) {
  if (!walk || !target.kernel) return undefined;
  const opened = await layoutOf(target, walk);
  if (!opened.ok) return undefined;
  const { search } = walk;
  return walkAio(target, {
    pid,
    layout: opened.layout,
    ...(signal ? { signal } : {}),
    ...(search ? { search } : {}),
  });
}

function lengthOf({ start, end }: MapsRow): number {
  return Number(end - start);
}

/** What the program asked for, as its memory has it now; by the address of each iocb. */
async function readIocbs(
  target: Target,
  pid: number,
  contexts: readonly WalkedAioContext[],
): Promise<Map<bigint, Iocb>> {
  const addresses = contexts.flatMap(({ requests }) => requests.map(({ iocb }) => iocb));
  if (addresses.length === 0) return new Map();
  const bytes = await target.memory(
    pid,
    addresses.map((address) => ({ address, length: IOCB_BYTES })),
    { deadline: DEADLINE },
  );
  return new Map(
    addresses.flatMap((address, index): [bigint, Iocb][] => {
      const result = bytes[index];
      const iocb = result?.ok ? readIocb(result.data) : undefined;
      return iocb ? [[address, iocb]] : [];
    }),
  );
}

function contextFrom(
  id: number,
  { start }: MapsRow,
  ring: AioRing | undefined,
  known: WalkedAioContext | undefined,
  iocbs: ReadonlyMap<bigint, Iocb>,
): AioContext {
  const capacity = known ? known.events - 1 : ring?.capacity;
  return {
    id,
    address: hex(start),
    ...(known ? { asked: known.asked } : {}),
    ...(capacity === undefined ? {} : { capacity }),
    ...(ring ? { head: ring.head, tail: ring.tail, unreaped: ring.unreaped } : {}),
    ...(known?.pending === undefined ? {} : { pending: known.pending }),
    requests: (known?.requests ?? [])
      .map((request) => requestFrom(request, iocbs.get(request.iocb), known))
      .sort(byFileAndPlace),
    sources: [...(known ? ['kernel walk' as const] : []), ...(ring ? ['ring memory' as const] : [])],
  };
}

function byFileAndPlace(a: AioRequest, b: AioRequest): number {
  return (a.fd ?? -1) - (b.fd ?? -1) || (a.offset ?? -1) - (b.offset ?? -1);
}

/** The iocb tells only while it fits what the kernel has: the program may use its memory again. */
function requestFrom(
  request: WalkedAioRequest,
  iocb: Iocb | undefined,
  context: WalkedAioContext | undefined,
): AioRequest {
  const { fds, armed, data, position } = request;
  const same = iocb?.data === data && fds.includes(iocb.fd) && (iocb.operation === 'POLL') === armed;
  const told = same ? iocb : undefined;
  const moves = told !== undefined && /^P(READ|WRITE)V?$/.test(told.operation);
  const fd = told?.fd ?? fds[0];
  return {
    operation: told?.operation ?? (armed ? 'POLL' : 'UNKNOWN'),
    ...(fd === undefined ? {} : { fd }),
    ...(moves ? { offset: position } : {}),
    ...(moves && !told.operation.endsWith('V') ? { length: told.length } : {}),
    userData: hex(data),
    iocb: hex(request.iocb),
    certainty: context?.complete || armed ? 'certain' : 'inferred',
  };
}

/** With what threads are submitting, and the path behind each request's descriptor. */
export function finishedContexts(
  contexts: readonly AioContext[],
  submissions: AioSubmissions,
  resources: readonly Resource[],
): readonly AioContext[] {
  const paths = new Map(resources.map(({ fd, path }) => [fd, path]));
  const located = (request: AioRequest): AioRequest => {
    const path = request.fd === undefined ? undefined : paths.get(request.fd);
    return path === undefined ? request : { ...request, path };
  };
  return contexts.map((context) => {
    const submitting = submissions
      .get(context.address)
      ?.map((one) => ({ ...one, requests: one.requests.map(located) }));
    return {
      ...context,
      requests: context.requests.map(located),
      ...(submitting ? { submitting } : {}),
    };
  });
}

function unread({ id }: AioContext, header: MemoryResult | undefined): Blindness {
  const what = `what has completed in Linux AIO context ${id}`;
  if (header?.ok) return { what, why: 'the program has written over the ring, which is in its own memory' };
  const errno = header?.errno ?? 'EIO';
  if (errno === 'EOPNOTSUPP') return { what, why: MEMORY_OFF };
  if (errno !== 'EACCES' && errno !== 'EPERM')
    return { what, why: `the ring’s memory could not be read (${errno})` };
  return {
    what,
    why: `the process’s memory may not be read (${errno})`,
    remedy: 'run as root or, where kernel.yama.ptrace_scope is 0, as the user of the process',
    missing: 'root',
  };
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}
