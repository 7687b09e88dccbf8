import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import * as vscode from 'vscode';
import { COMMANDS, DEBUGGEE_VIEW } from '../../src/views/ids';
import { alive, api, children, messages } from './stage';
import { eventually, Skip, type Test } from './suite';

/** A session of Debian's lldb-vscode with the program of test/victims/debuggee.c, stopped at its breakpoint. */
interface Scene {
  readonly session: vscode.DebugSession;
  readonly pid: number;
  readonly line: number;
  readonly fifo: string;
}

let folder: string | undefined;
let scene: Scene | undefined;

const source = () =>
  join(vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? '', 'test/victims/debuggee.c');
const lineOf = (text: string) =>
  readFileSync(source(), 'utf8')
    .split('\n')
    .findIndex((line) => line.includes(text)) + 1;
const tree = async () => (await api()).debuggeeText();
const shows = (words: RegExp) => eventually(String(words), async () => words.test(await tree()));

/** What test/editor/run.mjs has made for the tests. */
function given(name: 'DEBUGGEE' | 'HUNG_FILES'): string {
  const path = process.env[name] ?? `needs ${name}: start this with npm run test:vscode`;
  if (!isAbsolute(path)) throw new Skip(path);
  return path;
}

/** A session of that name with the debuggee, which has stopped at the breakpoint if one is set. */
async function debugging(name: string, file: string): Promise<vscode.DebugSession> {
  const program = given('DEBUGGEE');
  let begun: vscode.DebugSession | undefined;
  const listener = vscode.debug.onDidStartDebugSession((one) => {
    if (one.name === name) begun = one;
  });
  const configuration = { type: 'lldb-vscode-14', request: 'launch', name, program, args: [file] };
  assert.equal(await vscode.debug.startDebugging(undefined, configuration), true, 'the session begins');
  const session = await eventually('the session', () => begun);
  listener.dispose();
  return session;
}

function breakAtTick(): number {
  const line = lineOf('/* breakpoint */');
  const at = new vscode.Location(vscode.Uri.file(source()), new vscode.Position(line - 1, 0));
  vscode.debug.addBreakpoints([new vscode.SourceBreakpoint(at)]);
  return line;
}

function newFifo(): string {
  folder ??= mkdtempSync(join(tmpdir(), 'io-uring-inspector-debuggee-'));
  const fifo = join(mkdtempSync(join(folder, 'one-')), 'fifo');
  execFileSync('mkfifo', [fifo]);
  return fifo;
}

const isFocused = (session: vscode.DebugSession) => () => vscode.debug.activeDebugSession?.id === session.id;

/** As the user chooses it in the list of the debug toolbar, below the one that is focused. */
async function focusNext(session: vscode.DebugSession): Promise<void> {
  void vscode.commands.executeCommand('workbench.action.debug.selectDebugSession');
  await wait(1000);
  await vscode.commands.executeCommand('workbench.action.quickOpenSelectNext');
  await vscode.commands.executeCommand('workbench.action.acceptSelectedQuickOpenItem');
  await eventually(`the focus on ${session.name}`, isFocused(session), 10_000);
}

async function stopped(): Promise<Scene> {
  if (scene) return scene;
  given('DEBUGGEE');
  const fifo = newFifo();
  const line = breakAtTick();
  await vscode.commands.executeCommand('workbench.view.debug');
  const session = await debugging('Debuggee', fifo);
  await eventually('the breakpoint', () => vscode.debug.activeStackItem instanceof vscode.DebugStackFrame);
  await vscode.commands.executeCommand(`${DEBUGGEE_VIEW}.focus`);
  const inspected = await eventually('the debuggee in the view', async () => (await api()).debuggee());
  scene = { session, pid: inspected.pid, line, fifo };
  return scene;
}

async function end(): Promise<void> {
  vscode.debug.removeBreakpoints(vscode.debug.breakpoints);
  await vscode.debug.stopDebugging();
  if (folder) rmSync(folder, { recursive: true, force: true });
  folder = undefined;
}

