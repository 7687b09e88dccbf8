import { describe, expect, it } from 'vitest';
import { reportText } from '../../../src/explain/report';
import { foldedFrames, frameText, isOwn, isRuntime } from '../../../src/explain/userFrames';
import { waitingCode } from '../../../src/explain/waitingCode';
import type { Evidence, Finding, Sample, Task, UserFrame } from '../../../src/model/sample';
import { sampleOf, stackOf, taskOf } from '../samples';

function frameOf(name: string, place = '', parts: Partial<UserFrame> = {}): UserFrame {
  const [file = '', line] = place.split(':');
  return {
    function: name,
    ...(file === '' ? {} : { file }),
    ...(line === undefined ? {} : { line: Number(line) }),
    address: '0x401000',
    trust: 'proven',
    binary: '/srv/server',
    ...parts,
  };
}

const LIBC = '/usr/lib/x86_64-linux-gnu/libc.so.6';
const syscall = frameOf('syscall', 'sysdeps/unix/syscall.S:38', { binary: LIBC });
const submit = frameOf('io_uring_submit_and_wait', '/build/liburing-2.3/src/queue.c:450');
const submitAll = frameOf('submit_all', '/src/server.c:42');
const main = frameOf('main', '/src/server.c:77');
const start = frameOf('__libc_start_main_impl', 'csu/libc-start.c:360');
const STACK = [syscall, submit, submitAll, main, start];

function findingOf(evidence: readonly Evidence[], parts: Partial<Finding> = {}): Finding {
  return {
    tag: 'stuck-on-resource',
    severity: 'critical',
    summary: 'It is stuck.',
    explanation: 'So it is.',
    remedy: 'Do something.',
    evidence,
    ...parts,
  };
}

const worker = (tid: number): Task => taskOf({ tid, kind: 'worker', state: 'D' });
const thread = (tid: number, userStack: readonly UserFrame[], parts: Partial<Task> = {}): Task =>
  taskOf({ tid, userStack, ...parts });

describe('frames of a program', () => {
  it.each([
    [submitAll, true],
    [frameOf('std::function<void ()>::operator()', '/usr/include/c++/12/bits/std_function.h:590'), false],
    [
      frameOf('core::ops::function::FnOnce::call_once', '/rustc/90c541/library/core/src/ops/function.rs:250'),
      false,
    ],
    [frameOf('runtime.gopark', '/usr/local/go/src/runtime/proc.go:398'), false],
    [submit, false],
    [syscall, false],
    [frameOf('work', '/src/work.c:3', { binary: '/usr/lib/postgresql/15/bin/postgres' }), true],
    [frameOf('work', '/src/work.c:3', { binary: '/usr/lib/libwork.so.1.2 (deleted)' }), false],
    [frameOf('work', '/src/work.c:3', { binary: '/opt/app/lib/libwork.so' }), true],
    [frameOf('work'), false],
  ])('%j is its own: %s', (frame, own) => {
    expect(isOwn(frame)).toBe(own);
    expect(isRuntime(frame)).toBe(!own && frame.file !== undefined);
  });

  it.each([
    [submitAll, 'submit_all() at server.c:42'],
    [frameOf('0x1234 in libfoo.so'), '0x1234 in libfoo.so'],
    [frameOf('Server::run'), 'Server::run() in server'],
    [frameOf('f', '/a/b.c'), 'f() at b.c'],
    [frameOf('x\u001b[2J', '/a/\nb.c:1'), 'x\\x1b[2J() at \\x0ab.c:1'],
  ])('%j is called %s', (frame, text) => expect(frameText(frame)).toBe(text));

  it('are listed up to the last that is its own; many of the runtime in a row are not', () => {
    const many = Array.from({ length: 9 }, (_, index) => frameOf(`std::step${index}`, '/usr/include/x.h:1'));
    expect(foldedFrames(STACK)).toEqual([syscall, submit, submitAll, main]);
    expect(foldedFrames([submitAll, ...many, main])).toEqual([
      submitAll,
      ...many.slice(0, 3),
      '… 6 more frames',
      main,
    ]);
    expect(foldedFrames(many)).toEqual(many);
    expect(foldedFrames([...many, ...many]).slice(8)).toEqual(['… 10 more frames']);
  });
});

