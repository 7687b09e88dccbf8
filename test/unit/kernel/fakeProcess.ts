import type { KernelLayout, Place } from '../../../src/kernel/layout';
import type { NeededPlace, OptionalPlace } from '../../../src/kernel/places';
import type { Target } from '../../../src/target/target';
import { FakeKernel, PIDFD } from './fakeKernel';

const TASK = 12_000;
const TGID = 1;

/** What a request is laid out with. */
export interface RequestOptions {
  readonly opcode?: string;
  readonly userData?: number;
  readonly flags?: number;
  /** A descriptor of the process. */
  readonly fd?: number;
}

/** A process with rings as the kernel of a layout has it, to be walked. Pid 4242; its thread has the tid 4242. */
export class FakeProcess {
  readonly kernel = new FakeKernel();
  readonly leader: bigint;
  readonly tctx: bigint;
  private readonly files: bigint;
  private readonly threads: bigint;
  private readonly ownTable: bigint;

  constructor(readonly layout: KernelLayout) {
    this.threads = this.kernel.allocate(256);
    this.circle(this.threads + this.offset('signalThreads'));
    this.files = this.table(64);
    this.leader = this.task(4242);
    this.tctx = this.addTctx(this.leader);
    this.ownTable = this.table(16);
    this.kernel.task = this.kernel.allocate(TASK);
    this.set(this.kernel.task, 'taskFiles', this.ownTable);
    this.kernel.pid = 4242;
    this.lendPidfd();
  }

  /** A target that has this kernel and an uptime of 1000 s. */
  target(more: Partial<Target> = {}): Target {
    const nothing = async (): Promise<never> => {
      throw new Error('not asked for');
    };
    const files: Readonly<Record<string, string>> = {
      '/proc/uptime': '1000.00 2000.00\n',
      ...this.texts,
    };
    return {
      label: 'a test',
      frozen: false,
      rights: { uid: 0, capabilities: 1n << 21n },
      arch: 'x86_64',
      kernel: this.kernel,
      read: async (paths) =>
        paths.map((path) => {
          const text = files[path];
          return text === undefined
            ? { ok: false, errno: 'ENOENT' }
            : { ok: true, data: Buffer.from(text, 'latin1'), truncated: false };
        }),
      list: nothing,
      link: nothing,
      inodes: nothing,
      memory: nothing,
      dispose: () => undefined,
      ...more,
    };
  }

  readonly texts: Record<string, string> = {};

  place(name: NeededPlace | OptionalPlace): Place | undefined {
    return name in this.layout.needed
      ? this.layout.needed[name as NeededPlace]
      : this.layout.optional[name as OptionalPlace];
  }

  offset(name: NeededPlace | OptionalPlace): bigint {
    const place = this.place(name);
    if (place === undefined) throw new Error(`this kernel has no ${name}`);
    return BigInt(place[0]);
  }

  /** What the kernel does not have is left out. */
  set(address: bigint, name: NeededPlace | OptionalPlace, value: bigint | number): void {
    const place = this.place(name);
    if (place) this.kernel.write(address + BigInt(place[0]), value, Math.min(8, place[1]));
  }

  /** An operand of a request: what lies over its first bytes. */
  operand(request: bigint, name: OptionalPlace, value: bigint | number): void {
    this.set(request + this.offset('requestFile'), name, value);
  }

  circle(head: bigint): void {
    this.kernel.write(head, head, 8);
    this.kernel.write(head + 8n, head, 8);
  }

  /** At the end of a list_head. */
  append(head: bigint, node: bigint): void {
    const last = this.kernel.pointer(head + 8n);
    this.kernel.write(node, head, 8);
    this.kernel.write(node + 8n, last, 8);
    this.kernel.write(last, node, 8);
    this.kernel.write(head + 8n, node, 8);
  }

  /** At the start of an hlist, an llist or an io-wq list. */
  push(head: bigint, node: bigint): void {
    this.kernel.write(node, this.kernel.pointer(head), 8);
    this.kernel.write(head, node, 8);
  }

  task(tid: number, pid = 4242): bigint {
    const task = this.kernel.allocate(TASK);
    this.set(task, 'taskPid', tid);
    this.set(task, 'taskTgid', pid);
    this.set(task, 'taskStartTime', 77);
    this.set(task, 'taskExecId', 1);
    this.set(task, 'taskMemory', 0xffff888000abc000n);
    this.set(task, 'taskFiles', this.files);
    this.set(task, 'taskSignal', this.threads);
    if (pid === 4242)
      this.append(this.threads + this.offset('signalThreads'), task + this.offset('taskThreadNode'));
    return task;
  }

