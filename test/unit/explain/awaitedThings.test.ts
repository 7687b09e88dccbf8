import { describe, expect, it } from 'vitest';
import { explain } from '../../../src/explain/explain';
import type { ChildProcess, Request, Sample, Task } from '../../../src/model/sample';
import { requestOf, ringOf, sampleOf, stackOf, taskOf } from '../samples';

function answer(parts: Partial<Sample>) {
  const { sample } = explain(sampleOf(parts), { last: true });
  expect(sample.findings.every(({ severity }) => severity === 'info')).toBe(true);
  return sample.findings[0];
}

const inCall = (name: string, args: readonly string[], ...stack: readonly string[]) =>
  taskOf({ blocked: 5, kernelStack: stackOf(...stack), syscall: { number: 0, name, args } });

describe('a wait for a child', () => {
  const sleep: ChildProcess = { pid: 81, name: 'sleep', state: 'S', group: 80 };
  const copy: ChildProcess = { pid: 82, name: 'cp', state: 'D', group: 82 };
  const children = [sleep, copy];
  const told = (parts: Partial<Sample>, ...args: readonly string[]) =>
    answer({ tasks: [inCall('waitid', args, 'do_wait', '__do_sys_waitid')], ...parts })?.summary;

  it.each([
    ['one', { children }, ['0x1', '0x51'], /waits for its child process sleep \(81\) to end\.$/],
    [
      'one that is blocked itself',
      { children },
      ['0x1', '0x52'],
      /cp \(82\) to end, which is in uninterruptible sleep itself\.$/,
    ],
    [
      'any',
      { children },
      ['0x0'],
      /waits for one of its 2 child processes to end: sleep \(81\) and cp \(82\)\.$/,
    ],
    ['the only one', { children: [sleep] }, ['0x0'], /waits for its child process sleep \(81\) to end\.$/],
    ['a group', { children }, ['0x2', '0x50'], /waits for its child process sleep \(81\) to end\.$/],
    [
      'one by the pid of its namespace',
      { children: [{ ...sleep, ownPid: 5 }] },
      ['0x1', '0x5'],
      /sleep \(81\)/,
    ],
    ['one that is gone', { children }, ['0x1', '0x99'], /1 thread waits for a child process to end\.$/],
    ['unknown ones', {}, ['0x0'], /1 thread waits for a child process to end\.$/],
  ])('tells %s', (_, parts, args, text) => {
    expect(told(parts, ...args)).toMatch(text);
  });

  const request = (waitsFor: string) =>
    requestOf({ operation: 'WAITID', state: 'waiting', operands: [{ name: 'waits for', value: waitsFor }] });

  it('tells it of a request', () => {
    const rings = [ringOf({ inFlight: 1, live: 1, explained: 1 })];
    expect(answer({ rings, children, requests: [request('P_PID 81')] })?.summary).toMatch(
      /: 1 waitid waits for its child process sleep \(81\) to end\.$/,
    );
    const resources = [{ fd: 5, kind: 'pidfd', target: 82 } as const];
    expect(answer({ rings, children, resources, requests: [request('P_PIDFD 5')] })?.summary).toMatch(
      /cp \(82\) to end, which/,
    );
    // fdinfo numbers the process behind a pidfd as whoever reads it does.
    const process = { ...sampleOf().process, namespacePids: [7, 1] };
    const inside = children.map((child) => ({ ...child, ownPid: child.pid - 70 }));
    expect(
      answer({ process, rings, children: inside, resources, requests: [request('P_PIDFD 5')] })?.summary,
    ).toMatch(/cp \(82\) to end, which/);
  });
});