describe('the code that waits', () => {
  const told = (sample: Sample, finding: Finding) => waitingCode(sample, finding);

  it('is that of the threads a finding shows', () => {
    const sample = sampleOf({ tasks: [thread(7, [main]), thread(8, STACK)] });
    expect(told(sample, findingOf([{ task: 8 }]))).toBe(
      'The waiting code: submit_all() at server.c:42 ← main() at server.c:77 (thread 8).',
    );
  });

  it('is that of who has submitted where workers are held', () => {
    const requests = [9, undefined].map((submitter) => ({
      ring: 1,
      operation: 'READ',
      state: 'running' as const,
      certainty: 'certain' as const,
      sources: [],
      worker: 20,
      ...(submitter === undefined ? {} : { submitter }),
    }));
    const sample = sampleOf({ tasks: [thread(7, [main]), thread(9, STACK), worker(20)], requests });
    const evidence = [{ task: 20 }, { request: 0 }, { request: 1 }, { request: 99 }];
    expect(told(sample, findingOf(evidence))).toBe(
      'The waiting code: submit_all() at server.c:42 ← main() at server.c:77 (thread 9).',
    );
    expect(told(sample, findingOf([{ request: 1 }]))).toBe('');
  });

  it('is that of the only thread, where something is wrong', () => {
    const sample = sampleOf({ tasks: [thread(7, STACK), worker(20)] });
    const finding = findingOf([{ task: 20 }]);
    expect(told(sample, finding)).toContain('server.c:42');
    expect(told(sample, { ...finding, severity: 'info' })).toBe('');
    expect(told(sampleOf({ tasks: [...sample.tasks, thread(8, [main])] }), finding)).toBe('');
  });

  it('names a few places, those of most threads first', () => {
    const guessed = frameOf('guess', '/src/g.c:1', { trust: 'probable' });
    const tasks = [
      thread(1, [guessed]),
      ...[2, 3].map((tid) => thread(tid, [main])),
      ...[4, 5, 6, 7].map((tid) => thread(tid, STACK)),
      thread(8, [start]),
    ];
    const of = (...tids: number[]) => told(sampleOf({ tasks }), findingOf(tids.map((task) => ({ task }))));
    expect(of(1, 2, 3, 4, 5, 6, 7, 8, 99)).toBe(
      'The waiting code: submit_all() at server.c:42 ← main() at server.c:77 (4 threads), main() at server.c:77 (threads 2 and 3) and one more place.',
    );
    expect(of(1)).toBe('The waiting code: probably guess() at g.c:1 (thread 1).');
  });
});

describe('the report of threads whose stacks are known', () => {
  const blockedOn = {
    function: 'io_cqring_wait',
    subsystem: 'io_uring',
    text: 'waits for completions',
    wake: 'interruptible',
  } as const;
  const kernelStack = stackOf('io_cqring_wait');
  const blocked = (tid: number, parts: Partial<Task>): Task =>
    taskOf({ tid, kernelStack, blockedOn, ...parts });
  const report = (tasks: readonly Task[], options = {}) =>
    reportText(sampleOf({ tasks, findings: [findingOf([{ task: 1 }])] }), options);

  it('tells where they wait below the kernel’s part, and why a stack ends', () => {
    const guessed = frameOf('helper', '/src/h.h:9', { trust: 'probable', inlined: true });
    const userStack = [syscall, guessed, main, start];
    const text = report([blocked(1, { userStack, userStackNote: 'ends here: the tables are missing' })]);
    expect(text).toContain(`      io_cqring_wait  ← blocked here
      syscall() at syscall.S:38
      helper() at h.h:9 (inlined, probable)
      main() at server.c:77
      its stack ends here: the tables are missing
`);
    expect(text).toContain(
      'The waiting code: probably helper() at h.h:9 ← main() at server.c:77 (thread 1).',
    );
    const all = report([blocked(1, { userStack })], { verbose: true });
    expect(all).toContain(
      '      main() at /src/server.c:77\n      __libc_start_main_impl() at csu/libc-start.c:360\n',
    );
  });

  it('dims what is not the program’s own', () => {
    const text = report([blocked(1, { userStack: STACK })], { color: true });
    expect(text).toContain('      \u001b[2msyscall() at syscall.S:38\u001b[0m\n');
    expect(text).toContain('\n      submit_all() at server.c:42\n');
  });

  it('keeps threads at one place together, also those whose stacks are not told, and others apart', () => {
    const crowd = [blocked(1, {}), ...[2, 3].map((tid) => blocked(tid, { userStack: STACK }))];
    expect(report(crowd)).toMatch(/3 × thread server \(1, 2, 3\).*submit_all\(\) at server\.c:42/s);
    const two = report([...crowd, blocked(4, { userStack: [main] })]);
    expect(two).toContain('2 × thread server (2, 3)');
    expect(two).toContain('thread server (4)');
  });
});