  addTctx(task: bigint): bigint {
    const tctx = this.kernel.allocate(this.layout.sizes.tctx);
    this.set(task, 'taskIoUring', tctx);
    const head = this.place('tctxWorkHead');
    if (head) this.emptyQueue(tctx + BigInt(head[0]), tctx + this.offset('tctxWorkStub'));
    return tctx;
  }

  /** A queue (7.1+) that holds its own node alone, around which there is no request. */
  private emptyQueue(head: bigint, stub: bigint): void {
    this.kernel.write(head, stub, 8);
    this.set(stub - this.offset('requestTaskWork'), 'requestOpcode', 0xff);
  }

  /** A file at a descriptor of the process. */
  file(fd: number, privateData = 0n): bigint {
    const file = this.kernel.allocate(512);
    const inode = this.kernel.allocate(1024);
    this.set(inode, 'inodeNumber', 9000 + fd);
    this.set(file, 'fileInode', inode);
    this.set(file, 'filePrivate', privateData);
    this.kernel.write(this.slot(this.files, fd), file, 8);
    return file;
  }

  /** A ring, at a descriptor where one is given. */
  ring(fd?: number): bigint {
    const ring = this.kernel.allocate(this.layout.sizes.ring);
    this.set(ring, 'ringSqEntries', 64);
    this.set(ring, 'ringCqEntries', 128);
    for (const name of [
      'ringTasks',
      'ringTimeouts',
      'ringLinkTimeouts',
      'ringDeferred',
      'ringIopollCircle',
      'ringOverflow',
    ] as const) {
      if (this.place(name)) this.circle(ring + this.offset(name));
    }
    for (const [table, bits] of [
      ['ringPolls', 'ringPollBits'],
      ['ringLockedPolls', 'ringLockedPollBits'],
    ] as const) {
      this.set(ring, table, this.kernel.allocate(4 * (this.layout.sizes.bucket || 8)));
      this.set(ring, bits, 2);
    }
    const head = this.place('ringWorkHead');
    if (head) this.emptyQueue(ring + BigInt(head[0]), ring + this.offset('ringWorkStub'));
    this.set(ring, 'ringSubmitter', this.leader);
    this.use(ring, this.leader);
    if (fd !== undefined) this.file(fd, ring);
    return ring;
  }

  /** Enters a task among those that use the ring. */
  use(ring: bigint, task: bigint): void {
    const node = this.kernel.allocate(this.layout.sizes.ringNode);
    this.set(node, 'nodeTask', task);
    this.append(ring + this.offset('ringTasks'), node + this.offset('nodeOfRing'));
  }

  request(ring: bigint, options: RequestOptions = {}, task = this.leader): bigint {
    const { opcode = 'READ', userData = 0, flags = 0, fd } = options;
    const request = this.kernel.allocate(this.layout.sizes.request);
    this.set(request, 'requestRing', ring);
    this.set(request, 'requestOpcode', this.layout.opcodes.indexOf(opcode));
    this.set(request, 'requestUserData', userData);
    this.set(request, 'requestFlags', flags);
    this.set(request, 'requestTask', task);
    this.set(request, 'requestTctx', this.kernel.pointer(task + this.offset('taskIoUring')));
    if (fd !== undefined) {
      this.set(request, 'requestFile', this.kernel.pointer(this.slot(this.files, fd)));
      this.set(request, 'requestFd', fd);
    }
    if (this.place('ringAllocated')) {
      const at = ring + this.offset('ringAllocated');
      this.kernel.write(at, Number(BigInt.asUintN(32, this.kernel.pointer(at))) + 1, 4);
    }
    return request;
  }

  /** Into a bucket of the table of armed polls. */
  poll(ring: bigint, request: bigint, bucket = 0): void {
    const table = this.kernel.pointer(ring + this.offset('ringPolls'));
    const list = this.layout.optional.bucketList?.[0] ?? 0;
    const head = table + BigInt(bucket * (this.layout.sizes.bucket || 8) + list);
    this.push(head, request + this.offset('requestHash'));
  }

