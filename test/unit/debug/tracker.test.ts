import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DebuggeeTracker } from '../../../src/debug/tracker';
import type { Fields } from '../../../src/debug/trackerMessage';
import { debuggerThreads } from '../../../src/debug/trackerThreads';

interface Recorded {
  /** Which adapter said it, or after what it was written. */
  readonly from: string;
  readonly configuration: Fields & { readonly type: string; readonly name: string };
  readonly messages: readonly { readonly to?: Fields; readonly from?: Fields }[];
}

const recorded = (name: string): Recorded =>
  JSON.parse(readFileSync(join(import.meta.dirname, 'sessions', `${name}.json`), 'utf8')) as Recorded;

function trackerOf({ configuration }: Pick<Recorded, 'configuration'>): DebuggeeTracker {
  return new DebuggeeTracker({ type: configuration.type, name: configuration.name, configuration });
}

function hear(tracker: DebuggeeTracker, { to, from }: Recorded['messages'][number]): void {
  if (to) tracker.sent(to);
  if (from) tracker.received(from);
}

/** What is known as a session goes on: each time something of it is new. */
function told(name: string): string[] {
  const session = recorded(name);
  const tracker = trackerOf(session);
  const lines: string[] = [];
  const tell = () => {
    const { pid, tids, run, stop, threads } = tracker.debuggee;
    const line = [
      pid === undefined ? `pid unknown${tids.length > 0 ? `, tids ${tids}` : ''}` : `pid ${pid}`,
      stop ? `stopped: ${stop.reason}${stop.thread === undefined ? '' : ` in ${stop.thread}`}` : run,
      ...(threads.size > 0 ? [[...threads].map(([id, text]) => `${id}=${text}`).join(', ')] : []),
    ].join(' | ');
    if (lines.at(-1) !== line) lines.push(line);
  };
  tell();
  for (const message of session.messages) {
    hear(tracker, message);
    tell();
  }
  return lines;
}

describe('what a session tells of its process', () => {
  it('lldb-vscode of Debian, recorded', () => {
    expect(told('lldb')).toMatchInlineSnapshot(`
      [
        "pid unknown | starting",
        "pid 8979 | running",
        "pid 8979 | stopped: breakpoint in 8979",
        "pid 8979 | stopped: breakpoint in 8979 | 8979=Thread #1 debuggee, 8988=Thread #2 helper",
        "pid 8979 | running | 8979=Thread #1 debuggee, 8988=Thread #2 helper",
        "pid 8979 | stopped: breakpoint in 8979 | 8979=Thread #1 debuggee, 8988=Thread #2 helper",
        "pid 8979 | running | 8979=Thread #1 debuggee, 8988=Thread #2 helper",
        "pid 8979 | ended | 8979=Thread #1 debuggee, 8988=Thread #2 helper",
      ]
    `);
  });

  it('debugpy of Debian, recorded', () => {
    expect(told('debugpy')).toMatchInlineSnapshot(`
      [
        "pid unknown | starting",
        "pid 9462 | running",
        "pid 9462 | stopped: breakpoint in 1",
        "pid 9462 | stopped: breakpoint in 1 | 1=MainThread, 2=Thread-6 (sleep)",
        "pid 9462 | running | 1=MainThread, 2=Thread-6 (sleep)",
        "pid 9462 | stopped: breakpoint in 1 | 1=MainThread, 2=Thread-6 (sleep)",
        "pid 9462 | running | 1=MainThread, 2=Thread-6 (sleep)",
        "pid 9462 | ended | 1=MainThread, 2=Thread-6 (sleep)",
      ]
    `);
  });

  it('delve of Debian, recorded: it sends no process event, a goroutine on a thread names its tid', () => {
    expect(told('delve')).toMatchInlineSnapshot(`
      [
        "pid unknown | starting",
        "pid unknown | stopped: breakpoint in 1",
        "pid unknown, tids 11373 | stopped: breakpoint in 1 | 1=* [Go 1] main.main (Thread 11373), 2=[Go 2] runtime.gopark, 3=[Go 3] runtime.gopark, 4=[Go 4] runtime.gopark",
        "pid unknown, tids 11373 | running | 1=* [Go 1] main.main (Thread 11373), 2=[Go 2] runtime.gopark, 3=[Go 3] runtime.gopark, 4=[Go 4] runtime.gopark",
        "pid unknown, tids 11373 | stopped: breakpoint in 1 | 1=* [Go 1] main.main (Thread 11373), 2=[Go 2] runtime.gopark, 3=[Go 3] runtime.gopark, 4=[Go 4] runtime.gopark",
        "pid unknown, tids 11373 | running | 1=* [Go 1] main.main (Thread 11373), 2=[Go 2] runtime.gopark, 3=[Go 3] runtime.gopark, 4=[Go 4] runtime.gopark",
        "pid unknown, tids 11373 | stopped: pause | 1=* [Go 1] main.main (Thread 11373), 2=[Go 2] runtime.gopark, 3=[Go 3] runtime.gopark, 4=[Go 4] runtime.gopark",
        "pid unknown, tids 11373 | ended | 1=* [Go 1] main.main (Thread 11373), 2=[Go 2] runtime.gopark, 3=[Go 3] runtime.gopark, 4=[Go 4] runtime.gopark",
      ]
    `);
  });

  it('cppdbg', () => {
    expect(told('cppdbg')).toMatchInlineSnapshot(`
      [
        "pid unknown | starting",
        "pid 4242 | running",
        "pid 4242 | stopped: breakpoint in 4242",
        "pid 4242 | stopped: breakpoint in 4242 | 4242=debuggee [4242], 4243=helper [4243]",
        "pid 4242 | running | 4242=debuggee [4242], 4243=helper [4243]",
        "pid 4242 | stopped: step in 4242 | 4242=debuggee [4242], 4243=helper [4243]",
        "pid 4242 | running | 4242=debuggee [4242], 4243=helper [4243]",
        "pid 4242 | ended | 4242=debuggee [4242], 4243=helper [4243]",
      ]
    `);
  });

  it('CodeLLDB: from its console alone, not from what the program prints', () => {
    expect(told('codelldb')).toMatchInlineSnapshot(`
      [
        "pid unknown | starting",
        "pid 4242 | running",
        "pid 4242 | stopped: breakpoint in 4242",
        "pid 4242 | stopped: breakpoint in 4242 | 4242=4242: tid=4242 "debuggee", 4243=4243: tid=4243 "helper"",
        "pid 4242 | running | 4242=4242: tid=4242 "debuggee", 4243=4243: tid=4243 "helper"",
        "pid 4242 | ended | 4242=4242: tid=4242 "debuggee", 4243=4243: tid=4243 "helper"",
      ]
    `);
  });

  it('gdb 14', () => {
    expect(told('gdb')).toMatchInlineSnapshot(`
      [
        "pid unknown | starting",
        "pid 4242 | running",
        "pid 4242 | stopped: breakpoint in 1",
        "pid 4242 | stopped: breakpoint in 1 | 1=debuggee, 2=helper",
        "pid 4242 | running | 1=debuggee, 2=helper",
        "pid 4242 | ended | 1=debuggee, 2=helper",
      ]
    `);
  });

  it('the child session of js-debug, by its name', () => {
    expect(told('jsDebug')).toMatchInlineSnapshot(`
      [
        "pid 4242 | starting",
        "pid 4242 | running",
        "pid 4242 | running | 0=loop.js [4242]",
        "pid 4242 | stopped: breakpoint | 0=loop.js [4242]",
        "pid 4242 | running | 0=loop.js [4242]",
        "pid 4242 | running",
        "pid 4242 | ended",
      ]
    `);
  });
});

