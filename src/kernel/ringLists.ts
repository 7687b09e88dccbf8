import type { RequestState } from '../model/request';
import type { KernelLayout, Place } from './layout';
import type { OptionalPlace } from './places';
import { type List, MOST } from './reader';
import type { Structure } from './structure';

/** How a request is found to stand: what its row says. */
export interface Standing {
  readonly state: RequestState;
  /** Completes "it …". */
  readonly stage?: string;
  /** Tid of the worker that carries it or has taken it, and when that last ran: nanoseconds of se.exec_start. */
  readonly worker?: number;
  readonly lastRan?: bigint;
  /** Address of the request it waits behind. */
  readonly after?: bigint;
}

/** A list of a ring whose records are requests. */
export interface RingList {
  readonly list: List;
  readonly standing: Standing;
  /** True for lists of what waits for a thread to run it: the request may stand on another list, too. */
  readonly taskWork?: boolean;
}

interface Row {
  readonly place: OptionalPlace;
  readonly name: string;
  /** From the start of a request to its node. */
  readonly node: (layout: KernelLayout) => Place | undefined;
  readonly circular?: boolean;
  readonly standing: Standing;
  readonly taskWork?: boolean;
}

const hash = ({ needed }: KernelLayout): Place => needed.requestHash;
const free = ({ optional }: KernelLayout): Place | undefined => optional.requestFreeNode;
const taskWork = ({ needed }: KernelLayout): Place => needed.requestTaskWork;
const iopoll = ({ optional }: KernelLayout): Place | undefined => optional.requestIopollNode;
/** Operands of an operation lie over the request's first bytes. */
const timeout = ({ needed, optional }: KernelLayout): Place | undefined =>
  optional.timeoutNode && [needed.requestFile[0] + optional.timeoutNode[0], 16];

const POLLED = 'waits for the program to poll the device for its completion';

/** In the order in which a request's standing counts, should it stand on two. */
const ROWS: readonly Row[] = [
  { place: 'ringTimeouts', name: 'timeouts', node: timeout, circular: true, standing: { state: 'timeout' } },
  {
    place: 'ringLinkTimeouts',
    name: 'linked timeouts',
    node: timeout,
    circular: true,
    standing: { state: 'timeout' },
  },
  { place: 'ringWaitids', name: 'waits for children', node: hash, standing: { state: 'waiting' } },
  { place: 'ringFutexes', name: 'waits for futexes', node: hash, standing: { state: 'waiting' } },
  { place: 'ringCommands', name: 'driver commands', node: hash, standing: { state: 'waiting' } },
  { place: 'ringIopoll', name: 'polled I/O', node: free, standing: { state: 'issued', stage: POLLED } },
  {
    place: 'ringIopollCircle',
    name: 'polled I/O',
    node: iopoll,
    circular: true,
    standing: { state: 'issued', stage: POLLED },
  },
  {
    place: 'ringFinishing',
    name: 'requests that finish',
    node: free,
    standing: { state: 'issued', stage: 'has finished; its completion is posted at the end of its batch' },
  },
  {
    place: 'ringWork',
    name: 'task work of a ring',
    node: taskWork,
    standing: { state: 'issued' },
    taskWork: true,
  },
  {
    place: 'ringRetryWork',
    name: 'task work of a ring',
    node: taskWork,
    standing: { state: 'issued' },
    taskWork: true,
  },
  {
    place: 'ringFallbackWork',
    name: 'task work without a task',
    node: taskWork,
    standing: {
      state: 'issued',
      stage: 'waits for a kernel thread to run its completion: its own has ended',
    },
  },
];

/** The lists of a ring whose records are requests; what this kernel has not is left out. */
export function ringLists(layout: KernelLayout, ring: Structure): RingList[] {
  const lists = ROWS.flatMap((row): RingList[] => {
    const place = layout.optional[row.place];
    const node = row.node(layout);
    if (place === undefined || node === undefined) return [];
    const head = ring.address + BigInt(place[0]);
    const list = requestList(layout, row.name, head, node[0], row.circular);
    return [{ list, standing: row.standing, ...(row.taskWork ? { taskWork: true } : {}) }];
  });
  const { ringPolls, ringPollBits, ringLockedPolls, ringLockedPollBits, ringWorkHead } = layout.optional;
  lists.unshift(
    ...pollTable(layout, ring, ringPolls, ringPollBits),
    ...pollTable(layout, ring, ringLockedPolls, ringLockedPollBits),
  );
  if (ringWorkHead)
    lists.push({
      list: requestList(
        layout,
        'task work of a ring',
        ring.address + BigInt(ringWorkHead[0]),
        taskWork(layout)[0],
      ),
      standing: { state: 'issued' },
      taskWork: true,
    });
  return lists;
}

/** Requests behind `head`, where a pointer to the first node stands. */
export function requestList(
  layout: KernelLayout,
  name: string,
  head: bigint,
  node: number,
  circular = false,
): List {
  const length = layout.sizes.request;
  return { name, head, buckets: 1, stride: 0, next: 0, circular, node, length, most: MOST };
}

/** No kernel makes a larger table: 2^8 buckets up to 5.15, as many as completions since. */
const MOST_BITS = 17;

function pollTable(
  layout: KernelLayout,
  ring: Structure,
  table: Place | undefined,
  bits: Place | undefined,
): RingList[] {
  const first = ring.pointer(table);
  const exponent = ring.number(bits);
  if (first === 0n || exponent > MOST_BITS) return [];
  const list = {
    ...requestList(
      layout,
      'armed polls',
      first + BigInt(layout.optional.bucketList?.[0] ?? 0),
      layout.needed.requestHash[0],
    ),
    buckets: 2 ** exponent,
    stride: layout.sizes.bucket || 8,
  };
  return [{ list, standing: { state: 'polling' } }];
}
