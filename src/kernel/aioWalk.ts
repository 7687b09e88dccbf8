import type { Blindness } from '../model/sample';
import type { Target } from '../target/target';
import { type AioContext, readAioContexts } from './aioContexts';
import { aioRequestFrom, readCancellable, searchAio, type WalkedAioRequest } from './aioRequests';
import { findOwnLeader } from './ownLeader';
import { readFileTable } from './process';
import { Reader } from './reader';
import type { WalkAsked } from './walk';

export type { WalkedAioRequest } from './aioRequests';

/** A context of Linux AIO as the kernel has it. */
export interface WalkedAioContext {
  /** Its ring in the process: what io_setup gave the program. */
  readonly address: bigint;
  /** Requests io_setup was asked for. */
  readonly asked: number;
  /** Entries of its ring; one always stays free. */
  readonly events: number;
  /** Where the kernel puts the next completion. */
  readonly tail: number;
  /** Submitted and not completed; absent where it cannot be counted, or changes at every look. */
  readonly pending?: number;
  /** Polls, and after a search all that are found. */
  readonly requests: readonly WalkedAioRequest[];
  /** The requests are as many as are pending. */
  readonly complete: boolean;
}

export interface AioWalk {
  readonly contexts: readonly WalkedAioContext[];
  readonly trouble: readonly Blindness[];
}

/** A stuck process stands still; one that does not is looked at so many times. */
const ATTEMPTS = 3;

/**
 * The contexts of Linux AIO of a process and what is pending in them, from the kernel's own structures; undefined where they
 * cannot be read. No lock is taken: counts are given only where two looks agree. Rejects as walkKernel does.
 */
export async function walkAio(
  target: Target,
  { pid, layout, signal, search }: Omit<WalkAsked, 'ringFds'>,
): Promise<AioWalk | undefined> {
  const { kernel } = target;
  if (!kernel || !layout.optional.aioTable) return undefined;
  const leader = await findOwnLeader(target, kernel, layout, pid);
  if (!leader) return undefined;
  for (let attempt = 1; ; attempt++) {
    const reader = new Reader(kernel, layout, signal);
    const contexts = await readAioContexts(reader, target, leader);
    const listed = await readCancellable(reader, contexts);
    const searched = search ? await searchAio(reader, target, leader, contexts, search) : undefined;
    const again = await readAioContexts(reader, target, leader);
    const still = stampOf(contexts) === stampOf(again) && reader.broken.size === 0;
    if (reader.refused !== undefined) return undefined;
    if (!still && attempt < ATTEMPTS) continue;
    // What could not be read must not look like a process that has none.
    if (contexts.length === 0 && reader.broken.size > 0) return undefined;
    const table = await readFileTable(reader, leader);
    return {
      contexts: contexts.map((context) => {
        const { address } = context.context;
        const armed = listed.get(address) ?? [];
        const known = new Set(armed.map((request) => request.address));
        const others = (searched?.found.get(address) ?? []).filter((request) => !known.has(request.address));
        const rows = [
          ...armed.map((request) => aioRequestFrom(reader, request, table, true)),
          ...others.map((request) => aioRequestFrom(reader, request, table, false)),
        ];
        return contextFrom(reader, context, rows, still);
      }),
      trouble: searched?.trouble ? [searched.trouble] : [],
    };
  }
}

function stampOf(contexts: readonly AioContext[]): string {
  return JSON.stringify(contexts.map(({ context, stamp }) => [String(context.address), stamp]));
}

function contextFrom(
  { layout: { optional } }: Reader,
  { context, pending }: AioContext,
  requests: readonly WalkedAioRequest[],
  still: boolean,
): WalkedAioContext {
  return {
    address: context.pointer(optional.aioAddress),
    asked: context.number(optional.aioAsked),
    events: context.number(optional.aioEvents),
    tail: context.number(optional.aioTail),
    ...(still && pending !== undefined ? { pending } : {}),
    requests,
    complete: still && requests.length === pending,
  };
}
