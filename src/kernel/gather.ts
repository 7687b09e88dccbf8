import type { KernelRecord } from '../target/kernelMemory';
import { each } from '../target/turns';
import type { RingContext, Tctx } from './contexts';
import { opcodesNamed } from './decode';
import {
  chainBehind,
  type Overflowed,
  operandPlace,
  readAssembling,
  readDeferred,
  readFree,
  readOverflow,
  readRequests,
  readTaskWork,
  readWork,
  requestOfTaskWork,
  workList,
} from './listReads';
import type { Reader } from './reader';
import { type RingList, requestList, ringLists, type Standing } from './ringLists';
import { Structure } from './structure';
import type { Account, Worker, WorkQueue } from './workQueues';

/** A request of the kernel (io_kiocb) and how it stands. */
export interface FoundRequest extends Standing {
  readonly request: Structure;
  /** It may as well have been freed: nothing tells how many there must be. */
  readonly uncertain?: boolean;
  /** In place of its opcode's name. */
  readonly operation?: string;
  /** It stands behind another one of the same SQE: counted, and no row of its own. */
  readonly hidden?: boolean;
}

export interface Gathered {
  /** By address. */
  readonly requests: ReadonlyMap<bigint, FoundRequest>;
  /** Addresses of each ring's requests that are allocated and free; absent before 5.16. */
  readonly free: ReadonlyMap<bigint, ReadonlySet<bigint>>;
  readonly overflowed: readonly Overflowed[];
  /** Work in the queue of each account. */
  readonly queued: ReadonlyMap<Account, number>;
  /** Rings that requests of the process belong to and that are not among those asked for. */
  readonly unknownRings: readonly bigint[];
}

/** Where the process's requests are looked for. */
export interface Places {
  readonly pid: number;
  readonly rings: readonly RingContext[];
  readonly tctxs: readonly Tctx[];
  readonly queues: readonly WorkQueue[];
}

/** Follows every list that a request can stand on, each at one moment of its own. */
export async function gather(reader: Reader, places: Places): Promise<Gathered> {
  return new Gathering(reader, places).run();
}

const HASH_SHIFT = 24;

class Gathering {
  private readonly requests = new Map<bigint, FoundRequest>();
  private readonly rings: ReadonlySet<bigint>;
  private readonly unknown = new Set<bigint>();
  private readonly tids: ReadonlyMap<bigint, number>;
  private readonly own: ReadonlySet<bigint>;
  /** Linked timeouts that run; the chain they belong to is followed from its head. */
  private readonly armed = new Map<bigint, bigint>();

  constructor(
    private readonly reader: Reader,
    private readonly places: Places,
  ) {
    this.rings = new Set(places.rings.map(({ ring }) => ring.address));
    this.tids = new Map(places.tctxs.map(({ owner }) => [owner.task, owner.tid]));
    const own = places.tctxs.filter(({ owner }) => owner.pid === places.pid);
    this.own = new Set(own.flatMap(({ owner }) => [owner.task, owner.tctx]));
  }

  async run(): Promise<Gathered> {
    const { reader } = this;
    const { layout } = reader;
    const { rings, tctxs, queues } = this.places;
    const perRing = rings.map(({ ring }) => ({ ring, lists: ringLists(layout, ring) }));
    const accounts = queues.flatMap((queue) => queue.accounts.map((account) => ({ queue, account })));
    const workers = queues.flatMap((queue) =>
      queue.workers.filter(({ current }) => current !== 0n).map((worker) => ({ queue, worker })),
    );
    const [ofRings, ofAccounts, ofWorkers, chained, ofTctxs, deferred, overflow, free, assembling] =
      await Promise.all([
        reader.lists(perRing.flatMap(({ lists }) => lists.map(({ list }) => list))),
        reader.lists(accounts.map(({ account }) => workList(layout, 'io-wq queue', account.queue))),
        readWork(
          reader,
          workers.map(({ worker }) => worker.current),
        ),
        reader.lists(workers.map(({ worker }) => chainBehind(layout, worker.current))),
        readTaskWork(reader, tctxs),
        readDeferred(reader, rings),
        readOverflow(reader, rings),
        readFree(reader, rings),
        readAssembling(reader, rings),
      ]);

    for (const [index, { queue, worker }] of workers.entries())
      await this.running(queue, worker, ofWorkers[index], chained[index] ?? []);
    await this.taken();
    const queued = new Map<Account, number>();
    for (const [index, { queue, account }] of accounts.entries()) {
      const records = ofAccounts[index] ?? [];
      queued.set(account, records.length);
      await this.queued(queue, records);
    }
    let next = 0;
    for (const { ring, lists } of perRing) {
      for (const list of lists) await this.onRingList(ring, list, ofRings[next++] ?? []);
    }
    await this.each(deferred, (request) => void this.add(request, { state: 'drained' }));
    for (const { tid, records } of ofTctxs) await this.onTaskWork(records, tid, 'task work of a thread');
    for (const request of assembling)
      this.add(request, { state: 'linked', stage: 'is part of a chain that is not issued yet' });
    await this.timedHeads();
    await this.notifications();
    await this.links();
    return {
      requests: this.requests,
      free,
      overflowed: overflow,
      queued,
      unknownRings: [...this.unknown],
    };
  }