  timeout(ring: bigint, request: bigint, list: 'ringTimeouts' | 'ringLinkTimeouts' = 'ringTimeouts'): void {
    this.append(ring + this.offset(list), request + this.offset('requestFile') + this.offset('timeoutNode'));
  }

  /** Addresses of the two accounts and of the heads of the lists of their workers, made on first use. */
  workQueue(tctx = this.tctx): { readonly accounts: readonly bigint[]; readonly workers: readonly bigint[] } {
    const wq = this.kernel.allocate(this.layout.sizes.wq + 128);
    this.set(tctx, 'tctxWq', wq);
    let base = wq;
    let first = this.place('wqAccounts');
    if (first === undefined) {
      base = this.kernel.allocate(this.layout.sizes.wqNode);
      this.kernel.write(wq + this.offset('wqNodes'), base, 8);
      this.set(base, 'wqNodeWq', wq);
      // Behind the last node stands what belongs to somebody else.
      this.kernel.write(wq + this.offset('wqNodes') + 8n, this.kernel.allocate(this.layout.sizes.wqNode), 8);
      first = this.place('wqNodeAccounts') ?? [0, 0];
    }
    const [start] = first;
    const accounts = [0, 1].map((index) => base + BigInt(start + index * this.layout.sizes.account));
    const workers = this.place('accountWorkerList')
      ? accounts.map((account) => account + this.offset('accountWorkerList'))
      : [base + this.offset(this.place('wqWorkerList') ? 'wqWorkerList' : 'wqNodeWorkerList')];
    for (const head of workers) this.circle(head);
    return { accounts, workers };
  }

  /** A worker that carries a request. */
  worker(head: bigint, tid: number, request?: bigint): bigint {
    const worker = this.kernel.allocate(this.layout.sizes.worker);
    const task = this.task(tid);
    this.set(task, 'taskExecStart', 5_000_000_000);
    this.set(worker, 'workerTask', task);
    if (request !== undefined) this.set(worker, 'workerWork', request + this.offset('requestWork'));
    this.append(head, worker + this.offset('workerNode'));
    return worker;
  }

  workFlags(request: bigint, flags: number): void {
    this.kernel.write(request + this.offset('requestWork') + this.offset('workFlags'), flags, 4);
  }

  workNode(request: bigint): bigint {
    return request + this.offset('requestWork') + this.offset('workList');
  }

  /** The pidfd by which the process is found leads to its leader. */
  lendPidfd(leader = this.leader): void {
    const pid = this.kernel.allocate(256);
    const first = leader + this.offset('taskPidLinks') + BigInt(16 * TGID);
    this.kernel.write(pid + this.offset('pidTasks') + BigInt(8 * TGID), first, 8);
    this.set(leader, 'taskPidPointer', pid);
    const file = this.kernel.allocate(512);
    const inode = this.kernel.allocate(1024);
    this.set(file, 'fileInode', inode);
    if (this.place('pidInode')) this.set(inode, 'inodePrivate', pid);
    else this.set(file, 'filePrivate', pid);
    this.kernel.write(this.slot(this.ownTable, PIDFD), file, 8);
  }

  /** Gives a task its numbers from the outermost PID namespace inwards: pairs of a number and a namespace. */
  number(task: bigint, ...numbers: readonly (readonly [number: number, namespace: bigint])[]): void {
    const known = this.kernel.pointer(task + this.offset('taskPidPointer'));
    const pid = known === 0n ? this.kernel.allocate(256) : known;
    this.set(task, 'taskPidPointer', pid);
    this.set(pid, 'pidLevel', numbers.length - 1);
    for (const [level, [number, namespace]] of numbers.entries()) {
      const at = pid + this.offset('pidNumbers') + BigInt(16 * level);
      this.kernel.write(at, number, 4);
      this.kernel.write(at + 8n, namespace, 8);
    }
  }

  private table(size: number): bigint {
    const files = this.kernel.allocate(1024);
    const table = this.kernel.allocate(64);
    this.set(files, 'filesTable', table);
    this.set(table, 'tableSize', size);
    this.set(table, 'tableFiles', this.kernel.allocate(size * 8));
    return files;
  }

  private slot(files: bigint, fd: number): bigint {
    const table = this.kernel.pointer(files + this.offset('filesTable'));
    return this.kernel.pointer(table + this.offset('tableFiles')) + BigInt(8 * fd);
  }
}
