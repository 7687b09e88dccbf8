/**
 * Reads the lists and lone requests that are not a ring's own lists of requests: what io-wq has, what waits for a thread,
 * what is deferred, free, or completed without room.
 */
import type { KernelRecord } from '../target/kernelMemory';
import type { RingContext, Tctx } from './contexts';
import type { KernelLayout, Place } from './layout';
import { type List, MOST, type Reader } from './reader';
import { requestList } from './ringLists';
import { Structure } from './structure';

/** A completion for which the CQ had no room. */
export interface Overflowed {
  readonly ring: bigint;
  readonly userData: bigint;
  readonly result: number;
}

/** Place of a member of the operation's part of a request, which lies over its first bytes. */
export function operandPlace(layout: KernelLayout, place: Place | undefined): Place | undefined {
  return place && [layout.needed.requestFile[0] + place[0], place[1]];
}

/** The request in which a node of task work would lie. */
export function requestOfTaskWork(layout: KernelLayout, node: bigint | undefined): bigint | undefined {
  return node === undefined ? undefined : node - BigInt(layout.needed.requestTaskWork[0]);
}

/** Requests behind the first work of an io-wq list. */
export function workList(layout: KernelLayout, name: string, head: bigint): List {
  const { requestWork, workList: list } = layout.needed;
  return requestList(layout, name, head, requestWork[0] + list[0]);
}

/** Hashed work hangs off the work that is done, not in the queue: one worker does all of one file's writes. */
export function chainBehind(layout: KernelLayout, work: bigint): List {
  return workList(layout, 'writes to one file', work + BigInt(layout.needed.workList[0]));
}

/** The requests that work belongs to. */
export function readWork(reader: Reader, work: readonly bigint[]): Promise<(Structure | undefined)[]> {
  const offset = BigInt(reader.layout.needed.requestWork[0]);
  return readRequests(
    reader,
    work.map((address) => address - offset),
    'work of io-wq workers',
  );
}

/** `what` as of Reader.structures. */
export function readRequests(
  reader: Reader,
  addresses: readonly bigint[],
  what?: string,
): Promise<(Structure | undefined)[]> {
  const length = reader.layout.sizes.request;
  return reader.structures(
    addresses.map((address) => ({ address, length })),
    what,
  );
}

/** What waits for a thread to run it. */
export async function readTaskWork(
  reader: Reader,
  tctxs: readonly Tctx[],
): Promise<{ readonly tid: number; readonly records: readonly KernelRecord[] }[]> {
  const { layout } = reader;
  const { tctxWork, tctxPriorWork, tctxWorkHead, tctxWorkStub } = layout.optional;
  const heads = [tctxWork, tctxPriorWork, tctxWorkHead].filter((place) => place !== undefined);
  const asked = tctxs.flatMap(({ owner, tctx }) => heads.map((place) => ({ owner, tctx, place })));
  const lists = await reader.lists(
    asked.map(({ tctx, place }) =>
      requestList(
        layout,
        'task work of a thread',
        tctx.address + BigInt(place[0]),
        layout.needed.requestTaskWork[0],
      ),
    ),
  );
  return asked.map(({ owner, tctx }, index) => {
    const stub = requestOfTaskWork(layout, tctxWorkStub && tctx.address + BigInt(tctxWorkStub[0]));
    return { tid: owner.tid, records: (lists[index] ?? []).filter(({ address }) => address !== stub) };
  });
}

/** Requests that wait for all before them. */
export async function readDeferred(
  reader: Reader,
  rings: readonly RingContext[],
): Promise<(Structure | undefined)[]> {
  const { sizes, optional } = reader.layout;
  const { ringDeferred, deferredNode, deferredRequest } = optional;
  if (ringDeferred === undefined || deferredNode === undefined) return [];
  const name = 'requests that wait for all before them';
  const lists = await reader.lists(
    rings.map(({ ring }) =>
      circle(name, ring.address + BigInt(ringDeferred[0]), deferredNode, sizes.deferred),
    ),
  );
  const requests = lists
    .flat()
    .map(({ address, data }) => new Structure(address, data).pointer(deferredRequest));
  return readRequests(reader, requests, name);
}

export async function readOverflow(reader: Reader, rings: readonly RingContext[]): Promise<Overflowed[]> {
  const { sizes, optional } = reader.layout;
  const { ringOverflow, overflowNode, overflowCqe } = optional;
  if (ringOverflow === undefined || overflowNode === undefined || overflowCqe === undefined) return [];
  const lists = await reader.lists(
    rings.map(({ ring }) =>
      circle(
        'completions without room',
        ring.address + BigInt(ringOverflow[0]),
        overflowNode,
        sizes.overflow,
      ),
    ),
  );
  return rings.flatMap(({ ring }, index) =>
    (lists[index] ?? []).map(({ address, data }) => {
      const cqe = new Structure(address, data);
      return {
        ring: ring.address,
        userData: cqe.pointer(overflowCqe),
        result: cqe.signed([overflowCqe[0] + 8, 4]),
      };
    }),
  );
}

function circle(name: string, head: bigint, node: Place, length: number): List {
  return { name, head, buckets: 1, stride: 0, next: 0, circular: true, node: node[0], length, most: MOST };
}

/** Addresses of requests that are allocated and free, by ring; none before 5.16. */
export async function readFree(
  reader: Reader,
  rings: readonly RingContext[],
): Promise<Map<bigint, Set<bigint>>> {
  const { ringFree, ringLockedFree, requestFreeNode } = reader.layout.optional;
  if (ringFree === undefined || requestFreeNode === undefined) return new Map();
  const heads = [ringFree, ringLockedFree].filter((place) => place !== undefined);
  const asked = rings.flatMap(({ ring }) => heads.map((place) => ({ ring, place })));
  const lists = await reader.lists(
    asked.map(({ ring, place }) => ({
      ...requestList(reader.layout, 'free requests', ring.address + BigInt(place[0]), requestFreeNode[0]),
      length: 0,
    })),
  );
  const free = new Map(rings.map(({ ring }) => [ring.address, new Set<bigint>()]));
  for (const [index, { ring }] of asked.entries()) {
    for (const { address } of lists[index] ?? []) free.get(ring.address)?.add(address);
  }
  return free;
}

/** First requests of chains whose last one is not submitted yet: the submitter is inside io_uring_enter. */
export function readAssembling(
  reader: Reader,
  rings: readonly RingContext[],
): Promise<(Structure | undefined)[]> {
  const { ringAssembling } = reader.layout.optional;
  const heads = rings.map(({ ring }) => ring.pointer(ringAssembling)).filter((head) => head !== 0n);
  return readRequests(reader, heads, 'chains that are put together');
}