describe('a wait for a word of memory', () => {
  const STACK = ['futex_do_wait', '__futex_wait', 'do_futex'] as const;
  const args = ['0x10', '0x80', '0x2', '0x0'] as const;
  const holder = (pid: number) => [{ address: '0x10', value: 2, holder: { pid, name: 'holder' } }];
  const other = taskOf({ tid: 9, name: 'holder', kernelStack: stackOf('__do_sys_pause'), blocked: 5 });
  const told = (parts: Partial<Sample>, ...own: readonly string[]) =>
    answer({ tasks: [inCall('futex', own.length > 0 ? own : args, ...STACK), other], ...parts })?.summary;

  it('names the thread that holds the lock, or says that it is the waiter itself', () => {
    expect(told({ futexes: holder(9) })).toMatch(/1 thread waits for a mutex that thread holder \(9\) holds/);
    expect(told({ futexes: holder(99) })).toMatch(/1 thread waits for a mutex that holder \(99\) holds/);
    expect(told({})).toMatch(/1 thread waits for another thread \(mutex, condition variable\)/);
  });

  it('says that nobody is there only of a private wait without an end in a process of one thread', () => {
    const alone = (...own: readonly string[]) => answer({ tasks: [inCall('futex', own, ...STACK)] })?.summary;
    expect(alone(...args)).toMatch(/but the process has no other\.$/);
    expect(alone('0x10', '0x80', '0x2', '0x7fff')).not.toMatch(/no other/);
    expect(alone('0x10', '0x0', '0x2', '0x0')).not.toMatch(/no other/);
  });

  const request = requestOf({
    operation: 'FUTEX_WAIT',
    state: 'waiting',
    address: '0x10',
    operands: [
      { name: 'value', value: '0x7' },
      { name: 'futex flags', value: 'FUTEX2_SIZE_U32|FUTEX2_PRIVATE' },
    ],
  });
  const ofRing = (value: number, requests: readonly Request[] = [request]) =>
    answer({
      tasks: [other],
      rings: [ringOf({ inFlight: 1, live: 1, explained: 1 })],
      futexes: [{ address: '0x10', value }],
      requests,
    });

  it('tells the value of the word that a request waits for, and who can wake it', () => {
    expect(ofRing(7)?.summary).toMatch(/1 futex wait waits for a wake at 0x10 \(its value is still 7\)\.$/);
    expect(ofRing(8)?.summary).toMatch(/its value was 7 and is 8: it was changed without a wake/);
    expect(ofRing(7)?.explanation).toMatch(/private: only this process can wake it, that is its only thread/);
    const shared = { ...request, operands: request.operands?.slice(0, 1) ?? [] };
    expect(ofRing(7, [shared])?.explanation).toMatch(/whoever has the same memory/);
  });
});

describe('a circle of mutexes', () => {
  const wants = (tid: number, address: string, parts: Partial<Task> = {}, timeout = '0x0') => ({
    ...inCall('futex', [address, '0x80', '0x2', timeout], 'futex_do_wait', 'do_futex'),
    tid,
    name: `t${tid}`,
    ...parts,
  });
  const held = (address: string, tid: number) => ({
    address,
    value: 2,
    holder: { pid: tid, name: `t${tid}` },
  });
  const futexes = [held('0x10', 8), held('0x20', 9), held('0x30', 7)];
  const found = (tasks: readonly Task[], words = futexes) =>
    explain(sampleOf({ tasks, futexes: words }), { last: true }).sample.findings[0];

  it('is a deadlock, with those that wait behind it', () => {
    const finding = found([wants(9, '0x10'), wants(8, '0x20'), wants(7, '0x10')]);
    expect(finding).toMatchObject({ tag: 'deadlock', severity: 'critical' });
    expect(finding?.summary).toMatch(/^Threads t9 \(9\) and t8 \(8\) wait for each other/);
    expect(finding?.explanation).toMatch(/1 more thread waits for a mutex that one of them holds/);
    expect(finding?.evidence).toEqual([{ task: 9 }, { task: 8 }, { task: 7 }]);
  });

  it('is one of a single thread that locks twice', () => {
    expect(found([wants(8, '0x10')])?.summary).toMatch(
      /^Thread t8 \(8\) waits for a mutex that it holds itself/,
    );
  });

  it.each([
    ['a chain has an end', [wants(9, '0x10'), wants(7, '0x20'), taskOf({ tid: 8 })]],
    ['a wait is timed', [wants(9, '0x10'), wants(8, '0x20', {}, '0x7ffd')]],
    ['a thread has just come', [wants(9, '0x10'), wants(8, '0x20', { blocked: 0.01 })]],
  ])('is none where %s', (_, tasks) => {
    expect(found(tasks)?.severity).toBe('info');
  });
});

