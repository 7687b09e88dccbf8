import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { COMMANDS } from '../../src/views/ids';
import { api, closeAll, messages, victim } from './stage';
import { eventually, type Test } from './suite';

interface Thread {
  readonly id: number;
  readonly name: string;
}

interface Frame {
  readonly name: string;
  readonly presentationHint?: string;
}

/** Runs `work` in a session about a process; when it ends, so has the session. */
async function inSession(pid: number, work: (session: vscode.DebugSession) => Promise<void>): Promise<void> {
  const name = `test ${pid}`;
  // Which of several is the active one depends on where the editor has the focus.
  const running: vscode.DebugSession[] = [];
  const listeners = [
    vscode.debug.onDidStartDebugSession((started) => running.push(started)),
    vscode.debug.onDidTerminateDebugSession(({ id }) => {
      const at = running.findIndex((one) => one.id === id);
      if (at >= 0) running.splice(at, 1);
    }),
  ];
  const begun = await vscode.debug.startDebugging(undefined, {
    type: 'io_uring',
    request: 'attach',
    name,
    pid,
  });
  assert.equal(begun, true);
  const session = await eventually('the session', () => running.find((one) => one.name === name));
  try {
    await work(session);
  } finally {
    await vscode.debug.stopDebugging(session);
    await eventually('its end', () => !running.includes(session));
    for (const listener of listeners) listener.dispose();
  }
}

async function threadsOf(session: vscode.DebugSession): Promise<readonly Thread[]> {
  return (await session.customRequest('threads')).threads as Thread[];
}

async function stackOf(session: vscode.DebugSession, threadId: number): Promise<readonly Frame[]> {
  return (await session.customRequest('stackTrace', { threadId })).stackFrames as Frame[];
}

/** As the editor hands it to a command of the Call Stack's menu. */
const placeIn = ({ id }: vscode.DebugSession, thread: number, frame?: number) => {
  const threadId = `thread:${id}:${thread}`;
  return [
    thread,
    {
      sessionId: id,
      threadId,
      ...(frame === undefined ? {} : { frameId: `stackframe:${threadId}:${frame}:Unknown Source` }),
    },
  ];
};

export const debuggingTests: readonly Test[] = [
  {
    name: 'a debug session shows a stuck process: threads, rings, the focused frame, and leaves nothing',
    run: async () => {
      await closeAll();
      const pid = victim('STUCK');
      await inSession(pid, async (session) => {
        const threads = await eventually('the threads', async () => {
          const found = await threadsOf(session);
          return found.length > 0 && found;
        });
        assert.ok(threads.some(({ id }) => id === pid));
        const ring = threads.find(({ name }) => /^ring\b/.test(name));
        assert.ok(ring, JSON.stringify(threads));
        assert.ok((await stackOf(session, ring.id)).length >= 4);
        await eventually('the editor shows where it stands', () => vscode.debug.activeStackItem);
        assert.equal(vscode.debug.activeStackItem?.session.id, session.id);
        const answer = await session.customRequest('evaluate', { expression: 'pending', context: 'repl' });
        assert.match(String(answer.result), /4 requests/);
      });
      assert.deepEqual((await api()).inspections(), []);
    },
  },
  {
    name: 'two sessions at a time, beside an inspection in the tree, share the host and end by themselves',
    run: async () => {
      const pid = victim('STUCK');
      await inSession(pid, async (one) => {
        await inSession(victim('HEALTHY'), async (other) => {
          assert.ok((await threadsOf(other)).length > 0);
        });
        assert.ok((await threadsOf(one)).length > 0);
      });
    },
  },
  {
    name: 'the Call Stack leads to the process in the tree',
    run: async () => {
      await closeAll();
      const pid = victim('STUCK');
      await inSession(pid, async (session) => {
        await eventually('the threads', async () => (await threadsOf(session)).length > 0);
        const shown = await messages(async () =>
          vscode.commands.executeCommand(COMMANDS.showDebuggee, ...placeIn(session, pid)),
        );
        assert.deepEqual(shown, []);
        const inspections = (await api()).inspections();
        assert.deepEqual(
          inspections.map((one) => one.pid),
          [pid],
        );
      });
      await closeAll();
    },
  },
  {
    name: 'a menu’s place that is no session, or no frame of the kernel, is answered with a sentence',
    run: async () => {
      const unknown = { sessionId: 'none', threadId: 'thread:none:1' };
      const without = await messages(async () =>
        vscode.commands.executeCommand(COMMANDS.inspectDebuggee, 1, unknown),
      );
      assert.match(without.join(), /no debug session/);
      const pid = victim('STUCK');
      await inSession(pid, async (session) => {
        const ring = await eventually('the ring', async () =>
          (await threadsOf(session)).find(({ name }) => /^ring\b/.test(name)),
        );
        const shown = await messages(async () =>
          vscode.commands.executeCommand(COMMANDS.frameToKernelSource, ...placeIn(session, ring.id, 0)),
        );
        assert.match(shown.join(), /no frame of the kernel/);
      });
    },
  },
];