  /** False where the request is of a ring that is not known, or nothing a request can be. */
  private add(request: Structure | undefined, standing: Standing, ring?: bigint, list?: string): boolean {
    if (request === undefined) return false;
    const { needed, opcodes } = this.reader.layout;
    const of = request.pointer(needed.requestRing);
    if ((ring !== undefined && of !== ring) || request.number(needed.requestOpcode) >= opcodes.length) {
      this.reader.broken.add(list ?? 'requests');
      return false;
    }
    if (!this.rings.has(of)) {
      if (this.isOwn(request)) this.unknown.add(of);
      return false;
    }
    const known = this.requests.get(request.address);
    this.requests.set(request.address, known ? { ...standing, ...known } : { ...standing, request });
    return true;
  }

  /** Of the process asked for: what else its sharers do is not of interest. */
  private isOwn(request: Structure): boolean {
    const { requestTctx, requestTask } = this.reader.layout.optional;
    return this.own.has(requestTctx ? request.pointer(requestTctx) : request.pointer(requestTask));
  }

  /** Lists may be long: others get the thread in between. */
  private each<T>(items: readonly T[], act: (item: T) => void): Promise<void> {
    return this.reader.inTurns(each(items, act));
  }

  private request({ address, data }: KernelRecord): Structure {
    return new Structure(address, data);
  }

  private flagsOf(request: Structure): number {
    const { needed } = this.reader.layout;
    return request.number([needed.requestWork[0] + needed.workFlags[0], 4]);
  }

  private isHashed(request: Structure): boolean {
    return (this.flagsOf(request) & this.reader.layout.hashed) !== 0;
  }

  private async running(
    queue: WorkQueue,
    worker: Worker,
    request: Structure | undefined,
    behind: readonly KernelRecord[],
  ): Promise<void> {
    const carried = { worker: worker.tid, lastRan: worker.lastRan };
    if (!this.add(request, { state: 'running', ...carried }) || request === undefined) return;
    if (!this.isHashed(request)) return;
    const hash = this.flagsOf(request) >>> HASH_SHIFT;
    this.hashes(queue).set(hash, request.address);
    const standing = { state: 'queued', stage: TAKEN_ALONG, after: request.address } as const;
    await this.each(behind, (record) => void this.add(this.request(record), standing));
  }

  /** The hashed request at work, by hash, of one io-wq. */
  private hashes(queue: WorkQueue): Map<number, bigint> {
    const known = this.atWork.get(queue) ?? new Map<number, bigint>();
    this.atWork.set(queue, known);
    return known;
  }

  private readonly atWork = new Map<WorkQueue, Map<number, bigint>>();

  /** What a worker has taken and not begun (up to 6.14). */
  private async taken(): Promise<void> {
    const workers = this.places.queues.flatMap((queue) => queue.workers.filter(({ next }) => next !== 0n));
    const requests = await readWork(
      this.reader,
      workers.map(({ next }) => next),
    );
    for (const [index, { tid }] of workers.entries())
      this.add(requests[index], {
        state: 'queued',
        worker: tid,
        stage: `is the next that worker ${tid} begins`,
      });
  }

  private queued(queue: WorkQueue, records: readonly KernelRecord[]): Promise<void> {
    return this.each(records, (record) => {
      const request = this.request(record);
      const hash = this.isHashed(request) ? this.flagsOf(request) >>> HASH_SHIFT : undefined;
      const after = hash === undefined ? undefined : this.hashes(queue).get(hash);
      this.add(
        request,
        after === undefined ? { state: 'queued' } : { state: 'queued', stage: BEHIND_WRITE, after },
      );
    });
  }

