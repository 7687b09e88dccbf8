import { describe, expect, it } from 'vitest';
import { DebuggeeTracker } from '../../../src/debug/tracker';
import type { FollowedSession } from '../../../src/debug/trackerSessions';
import { type HostId, hostKey } from '../../../src/inspect/hostId';
import type { TakeSample } from '../../../src/inspect/inspection';
import { Inspections } from '../../../src/inspect/inspections';
import type { Sample } from '../../../src/model/sample';
import { FollowedProcess } from '../../../src/views/followedProcess';
import { followedRows, subtitle } from '../../../src/views/followedRows';
import { COMMANDS } from '../../../src/views/ids';
import { outline } from '../../../src/views/node';
import { rootNodes } from '../../../src/views/nodes';
import { sampleOf, taskOf } from '../samples';
import { everyId } from './rows';

const WAY: HostId = { kind: 'ssh', alias: 'db1' };
const clock = { now: () => 0, setTimeout: () => undefined, clearTimeout: () => undefined };
const event = (name: string, body: object = {}) => ({ type: 'event', event: name, body });

/** A window in which one session is followed, and what is looked at in it. */
class Window {
  readonly looks: string[] = [];
  readonly connected = new Set<string>();
  owner: number | undefined;
  private readonly due: (() => void)[] = [];
  private readonly inspections: Inspections;
  readonly process: FollowedProcess;
  seen = true;

  constructor(sample: (pid: number) => Sample = (pid) => withPid(pid)) {
    const take =
      (host: HostId, pid: number): TakeSample =>
      async () => {
        this.looks.push(`${hostKey(host)} ${pid}`);
        return sample(pid);
      };
    this.inspections = new Inspections(take, clock);
    this.process = new FollowedProcess(this.inspections, {
      isConnected: (host) => this.connected.has(hostKey(host)),
      owner: async () => this.owner,
      later: (work) => void this.due.push(work),
      changed: () => undefined,
    });
  }

  follow(session: FollowedSession | undefined): Promise<void> {
    this.process.follow(session, this.seen);
    return settled();
  }

  /** The time until a stopped process stands has passed. */
  async settle(): Promise<void> {
    for (const work of this.due.splice(0)) work();
    await settled();
  }

  get rows(): string {
    const { dressing } = this.process;
    const dress = dressing && ((roots: Parameters<typeof followedRows>[0]) => followedRows(roots, dressing));
    return outline(rootNodes(this.inspections.all, undefined, dress));
  }

  get pids(): readonly number[] {
    return this.inspections.all.map(({ pid }) => pid);
  }
}

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

function withPid(pid: number, parts: Partial<Sample> = {}): Sample {
  const sample = sampleOf({
    tasks: [taskOf({ tid: pid, state: 't' }), taskOf({ tid: pid + 1, name: 'helper' })],
    ...parts,
  });
  return { ...sample, process: { ...sample.process, pid, startTime: pid } };
}

function session(
  messages: readonly object[],
  configuration: Readonly<Record<string, unknown>> = { request: 'launch' },
  type = 'lldb-dap',
): FollowedSession {
  const tracker = new DebuggeeTracker({ type, name: 'Debug', configuration });
  for (const message of messages) tracker.received(message);
  return { id: 'one', debuggee: tracker.debuggee };
}

const BEGUN = event('process', { systemProcessId: 42, name: '/srv/server' });
const STOPPED = event('stopped', { reason: 'breakpoint', threadId: 42, allThreadsStopped: true });
const THREADS = {
  type: 'response',
  success: true,
  command: 'threads',
  body: {
    threads: [
      { id: 42, name: 'Thread #1 server' },
      { id: 43, name: 'Thread #2 helper' },
    ],
  },
};