describe('a thread that is stuck', () => {
  it('holds up those that wait for its mutex', () => {
    const stuck = taskOf({
      tid: 9,
      name: 'holder',
      state: 'D',
      blocked: 9,
      kernelStack: stackOf('request_wait_answer'),
    });
    const waiter = inCall('futex', ['0x10', '0x80', '0x2', '0x0'], 'futex_do_wait', 'do_futex');
    const futexes = [{ address: '0x10', value: 2, holder: { pid: 9, name: 'holder' } }];
    const { sample } = explain(sampleOf({ tasks: [waiter, stuck], futexes }), { last: true });
    expect(sample.findings[0]).toMatchObject({ tag: 'stuck-on-resource', severity: 'critical' });
    expect(sample.findings[0]?.explanation).toMatch(/1 other thread waits for a mutex that it holds\./);
  });
});

describe('requests that are in no device', () => {
  const ring = ringOf({ inFlight: 1, live: 1, explained: 1 });
  const told = (parts: Partial<Request>, more: Partial<Sample> = {}) =>
    answer({ rings: [ring, ringOf({ id: 2, fd: 6 })], requests: [requestOf(parts)], ...more })?.summary;

  it('tells whom a message, a zero-copy send and a driver’s command wait for', () => {
    const stage = 'waits for the thread of the ring it is sent to';
    expect(told({ operation: 'MSG_RING', state: 'issued', fd: 6, stage })).toMatch(
      /1 msg_ring waits for the thread of ring 2 \(fd 6\) to take it\.$/,
    );
    const sent = 'has been sent; the network has not let go of its buffers';
    expect(told({ operation: 'SEND_ZC', state: 'issued', fd: 5, stage: sent })).toMatch(
      /1 send waits for the network to let go of the buffers of what it has sent\.$/,
    );
    const command = (path: string) =>
      told(
        { operation: 'URING_CMD', state: 'waiting', fd: 5 },
        { resources: [{ fd: 5, kind: 'device', path }] },
      );
    expect(command('/dev/fuse')).toMatch(/waits for the kernel to hand this FUSE server a request\.$/);
    expect(command('/dev/ublkc0')).toMatch(/hand this ublk server a request\.$/);
    expect(command('/dev/ng0n1')).toMatch(/waits for the NVMe device \/dev\/ng0n1\.$/);
    expect(command('/dev/other')).toMatch(/: 1 driver command\.$/);
  });
});

describe('an operation with two ends', () => {
  const resources = [
    { fd: 4, kind: 'pipe', end: 'read', peers: [{ pid: 81, name: 'tar' }] },
    { fd: 6, kind: 'pipe', end: 'write', peers: [{ pid: 82, name: 'gzip' }] },
  ] as const;
  const splice = (...stack: readonly string[]) =>
    answer({ tasks: [inCall('splice', ['0x4', '0x0', '0x6', '0x0'], ...stack)], resources })?.summary;

  it('tells both, and at the other side of which it stands still', () => {
    expect(splice('ipipe_prep', 'do_splice')).toMatch(
      /in splice from descriptor 4 into descriptor 6 waits for data in the pipe at descriptor 4, whose writer is tar \(81\)/,
    );
    expect(splice('opipe_prep', 'do_splice')).toMatch(
      /waits for room in the full pipe at descriptor 6, whose reader is gzip \(82\)/,
    );
  });

  it('names none where two workers may have different ones', () => {
    const request = (fd: number, parts: Partial<Request>) =>
      requestOf({
        operation: 'SPLICE',
        fd,
        operands: [{ name: 'from', value: 'fd 4' }],
        sources: ['ring memory'],
        inferred: ['state', 'worker'],
        ...parts,
      });
    const worker = taskOf({
      tid: 8,
      kind: 'worker',
      blocked: 5,
      operation: 'SPLICE',
      wchan: 'pipe_wait_readable',
    });
    const told = (second: number) =>
      answer({
        tasks: [worker],
        resources,
        rings: [ringOf({ inFlight: 2, explained: 2 })],
        requests: [request(6, { worker: 8 }), request(second, { state: 'queued', inferred: ['state'] })],
      })?.summary;
    expect(told(6)).toMatch(/^1 splice from descriptor 4 into descriptor 6 waits/);
    expect(told(9)).toMatch(/^1 splice waits/);
  });
});