const attach = (parts: Fields, type = 'cppdbg', name = 'Attach') =>
  trackerOf({ configuration: { type, name, request: 'attach', ...parts } }).debuggee;

describe('the pid of a session begun before anybody listened', () => {
  it.each([
    ['cppdbg', { processId: '4242' }, 4242],
    ['lldb-dap', { pid: 4242 }, 4242],
    ['node', { processId: '4242-inspector9229' }, 4242],
    ['debugpy', { subProcessId: 4243, processId: 1 }, 4243],
    ['go', { processId: 'server' }, undefined],
    ['gdb', { pid: -1 }, undefined],
    ['gdb', { pid: 1e12 }, undefined],
  ])('%s %j', (type, parts, pid) => {
    expect(attach(parts, type).pid).toBe(pid);
  });

  it('is not taken from what a launch happens to name so', () => {
    const configuration = { type: 'go', name: 'Launch', request: 'launch', processId: 7 };
    expect(trackerOf({ configuration }).debuggee.pid).toBeUndefined();
  });

  it('is led to by the threads of a debugger that counts tids', () => {
    const tracker = trackerOf({ configuration: { type: 'cppdbg', name: 'Launch', request: 'launch' } });
    tracker.received(answer(1, 'threads', { threads: [{ id: 4243, name: 'helper' }] }));
    expect(tracker.debuggee).toMatchObject({ pid: undefined, tids: [4243], run: 'running' });
  });
});

const answer = (seq: number, command: string, body: Fields = {}) => ({
  seq: 0,
  type: 'response',
  request_seq: seq,
  success: true,
  command,
  body,
});
const event = (name: string, body: Fields = {}) => ({ seq: 0, type: 'event', event: name, body });
const ask = (seq: number, command: string, words: Fields = {}) => ({
  seq,
  type: 'request',
  command,
  arguments: words,
});