describe('the process of the followed session', () => {
  it('is looked at once it is known, another one once that is, and none when the session has ended', async () => {
    const window = new Window();
    await window.follow(session([]));
    expect([window.pids, window.rows]).toEqual([[], expect.stringMatching(/has not told which process/)]);
    await window.follow(session([BEGUN]));
    expect([window.pids, window.looks]).toEqual([[42], ['local 42']]);
    await window.follow(session([event('process', { systemProcessId: 44 })]));
    expect(window.pids).toEqual([44]);
    await window.follow(undefined);
    expect([window.pids, window.rows]).toEqual([[], '']);
  });

  it('is not looked at while nobody sees the view', async () => {
    const window = new Window();
    window.seen = false;
    await window.follow(session([BEGUN, STOPPED]));
    await window.settle();
    expect(window.looks).toEqual([]);
  });

  it('is looked at anew when it stops and when it goes on, and only then', async () => {
    const window = new Window();
    await window.follow(session([BEGUN]));
    await window.settle();
    const before = window.looks.length;
    await window.follow(session([BEGUN, STOPPED]));
    await window.settle();
    expect(window.looks.length).toBe(before + 1);
    await window.follow(session([BEGUN, STOPPED, THREADS]));
    await window.settle();
    expect(window.looks.length).toBe(before + 1);
    await window.follow(session([BEGUN, STOPPED, event('continued', { allThreadsContinued: true })]));
    await window.settle();
    expect(window.looks.length).toBe(before + 2);
  });

  it('is found by its threads where the debugger names no process', async () => {
    const window = new Window();
    window.owner = 42;
    await window.follow(session([STOPPED, THREADS]));
    expect(window.pids).toEqual([42]);
    const lost = new Window();
    await lost.follow(session([STOPPED, THREADS]));
    expect(lost.rows).toMatch(/has not told which process/);
  });
});

describe('a process that is elsewhere', () => {
  const ELSEWHERE = { request: 'launch', pipeTransport: { pipeProgram: 'ssh', pipeArgs: ['db1'] } };

  it('is followed there only where the user is connected already, or says so', async () => {
    const window = new Window();
    await window.follow(session([BEGUN], ELSEWHERE, 'cppdbg'));
    expect(window.rows).toBe('The program runs on db1  click to look at it there\n');
    expect(window.process.offered).toEqual(WAY);
    window.process.allow(WAY);
    await settled();
    expect(window.looks).toEqual(['ssh:db1 42']);
    const other = new Window();
    other.connected.add(hostKey(WAY));
    await other.follow(session([BEGUN], ELSEWHERE, 'cppdbg'));
    expect(other.looks).toEqual(['ssh:db1 42']);
  });

  it('is not taken for one of this machine that happens to have its pid', async () => {
    const served = { request: 'attach', port: 5678, connect: { host: 'localhost' } };
    const window = new Window();
    await window.follow(session([event('process', { systemProcessId: 42, name: '/app/main.py' })], served));
    expect(window.rows).toMatch(/^Process 42 of this machine is not the one being debugged/);
    const traced = new Window((pid) => {
      const sample = withPid(pid);
      return { ...sample, process: { ...sample.process, tracer: 9 } };
    });
    await traced.follow(session([BEGUN], served));
    expect(traced.pids).toEqual([42]);
    const named = new Window();
    await named.follow(session([BEGUN], served));
    expect(named.pids).toEqual([42]);
  });
});

describe('the rows of a debuggee', () => {
  it('lead from each thread of a stopped one to the debugger’s, and of a running one nowhere', async () => {
    const window = new Window();
    await window.follow(session([BEGUN, STOPPED, THREADS]));
    expect(window.rows).toMatch(
      /server \(42\).*\n +In the Call Stack {2}Thread #1 server · stopped: breakpoint\n/,
    );
    expect(window.rows).toMatch(/helper \(43\).*\n +In the Call Stack {2}Thread #2 helper\n/);
    await window.follow(session([BEGUN, THREADS]));
    expect(window.rows).not.toMatch(/Call Stack/);
  });

  it('name the session’s thread in the command, and have ids of their own', async () => {
    const window = new Window();
    await window.follow(session([BEGUN, STOPPED, THREADS]));
    const { dressing } = window.process;
    if (!dressing) throw new Error('nothing is followed');
    const roots = rootNodes(
      [{ key: 'a', pid: 42, snapshot: { state: 'live', sample: withPid(42) } }],
      undefined,
      (some) => followedRows(some, dressing),
    );
    const ids = everyId(roots);
    expect(new Set(ids).size).toBe(ids.length);
    const commands = (nodes: typeof roots): unknown[] =>
      nodes.flatMap(({ command, children }) => [
        ...(command ? [command] : []),
        ...commands(children?.() ?? []),
      ]);
    expect(commands(roots)).toContainEqual({
      id: COMMANDS.showInCallStack,
      title: 'Show in the Call Stack',
      arguments: [{ session: 'one', thread: 43 }],
    });
  });

  it('say beside the title what the debugger calls the stop', () => {
    expect(subtitle('Debug', session([BEGUN, STOPPED]).debuggee)).toBe('Debug · stopped (breakpoint)');
    expect(subtitle('Debug', session([BEGUN]).debuggee)).toBe('Debug · running');
    expect(subtitle('Debug', session([]).debuggee)).toBe('Debug');
  });
});
