import { describe, expect, it } from 'vitest';
import { walkKernel } from '../../../src/kernel/walk';
import type { KernelWalk, WalkedRequest } from '../../../src/kernel/walked';
import { FakeProcess } from './fakeProcess';
import { KERNELS, type Kernel, layoutOf } from './layouts';

const HASHED = 2;
const FIXED_FILE = 1;

function made(kernel: Kernel = '6.18'): FakeProcess {
  return new FakeProcess(layoutOf(kernel));
}

function walk(process: FakeProcess, ringFds: readonly number[] = [3]): Promise<KernelWalk> {
  return walkKernel(process.target(), { pid: 4242, ringFds, layout: process.layout });
}

/** `user_data state`, and whom it waits behind. */
function lines({ rings }: KernelWalk): string[] {
  const all = rings.flatMap(({ requests }) => requests);
  const byKey = new Map(all.map((row) => [row.key, row]));
  return all.map(({ operation, userData, state, afterKey }) => {
    const after = afterKey === undefined ? '' : ` after ${byKey.get(afterKey)?.userData ?? 'an unknown one'}`;
    return `${operation} ${userData} ${state}${after}`;
  });
}

function row(found: KernelWalk, userData: number): WalkedRequest {
  const rows = found.rings.flatMap(({ requests }) => requests);
  const [match, ...more] = rows.filter((one) => one.userData === `0x${userData.toString(16)}`);
  if (match === undefined || more.length > 0) throw new Error(`${more.length + 1} rows of ${userData}`);
  return match;
}

describe.each(KERNELS)('walkKernel on %s', (kernel) => {
  it('finds a request on every list, each once', async () => {
    const process = made(kernel);
    const ring = process.ring(3);
    process.file(5);
    const has = (name: Parameters<FakeProcess['place']>[0]): boolean => process.place(name) !== undefined;
    const expected: string[] = [];
    const add = (userData: number, opcode: string, state: string): bigint => {
      expected.push(`${opcode} 0x${userData.toString(16)} ${state}`);
      return process.request(ring, { opcode, userData, fd: 5 });
    };

    const { accounts, workers } = process.workQueue();
    const running = add(0x10, 'WRITE', 'running');
    process.workFlags(running, (7 << 24) | HASHED);
    process.worker(workers[0] ?? 0n, 4300, running);
    const behind = add(0x11, 'WRITE', 'queued after 0x10');
    process.push(process.workNode(running), process.workNode(behind));
    const queue = (accounts[0] ?? 0n) + process.offset('accountQueue');
    const waiting = add(0x12, 'FSYNC', 'queued');
    process.push(queue, process.workNode(waiting));
    const stalled = add(0x13, 'WRITE', 'queued after 0x10');
    process.workFlags(stalled, (7 << 24) | HASHED);
    process.push(queue, process.workNode(stalled));
    if (has('workerNext')) {
      const next = add(0x14, 'READ', 'queued');
      process.set(process.worker(workers[0] ?? 0n, 4301), 'workerNext', next + process.offset('requestWork'));
    }

    process.poll(ring, add(0x20, 'POLL_ADD', 'polling'));
    process.poll(ring, add(0x21, 'RECV', 'polling'), 3);
    process.poll(ring, add(0x22, 'ACCEPT', 'polling'), 3);
    process.timeout(ring, add(0x30, 'TIMEOUT', 'timeout'));
    for (const [name, opcode, userData] of [
      ['ringWaitids', 'WAITID', 0x40],
      ['ringFutexes', 'FUTEX_WAIT', 0x41],
      ['ringCommands', 'URING_CMD', 0x42],
    ] as const) {
      if (!has(name)) continue;
      process.push(
        ring + process.offset(name),
        add(userData, opcode, 'waiting') + process.offset('requestHash'),
      );
    }

    const head = add(0x50, 'READ', 'polling');
    process.poll(ring, head, 1);
    const member = add(0x51, 'WRITE', 'linked after 0x50');
    const last = add(0x52, 'FSYNC', 'linked after 0x50');
    process.set(head, 'requestLink', member);
    process.set(member, 'requestLink', last);

    const limited = add(0x60, 'READ', 'polling');
    process.poll(ring, limited, 2);
    const limit = add(0x61, 'LINK_TIMEOUT', 'timeout after 0x60');
    process.set(limited, 'requestLink', limit);
    process.timeout(ring, limit, 'ringLinkTimeouts');
    process.operand(limit, 'timeoutHead', limited);

    const entry = process.kernel.allocate(process.layout.sizes.deferred);
    process.set(entry, 'deferredRequest', add(0x70, 'NOP', 'drained'));
    process.append(ring + process.offset('ringDeferred'), entry + process.offset('deferredNode'));

    const polled = add(0x80, 'READ', 'issued');
    if (has('ringIopollCircle'))
      process.append(ring + process.offset('ringIopollCircle'), polled + process.offset('requestIopollNode'));
    else process.push(ring + process.offset('ringIopoll'), polled + process.offset('requestFreeNode'));

    const woken = add(0x90, 'RECV', 'issued');
    const works = has('tctxWork') ? 'tctxWork' : 'tctxWorkHead';
    process.push(process.tctx + process.offset(works), woken + process.offset('requestTaskWork'));

    const found = await walk(process);
    expect(found.trouble).toEqual([]);
    expect(found.consistent).toBe(true);
    expect(lines(found).sort()).toEqual([...expected].sort());
    const [walked] = found.rings;
    expect(walked?.found).toBe(expected.length);
    if (has('ringAllocated')) expect(walked).toMatchObject({ live: expected.length, unexplained: 0 });
    else expect(walked).not.toHaveProperty('live');
    expect(row(found, 0x10)).toMatchObject({
      worker: 4300,
      workerLastRan: 5_000_000_000,
      submitter: 4242,
      fd: 5,
    });
    expect(row(found, 0x90).stage).toBe('waits for thread 4242 to run its completion');
    expect(found.pools).toEqual([
      {
        pid: 4242,
        tid: 4242,
        bounded: { workers: 0, limit: 0, queued: 2 },
        unbounded: { workers: 0, limit: 0, queued: 0 },
      },
    ]);
  });

  it('finds the process whichever way its pidfd leads there', async () => {
    const process = made(kernel);
    process.ring(3);
    const { fds, sqEntries, cqEntries, inode } = (await walk(process)).rings[0] ?? {};
    expect({ fds, sqEntries, cqEntries, inode }).toEqual({
      fds: [3],
      sqEntries: 64,
      cqEntries: 128,
      inode: 9003,
    });
  });
});

