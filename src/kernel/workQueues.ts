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
  /** Heads of lists of workers. */
  readonly heads: readonly bigint[];
}

/** Memory nodes looked at before 6.3. */
const MOST_NODES = 8;
const ACCOUNTS = 2;

export async function readWorkQueues(reader: Reader, tctxs: readonly Tctx[]): Promise<WorkQueue[]> {
  const { needed } = reader.layout;
  const owners = tctxs.filter(({ tctx }) => tctx.pointer(needed.tctxWq) !== 0n);
  const holders = await readHolders(reader, owners);
  const heads = holders.flatMap((holder) => holder.heads.map((head) => ({ holder, head })));
  const lists = await reader.lists(heads.map(({ head }) => workerList(reader, head)));
  const workers = lists.flatMap((records, index) =>
    records.map(({ address, data }) => ({
      of: heads[index]?.holder.of,
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

async function readHolders(reader: Reader, owners: readonly Tctx[]): Promise<Holder[]> {
  const { needed, optional, sizes } = reader.layout;
  const nodes = optional.wqAccounts === undefined && optional.wqNodes !== undefined;
  const length = nodes ? sizes.wq + MOST_NODES * 8 : sizes.wq;
  const queues = await reader.structures(
    owners.map(({ tctx }) => ({ address: tctx.pointer(needed.tctxWq), length })),
    'io-wq of a thread',
  );
  const found = owners.flatMap((of, index) => {
    const at = queues[index];
    return at ? [{ of, at }] : [];
  });
  if (nodes) return readNodes(reader, found);
  const accounts = optional.wqAccounts;
  if (accounts === undefined) return [];
  return found.map(({ of, at }) => ({
    of,
    at,
    accounts,
    heads: optional.accountWorkerList
      ? accountOffsets(reader, accounts).map(
          (offset) => at.address + BigInt(offset + placed(reader, 'accountWorkerList')),
        )
      : [at.address + BigInt(placed(reader, 'wqWorkerList'))],
  }));
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