export const followedTests: readonly Test[] = [
  {
    name: 'the process of another debugger’s session is followed, stopped at a breakpoint',
    run: async () => {
      const { pid } = await stopped();
      assert.match(readFileSync(`/proc/${pid}/comm`, 'utf8'), /^debuggee/);
      await shows(/is stopped by its debugger, process \d+: the completions of its 3 pending requests wait/);
      const text = await tree();
      assert.match(
        text,
        new RegExp(`^debuggee \\(${pid}\\) {2}stopped by its debugger · 3 requests pending`),
      );
      assert.match(text, /Rings \(1\)/);
      assert.match(text, /READ/);
      assert.deepEqual((await api()).inspections(), [], 'it is no inspection of the other view');
    },
  },
  {
    name: 'a thread leads to the line at which the debugger shows it',
    run: async () => {
      const { session, pid } = await stopped();
      await shows(/In the Call Stack {2}Thread #2 helper/);
      const { threads } = (await session.customRequest('threads')) as {
        threads: { id: number; name: string }[];
      };
      const helper = threads.find(({ name }) => name.includes('helper'));
      assert.ok(helper && helper.id !== pid, JSON.stringify(threads));
      const shown = await messages(async () =>
        vscode.commands.executeCommand(COMMANDS.showInCallStack, {
          session: session.id,
          thread: helper.id,
        }),
      );
      assert.deepEqual(shown, []);
      const opened = await eventually('the source of the helper', () => {
        const editor = vscode.window.activeTextEditor;
        return editor?.document.uri.path.endsWith('/victim.c') && editor;
      });
      assert.match(opened.document.lineAt(opened.selection.active.line).text, /pause\(\)/);
    },
  },
  {
    name: 'what gets ready meanwhile is not completed before the debugger continues it',
    run: async () => {
      const { fifo } = await stopped();
      const sample = async () => (await api()).debuggee()?.snapshot.sample;
      const completed = async () => (await sample())?.rings[0]?.cqTail ?? 0;
      assert.equal(await completed(), 0);
      writeFileSync(fifo, 'ready');
      if (process.getuid?.() === 0) await shows(/has been woken/);
      assert.equal(await completed(), 0);
      vscode.debug.removeBreakpoints(vscode.debug.breakpoints);
      await vscode.commands.executeCommand('workbench.action.debug.continue');
      await eventually('the completion', async () => (await completed()) > 0);
      await eventually('it runs', async () => !/stopped by its debugger/.test(await tree()));
      assert.match(await tree(), /2 requests waiting/);
    },
  },
  {
    name: 'it is not followed while the settings say no',
    run: async () => {
      await stopped();
      const settings = vscode.workspace.getConfiguration('ioUringInspector');
      try {
        await settings.update('followDebuggee', false, vscode.ConfigurationTarget.Global);
        await eventually('nothing', async () => (await api()).debuggee() === undefined);
        assert.equal(await tree(), '');
      } finally {
        await settings.update('followDebuggee', undefined, vscode.ConfigurationTarget.Global);
      }
      await eventually('the debuggee again', async () => (await api()).debuggee());
    },
  },
  {
    name: 'it ends with the session, and leaves nothing behind',
    run: async () => {
      const { pid } = await stopped();
      try {
        await vscode.debug.stopDebugging();
        await eventually('nothing', async () => (await api()).debuggee() === undefined);
        assert.equal(await tree(), '');
        await eventually('the program has ended', () => !alive(pid));
        await wait(100);
        await eventually('the probe has ended', () =>
          children().every((command) => !command.includes('probe')),
        );
      } finally {
        await end();
      }
    },
  },
  {
    name: 'of two sessions at once the focused one is followed, and the other when that has ended',
    run: async () => {
      try {
        breakAtTick();
        await vscode.commands.executeCommand('workbench.view.debug');
        await vscode.commands.executeCommand(`${DEBUGGEE_VIEW}.focus`);
        const followed = async () => (await api()).debuggee()?.pid;
        const one = await debugging('One', newFifo());
        const first = await eventually('the first', followed);
        const stands = (pid: number) => shows(new RegExp(`^debuggee \\(${pid}\\) .*stopped by its debugger`));
        await stands(first);
        const other = await debugging('Other', newFifo());
        await focusNext(other);
        const second = await eventually('the second', async () => {
          const pid = await followed();
          return pid !== first && pid;
        });
        await stands(second);
        await vscode.debug.stopDebugging(other);
        await eventually('the focus on the one', isFocused(one));
        await eventually('the first again', async () => (await followed()) === first);
        await stands(first);
        assert.ok(!alive(second) && alive(first));
        await vscode.debug.stopDebugging(one);
        await eventually('nothing', async () => (await followed()) === undefined);
      } finally {
        await end();
      }
    },
  },
  {
    name: 'reads from a file server that hangs are told of a debuggee that is stopped, and of one that runs',
    run: async () => {
      const mount = given('HUNG_FILES');
      const file = join(mount, 'hang-debuggee');
      // The number of the mount's device names its connection: ending that frees the program, which cannot be killed before.
      const abort = `/sys/fs/fuse/connections/${statSync(mount).dev & 0xff}/abort`;
      try {
        breakAtTick();
        await vscode.commands.executeCommand('workbench.view.debug');
        await vscode.commands.executeCommand(`${DEBUGGEE_VIEW}.focus`);
        await debugging('Hung', file);
        await eventually(
          'the breakpoint',
          () => vscode.debug.activeStackItem instanceof vscode.DebugStackFrame,
        );
        const { pid } = await eventually('the debuggee in the view', async () => (await api()).debuggee());
        await shows(new RegExp(`^debuggee \\(${pid}\\)`));
        await shows(/stopped by its debugger/);
        await shows(/hangfs \(\d+\)/);
        vscode.debug.removeBreakpoints(vscode.debug.breakpoints);
        await vscode.commands.executeCommand('workbench.action.debug.continue');
        await eventually('it runs', async () => !/stopped by its debugger/.test(await tree()));
        await shows(/hangfs \(\d+\)/);
        assert.match(await tree(), /READ/);
      } finally {
        writeFileSync(abort, '1');
        await end();
      }
      await eventually('nothing', async () => (await api()).debuggee() === undefined);
    },
  },
  {
    name: 'so is the process of a Node session, which js-debug names in the title of a child session alone',
    run: async () => {
      const program = join(mkdtempSync(join(tmpdir(), 'io-uring-inspector-node-')), 'loop.js');
      writeFileSync(program, 'setInterval(() => undefined, 1000);\n');
      try {
        const configuration = {
          type: 'node',
          request: 'launch',
          name: 'Loop',
          program,
          console: 'internalConsole',
        };
        assert.equal(await vscode.debug.startDebugging(undefined, configuration), true);
        await vscode.commands.executeCommand('workbench.view.debug');
        await vscode.commands.executeCommand(`${DEBUGGEE_VIEW}.focus`);
        const { pid } = await eventually('the debuggee in the view', async () => (await api()).debuggee());
        assert.match(readFileSync(`/proc/${pid}/cmdline`, 'utf8'), /loop\.js/);
        await vscode.debug.stopDebugging();
        await eventually('nothing', async () => (await api()).debuggee() === undefined);
      } finally {
        await vscode.debug.stopDebugging();
        rmSync(dirname(program), { recursive: true, force: true });
      }
    },
  },
];
