import type { KernelRecord } from '../target/kernelMemory';
import type { Tctx } from './contexts';
import type { Place } from './layout';
import { taskNumbers } from './numbering';
import type { OptionalPlace } from './places';
import { type List, MOST, type Reader } from './reader';
import { Structure } from './structure';

/** The io-wq of one thread, with what it holds at this moment. */
export interface WorkQueue {
  readonly of: Tctx;
  readonly accounts: readonly Account[];
  readonly workers: readonly Worker[];
}

/** Bounded work ends by itself (files, block devices), unbounded may wait for ever. */
export interface Account {
  readonly bounded: boolean;
  readonly workers: number;
  readonly limit: number;
  /** Address of its list of work that no worker has taken. */
  readonly queue: bigint;
  /** The first and the last work in it, to hold them against a later look. */
  readonly ends: string;
}

export interface Worker {
  readonly tid: number;
  /** se.exec_start, nanoseconds. */
  readonly lastRan: bigint;
  /** Addresses of io_wq_work: at work, and taken besides (up to 6.14); 0 = none. */
  readonly current: bigint;
  readonly next: bigint;
}

/** Where accounts and workers hang: io_wq, before 6.3 an io_wqe for each memory node. */
interface Holder {
  readonly of: Tctx;
  readonly at: Structure;
  readonly accounts: Place;
  /** Heads of lists of workers, where they are not at known places of the io_wq. */
  readonly heads: readonly bigint[];
}

/** Memory nodes looked at before 6.3. */
const MOST_NODES = 8;
const ACCOUNTS = 2;

export async function readWorkQueues(reader: Reader, tctxs: readonly Tctx[]): Promise<WorkQueue[]> {
  const { needed } = reader.layout;
  const owners = tctxs.filter(({ tctx }) => tctx.pointer(needed.tctxWq) !== 0n);
  const { holders, heads, lists } = await readHoldersAndLists(reader, owners);
  const workers = lists.flatMap((records, index) =>
    records.map(({ address, data }) => ({
      of: heads[index]?.of,
      worker: new Structure(address, data),
    })),
  );
  const tasks = workers.map(({ worker }) => worker.pointer(needed.workerTask));
  const [start, length] = needed.taskExecStart;
  const [tids, ran] = await Promise.all([
    taskNumbers(reader, tasks),
    reader.structures(tasks.map((address) => ({ address, start, length }))),
  ]);
  return owners.map((of) => ({
    of,
    accounts: holders.filter((holder) => holder.of === of).flatMap((holder) => accountsOf(reader, holder)),
    workers: workers.flatMap(({ of: owner, worker }, index) =>
      owner === of
        ? [
            {
              tid: tids[index] ?? 0,
              lastRan: ran[index]?.wide(needed.taskExecStart) ?? 0n,
              current: worker.pointer(needed.workerWork),
              next: worker.pointer(reader.layout.optional.workerNext),
            },
          ]
        : [],
    ),
  }));
}

interface Held {
  readonly holders: readonly Holder[];
  /** One for each list. */
  readonly heads: readonly Head[];
  readonly lists: readonly (readonly KernelRecord[])[];
}

interface Head {
  readonly of: Tctx;
  readonly head: bigint;
}

/** From 6.3 the lists' heads lie at known places of the io_wq: both are asked for in one turn. */
async function readHoldersAndLists(reader: Reader, owners: readonly Tctx[]): Promise<Held> {
  const { needed, optional, sizes } = reader.layout;
  const follow = (heads: readonly Head[]) => reader.lists(heads.map(({ head }) => workerList(reader, head)));
  const accounts = optional.wqAccounts;
  const nodes = accounts === undefined && optional.wqNodes !== undefined;
  const length = nodes ? sizes.wq + MOST_NODES * 8 : sizes.wq;
  const reading = reader.structures(
    owners.map(({ tctx }) => ({ address: tctx.pointer(needed.tctxWq), length })),
    'io-wq of a thread',
  );
  if (accounts === undefined) {
    const holders = nodes ? await readNodes(reader, queuesOf(owners, await reading)) : [];
    const heads = holders.flatMap(({ of, heads }) => heads.map((head) => ({ of, head })));
    return { holders, heads, lists: await follow(heads) };
  }
  const heads = owners.flatMap((of) =>
    headOffsets(reader, accounts).map((at) => ({ of, head: of.tctx.pointer(needed.tctxWq) + BigInt(at) })),
  );
  const [queues, lists] = await Promise.all([reading, follow(heads)]);
  const holders = queuesOf(owners, queues).map(({ of, at }) => ({ of, at, accounts, heads: [] }));
  return { holders, heads, lists };
}

function queuesOf(owners: readonly Tctx[], queues: readonly (Structure | undefined)[]) {
  return owners.flatMap((of, index) => {
    const at = queues[index];
    return at ? [{ of, at }] : [];
  });
}

function headOffsets(reader: Reader, accounts: Place): number[] {
  if (!reader.layout.optional.accountWorkerList) return [placed(reader, 'wqWorkerList')];
  return accountOffsets(reader, accounts).map((offset) => offset + placed(reader, 'accountWorkerList'));
}

/** How many nodes there are is not said, so each is asked whether it belongs to the io-wq. */
async function readNodes(
  reader: Reader,
  queues: readonly { readonly of: Tctx; readonly at: Structure }[],
): Promise<Holder[]> {
  const { optional, sizes } = reader.layout;
  const { wqNodes, wqNodeAccounts: accounts, wqNodeWq } = optional;
  if (wqNodes === undefined || accounts === undefined || wqNodeWq === undefined) return [];
  const wanted = queues.flatMap(({ of, at }) =>
    Array.from({ length: MOST_NODES }, (_, node) => ({
      of,
      wq: at.address,
      node: at.pointer([wqNodes[0] + node * 8, 8]),
    })),
  );
  const nodes = await reader.structures(wanted.map(({ node }) => ({ address: node, length: sizes.wqNode })));
  return wanted.flatMap(({ of, wq }, index) => {
    const at = nodes[index];
    if (at === undefined || at.pointer(wqNodeWq) !== wq) return [];
    return [{ of, at, accounts, heads: [at.address + BigInt(placed(reader, 'wqNodeWorkerList'))] }];
  });
}

function placed(reader: Reader, name: OptionalPlace): number {
  return reader.layout.optional[name]?.[0] ?? 0;
}

function accountOffsets(reader: Reader, accounts: Place): number[] {
  return Array.from({ length: ACCOUNTS }, (_, index) => accounts[0] + index * reader.layout.sizes.account);
}

function accountsOf(reader: Reader, { at, accounts }: Holder): Account[] {
  const { accountWorkers, accountLimit, accountQueue } = reader.layout.optional;
  const within = (offset: number, place: Place | undefined): Place | undefined =>
    place && [offset + place[0], place[1]];
  return accountOffsets(reader, accounts).map((offset, index) => ({
    bounded: index === 0,
    workers: at.number(within(offset, accountWorkers)),
    limit: at.number(within(offset, accountLimit)),
    queue: at.address + BigInt(offset + (accountQueue?.[0] ?? 0)),
    ends: at.raw(within(offset, accountQueue)),
  }));
}

function workerList({ layout: { needed, sizes } }: Reader, head: bigint): List {
  return {
    name: 'io-wq workers',
    head,
    buckets: 1,
    stride: 0,
    next: 0,
    circular: true,
    node: needed.workerNode[0],
    length: sizes.worker,
    most: MOST,
  };
}