describe('walkKernel', () => {
  it('says what a request asks for, and to which file', async () => {
    const process = made();
    const ring = process.ring(3);
    process.file(5);
    process.file(7);
    const read = process.request(ring, { opcode: 'READ', userData: 1, fd: 7 });
    process.operand(read, 'rwPosition', 4096);
    process.operand(read, 'rwAddress', 0x7f0000001000n);
    process.operand(read, 'rwLength', 512);
    process.poll(ring, read);
    const fixed = process.request(ring, { opcode: 'RECV', userData: 2, flags: FIXED_FILE | 4 });
    const nodes = process.kernel.allocate(64);
    process.set(ring, 'ringFiles', 4);
    process.set(ring, 'ringFileNodes', nodes);
    process.kernel.write(nodes + 24n, nodes, 8);
    process.set(fixed, 'requestFileNode', nodes);
    process.poll(ring, fixed);
    const open = process.request(ring, { opcode: 'OPENAT', userData: 3 });
    const filename = process.kernel.allocate(64);
    const text = process.kernel.allocate(1024);
    process.kernel.text(text, '/tmp/\x1b[31mfifo');
    process.set(filename, 'filenameText', text);
    process.operand(open, 'openName', filename);
    process.operand(open, 'openDirectory', 0xffffff9c);
    process.operand(open, 'openFlags', 0o1);
    process.poll(ring, open);
    const poll = process.request(ring, { opcode: 'POLL_ADD', userData: 4, fd: 5 });
    process.operand(poll, 'pollEvents', 5);
    process.poll(ring, poll);

    const found = await walk(process);
    expect(row(found, 1)).toMatchObject({ fd: 7, offset: 4096, address: '0x7f0000001000', length: 512 });
    expect(row(found, 2)).toMatchObject({ fixedFile: 3, flags: ['FIXED_FILE', 'IO_LINK'] });
    expect(row(found, 2)).not.toHaveProperty('fd');
    expect(row(found, 3)).toMatchObject({
      path: '/tmp/\x1b[31mfifo',
      operands: [{ name: 'open flags', value: 'O_WRONLY' }],
    });
    expect(row(found, 4)).toMatchObject({
      fd: 5,
      operands: [{ name: 'poll events', value: 'POLLIN|POLLOUT' }],
    });
    expect(row(found, 4)).toMatchObject({ certainty: 'certain', sources: ['kernel walk'] });
  });

  it('tells the paths of what has no descriptor, as the kernel has copied them', async () => {
    const process = made();
    const ring = process.ring(3);
    const named = (text: string): bigint => {
      const filename = process.kernel.allocate(64);
      const at = process.kernel.allocate(1024);
      process.kernel.text(at, text);
      process.set(filename, 'filenameText', at);
      return filename;
    };
    const rename = process.request(ring, { opcode: 'RENAMEAT', userData: 1 });
    process.operand(rename, 'renameName', named('/mnt/a'));
    process.operand(rename, 'renameDirectory', 0xffffff9c);
    process.operand(rename, 'renameNewName', named('b'));
    process.operand(rename, 'renameNewDirectory', 5);
    const symlink = process.request(ring, { opcode: 'SYMLINKAT', userData: 2 });
    process.operand(symlink, 'linkName', named('its text'));
    process.operand(symlink, 'linkNewName', named('/mnt/link'));
    const gone = process.request(ring, { opcode: 'UNLINKAT', userData: 3 });
    process.operand(gone, 'unlinkName', 0n);
    for (const request of [rename, symlink, gone]) process.poll(ring, request);

    const found = await walk(process);
    expect(row(found, 1)).toMatchObject({
      path: '/mnt/a',
      operands: [
        { name: 'directory', value: 'AT_FDCWD' },
        { name: 'new path', value: 'b' },
        { name: 'new directory', value: 'fd 5' },
      ],
    });
    expect(row(found, 2)).not.toHaveProperty('path');
    expect(row(found, 2)?.operands).toContainEqual({ name: 'new path', value: '/mnt/link' });
    expect(row(found, 3)).not.toHaveProperty('path');
  });

  it('tells how long a timer was set for and has left, on its own clock', async () => {
    const process = made();
    const ring = process.ring(3);
    const timeout = process.request(ring, { opcode: 'TIMEOUT', userData: 1 });
    process.timeout(ring, timeout);
    const { optional, sizes } = process.layout;
    const data = process.kernel.allocate(sizes.timer);
    const processor = process.kernel.allocate(1024);
    const clocks = processor + BigInt(optional.processorClocks?.[0] ?? 0);
    process.set(clocks, 'clockProcessor', processor);
    // The machine has slept 100 s of its uptime of 1000 s, so its monotonic clock says 900 s.
    process.set(clocks + BigInt(2 * sizes.clock), 'clockOffset', 100_000_000_000n);
    process.set(timeout, 'requestAsyncData', data);
    process.set(data, 'timerExpires', 907_000_000_000n);
    process.set(data, 'timerBase', clocks);
    process.set(data, 'timerSpan', 10);
    process.set(data, 'timerMode', 1);
    expect(row(await walk(process), 1)).toMatchObject({ timeout: 10, timeLeft: 7, age: 3 });
  });

  it('names the request that a linked timeout limits, though it stands on no list', async () => {
    const process = made();
    const ring = process.ring(3);
    const inside = process.request(ring, { opcode: 'READ', userData: 1 });
    const limit = process.request(ring, { opcode: 'LINK_TIMEOUT', userData: 2 });
    process.timeout(ring, limit, 'ringLinkTimeouts');
    process.operand(limit, 'timeoutHead', inside);
    expect(lines(await walk(process)).sort()).toEqual([
      'LINK_TIMEOUT 0x2 timeout after 0x1',
      'READ 0x1 issued',
    ]);
  });

  it('has one head for a chain, whose limit is found before it', async () => {
    const process = made();
    const ring = process.ring(3);
    const [head, limit, last] = [1, 2, 3].map((userData) =>
      process.request(ring, { userData, opcode: userData === 2 ? 'LINK_TIMEOUT' : 'READ' }),
    ) as [bigint, bigint, bigint];
    process.set(head, 'requestLink', limit);
    process.set(limit, 'requestLink', last);
    process.timeout(ring, limit, 'ringLinkTimeouts');
    process.operand(limit, 'timeoutHead', head);
    process.push(ring + process.offset('ringIopoll'), head + process.offset('requestFreeNode'));
    expect(lines(await walk(process)).sort()).toEqual([
      'LINK_TIMEOUT 0x2 timeout after 0x1',
      'READ 0x1 issued',
      'READ 0x3 linked after 0x1',
    ]);
  });

  it('follows the work behind a worker only where writes to one file hang there', async () => {
    const process = made();
    const ring = process.ring(3);
    const { workers } = process.workQueue();
    const running = process.request(ring, { userData: 1 });
    process.worker(workers[0] ?? 0n, 4300, running);
    process.push(process.workNode(running), process.workNode(process.request(ring, { userData: 2 })));
    const found = await walk(process);
    expect(lines(found)).toEqual(['READ 0x1 running']);
    expect(found.rings[0]).toMatchObject({ live: 2, unexplained: 1 });
  });

  it('counts a zero-copy send twice, and has one row for it', async () => {
    const process = made();
    const ring = process.ring(3);
    const send = process.request(ring, { opcode: 'SEND_ZC', userData: 1 });
    process.operand(send, 'messageNotification', process.request(ring, { opcode: 'NOP', userData: 1 }));
    process.poll(ring, send);
    const found = await walk(process);
    expect(lines(found)).toEqual(['SEND_ZC 0x1 polling']);
    expect(found.rings[0]).toMatchObject({ live: 2, found: 2, unexplained: 0 });
  });

  it('reports a woken poll once, and whom it waits for', async () => {
    const process = made();
    const ring = process.ring(3);
    const request = process.request(ring, { opcode: 'RECV', userData: 1 });
    process.poll(ring, request);
    process.push(ring + process.offset('ringWork'), request + process.offset('requestTaskWork'));
    expect(row(await walk(process), 1)).toMatchObject({
      state: 'polling',
      stage: 'has been woken and waits for thread 4242 to go on with it',
    });
  });

  it('counts what is alive and on no list', async () => {
    const process = made();
    const ring = process.ring(3);
    process.poll(ring, process.request(ring, { userData: 1 }));
    process.request(ring, { userData: 2 });
    const free = process.request(ring, { userData: 3 });
    process.push(ring + process.offset('ringFree'), free + process.offset('requestFreeNode'));
    expect((await walk(process)).rings[0]).toMatchObject({ live: 2, found: 1, unexplained: 1 });
  });

  it('lists completions for which there was no room', async () => {
    const process = made();
    const ring = process.ring(3);
    const overflow = process.kernel.allocate(process.layout.sizes.overflow);
    process.set(overflow, 'overflowCqe', 0xabc);
    process.kernel.write(overflow + process.offset('overflowCqe') + 8n, 0xfffffff5, 4);
    process.append(ring + process.offset('ringOverflow'), overflow + process.offset('overflowNode'));
    const found = await walk(process);
    expect(row(found, 0xabc)).toMatchObject({ state: 'overflowed', result: -11, operation: 'UNKNOWN' });
    expect(found.rings[0]).toMatchObject({ found: 0, live: 0 });
  });

  it('reaches rings whose descriptor is closed, through registration or their work', async () => {
    const process = made();
    const registered = process.ring();
    process.kernel.write(process.tctx + process.offset('tctxRings') + 16n, process.file(60, registered), 8);
    const forgotten = process.ring();
    const { accounts } = process.workQueue();
    const request = process.request(forgotten, { userData: 5 });
    process.push((accounts[1] ?? 0n) + process.offset('accountQueue'), process.workNode(request));
    const found = await walk(process, []);
    expect(found.rings.map(({ fds, registeredBy }) => ({ fds, registeredBy }))).toEqual([
      { fds: [], registeredBy: { tid: 4242, index: 2 } },
      { fds: [], registeredBy: undefined },
    ]);
    expect(row(found, 5).state).toBe('queued');
  });

  it('follows a shared ring into the io-wq of another process, and not what that does besides', async () => {
    const process = made();
    const ring = process.ring(3);
    const other = process.task(5151, 5150);
    const tctx = process.addTctx(other);
    process.use(ring, other);
    const { workers } = process.workQueue(tctx);
    process.worker(workers[1] ?? 0n, 5160, process.request(ring, { userData: 1 }, other));
    process.worker(workers[1] ?? 0n, 5161, process.request(process.ring(), { userData: 2 }, other));
    const found = await walk(process);
    expect(lines(found)).toEqual(['READ 0x1 running']);
    expect(row(found, 1)).toMatchObject({ worker: 5160, submitter: 5151 });
    expect(found.pools).toMatchObject([{ pid: 5150, tid: 5151 }]);
  });

  it('pairs a ring with all its descriptors', async () => {
    const process = made();
    const ring = process.ring(3);
    process.file(8, ring);
    expect((await walk(process, [8, 3])).rings.map(({ fds }) => fds)).toEqual([[3, 8]]);
  });
});