describe('whether the process runs', () => {
  const stoppedOnes = () => {
    const tracker = trackerOf({ configuration: { type: 'gdb', name: 'Debug', request: 'launch' } });
    tracker.received(answer(1, 'threads', { threads: [1, 2].map((id) => ({ id, name: '' })) }));
    tracker.received(event('stopped', { reason: 'breakpoint', threadId: 1 }));
    tracker.received(event('stopped', { reason: 'pause', threadId: 2 }));
    return tracker;
  };

  it('is stopped until the last of its threads goes on', () => {
    const tracker = stoppedOnes();
    tracker.received(event('continued', { threadId: 1 }));
    expect(tracker.debuggee.run).toBe('stopped');
    tracker.received(event('continued', { threadId: 2 }));
    expect(tracker.debuggee).toMatchObject({ run: 'running' });
    expect(tracker.debuggee.stop).toBeUndefined();
  });

  it('goes on with the answer to a step, not with one that failed', () => {
    const tracker = stoppedOnes();
    tracker.sent(ask(9, 'next', { threadId: 1 }));
    tracker.received({ ...answer(9, 'next'), success: false });
    expect(tracker.debuggee.run).toBe('stopped');
    tracker.sent(ask(10, 'next', { threadId: 1 }));
    tracker.received(answer(10, 'next'));
    expect(tracker.debuggee.run).toBe('running');
  });

  it('is stopped where the stop overtakes the answer', () => {
    const tracker = stoppedOnes();
    tracker.sent(ask(9, 'next', { threadId: 1 }));
    tracker.received(event('stopped', { reason: 'step', threadId: 1, allThreadsStopped: true }));
    tracker.received(answer(9, 'next'));
    expect(tracker.debuggee).toMatchObject({ run: 'stopped', stop: { reason: 'step' } });
  });

  it('is another process after a restart', () => {
    const tracker = trackerOf({ configuration: { type: 'lldb', name: 'Debug', request: 'launch' } });
    tracker.received(event('process', { systemProcessId: 5 }));
    tracker.sent(ask(9, 'restart'));
    expect(tracker.debuggee).toMatchObject({ pid: undefined, run: 'starting' });
    tracker.received(event('process', { systemProcessId: 6 }));
    expect(tracker.debuggee).toMatchObject({ pid: 6, run: 'running' });
  });
});

describe('any message at all', () => {
  it('throws nothing, and makes no pid that is none', () => {
    const word = fc.constantFrom(
      'event',
      'response',
      'request',
      'process',
      'stopped',
      'threads',
      'output',
      'next',
    );
    const message = fc.record(
      {
        type: word,
        event: word,
        command: word,
        seq: fc.anything(),
        request_seq: fc.anything(),
        success: fc.boolean(),
        arguments: fc.anything(),
        body: fc.oneof(
          fc.anything(),
          fc.record({ systemProcessId: fc.anything(), threadId: fc.anything(), threads: fc.anything() }),
        ),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(message, fc.anything())), fc.object(), (messages, configuration) => {
        const tracker = new DebuggeeTracker({ type: 'lldb', name: 'x [1]', configuration });
        for (const one of messages) {
          tracker.sent(one);
          tracker.received(one);
          const { pid = 1 } = tracker.debuggee;
          expect(Number.isInteger(pid) && pid > 0).toBe(true);
        }
      }),
    );
  });
});

describe('the debugger’s number of a thread', () => {
  const task = (tid: number, name: string) => ({ tid, name, kind: 'thread' as const });
  const tasks = [task(42, 'server'), task(43, 'helper'), task(44, 'pool'), task(45, 'pool')];
  const numbers = (threads: readonly (readonly [number, string])[]) =>
    Object.fromEntries(debuggerThreads(42, tasks, new Map(threads)));

  it('is the tid where the leader’s pid is among them', () => {
    expect(
      numbers([
        [42, 'Thread #1'],
        [43, 'Thread #2'],
        [99, 'gone'],
      ]),
    ).toEqual({ 42: 42, 43: 43 });
  });

  it('is told by a tid in the name', () => {
    expect(
      numbers([
        [1, '* [Go 1] main.main (Thread 44)'],
        [2, '[Go 2] runtime.gopark'],
      ]),
    ).toEqual({ 44: 1 });
  });

  it('is told by a name that one thread alone has', () => {
    expect(
      numbers([
        [1, 'server'],
        [2, 'helper'],
        [3, 'pool'],
        [4, 'pool'],
      ]),
    ).toEqual({ 42: 1, 43: 2 });
  });

  it('is the main thread’s of Python', () => {
    expect(
      numbers([
        [1, 'MainThread'],
        [2, 'Thread-6 (sleep)'],
      ]),
    ).toEqual({ 42: 1 });
  });

  it('is no worker’s of the kernel', () => {
    const worker = { tid: 46, name: 'iou-wrk-42', kind: 'worker' as const };
    expect(debuggerThreads(42, [...tasks, worker], new Map([[1, 'iou-wrk-42']])).size).toBe(0);
  });
});