  private onRingList(
    ring: Structure,
    { list, standing, taskWork }: RingList,
    records: readonly KernelRecord[],
  ): Promise<void> {
    const { ringSubmitter, ringWorkStub, timeoutHead } = this.reader.layout.optional;
    if (taskWork) {
      const stub = ringWorkStub && ring.address + BigInt(ringWorkStub[0]);
      const kept = records.filter(({ address }) => address !== requestOfTaskWork(this.reader.layout, stub));
      return this.onTaskWork(kept, this.tids.get(ring.pointer(ringSubmitter)), list.name, ring.address);
    }
    const limiting =
      list.name === 'linked timeouts' ? operandPlace(this.reader.layout, timeoutHead) : undefined;
    return this.each(records, (record) => {
      const request = this.request(record);
      const head = limiting ? request.pointer(limiting) : 0n;
      if (head !== 0n) this.armed.set(request.address, head);
      this.add(request, head === 0n ? standing : { ...standing, after: head }, ring.address, list.name);
    });
  }

  /** A request that waits for its thread stands as it stood, and says so. */
  private onTaskWork(
    records: readonly KernelRecord[],
    tid: number | undefined,
    name: string,
    ring?: bigint,
  ): Promise<void> {
    const who = tid === undefined ? 'its thread' : `thread ${tid}`;
    return this.each(records, (record) => {
      const request = this.request(record);
      const stage = this.requests.has(request.address)
        ? `has been woken and waits for ${who} to go on with it`
        : `waits for ${who} to run its completion`;
      if (!this.add(request, { state: 'issued', stage }, ring, name)) return;
      const found = this.requests.get(request.address);
      if (found) this.requests.set(request.address, { ...found, stage });
    });
  }

  /** A linked timeout names the request it limits: that may stand on no list, being inside a device. */
  private async timedHeads(): Promise<void> {
    const heads = [...this.armed.values()].filter((address) => !this.requests.has(address));
    const found = await readRequests(this.reader, heads, 'requests with a linked timeout');
    for (const request of found) this.add(request, INSIDE);
  }

  /** Behind each zero-copy send stands a request that ends when the network has let go of the buffers. */
  private async notifications(): Promise<void> {
    const { layout } = this.reader;
    const { messageNotification } = layout.optional;
    const zeroCopy = opcodesNamed(layout, /^SEND(MSG)?_ZC$/);
    const sends = [...this.requests.values()].filter(({ request }) =>
      zeroCopy.has(request.number(layout.needed.requestOpcode)),
    );
    const addresses = sends
      .map(({ request }) => request.pointer(operandPlace(layout, messageNotification)))
      .filter((address) => address !== 0n);
    const found = await readRequests(this.reader, addresses);
    for (const request of found) {
      if (request === undefined || !this.add(request, INSIDE)) continue;
      this.requests.set(request.address, { ...INSIDE, request, hidden: true });
    }
  }

  private async links(): Promise<void> {
    const { layout } = this.reader;
    const link = layout.needed.requestLink;
    const heads = [...this.requests.values()].filter(
      ({ request }) => request.pointer(link) !== 0n && !this.armed.has(request.address),
    );
    const chains = await this.reader.lists(
      heads.map(({ request }) => ({
        ...requestList(layout, 'linked requests', request.address + BigInt(link[0]), 0),
        next: link[0],
      })),
    );
    for (const [index, { request: head }] of heads.entries()) {
      for (const record of chains[index] ?? [])
        this.add(this.request(record), { state: 'linked', after: head.address });
    }
  }
}

/** Issued and on no list: whoever does the work holds the only pointer to it. */
export const INSIDE: Standing = { state: 'issued' };
/** A zero-copy send whose completion has come; its notification, a request of its own, has not. */
export const NOTIFICATION: Standing & { readonly operation: string } = {
  operation: 'SEND_ZC',
  state: 'issued',
  stage: 'has been sent; the network has not let go of its buffers',
};
const BEHIND_WRITE = 'waits behind another write to the same file';
const TAKEN_ALONG = `${BEHIND_WRITE}, taken along by its worker`;
