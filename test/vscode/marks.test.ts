import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import * as vscode from 'vscode';
import type { Sample } from '../../src/model/sample';
import { COMMANDS } from '../../src/views/ids';
import type { DrawnMark } from '../../src/views/marks';
import { api, closeAll, messages } from './stage';
import { eventually, type Test } from './suite';

/** Lines 1 to 20, each with its number. */
const TEXT = Array.from({ length: 20 }, (_, index) => `line ${index + 1}\n`).join('');
/** When the binary of the test was made, seconds since 1970. */
const MADE = 1_700_000_000;

interface Stage {
  readonly directory: string;
  /** The source, 20 lines, older than the binary. */
  readonly file: string;
}

async function staged(work: (stage: Stage) => Promise<void>): Promise<void> {
  await closeAll();
  const directory = await mkdtemp(join(tmpdir(), 'io-uring-inspector-marks-'));
  const file = join(directory, 'store.c');
  try {
    await writeFile(file, TEXT);
    await utimes(file, MADE - 100, MADE - 100);
    await work({ directory, file });
  } finally {
    await vscode.commands.executeCommand('workbench.action.files.revert');
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    await closeAll();
    await rm(directory, { recursive: true });
  }
}

/** A process whose thread waits at line 5 of a file, and three of whose requests belong to line 9. */
function sampleOf(file: string): Sample {
  const frame = { address: '0x401000', trust: 'proven', binary: '/srv/store', binaryModified: MADE } as const;
  const request = {
    ring: 1,
    operation: 'READ',
    state: 'queued',
    age: 31,
    certainty: 'certain',
    sources: ['ring memory'],
    origin: [{ kind: 'callback', function: 'on_block', file, line: 9 }],
  } as const;
  return {
    schema: 1,
    takenAt: '2026-01-02T03:04:05.000Z',
    host: { name: 'db1', kernel: '6.18.0', arch: 'x86_64' },
    rights: { uid: 0, kernelStacks: true, kernelWalk: false, tracing: false },
    process: { pid: 7, name: 'store', command: ['/srv/store'], executable: '/srv/store' },
    tasks: [
      {
        tid: 7,
        name: 'store',
        kind: 'thread',
        state: 'D',
        blocked: 31,
        userStack: [
          { function: 'read', address: '0x7f00', trust: 'proven', binary: '/usr/lib/libc.so.6' },
          { ...frame, function: 'load', file, line: 5 },
          { ...frame, function: 'main', file, line: 18 },
        ],
      },
    ],
    rings: [{ id: 1, fd: 4, owner: 7, setup: [], readable: true }],
    requests: [request, { ...request, userData: '0x2' }, { ...request, userData: '0x3' }],
    resources: [],
    findings: [
      {
        tag: 'stuck-on-resource',
        severity: 'critical',
        summary: 'A read waits.',
        explanation: '',
        remedy: '',
        evidence: [{ task: 7 }],
      },
    ],
    notVisible: [],
  };
}

/** Opens a sample as a user does, from a file. */
async function openSample({ directory }: Stage, sample: Sample): Promise<string> {
  const saved = join(directory, 'sample.json');
  await writeFile(saved, JSON.stringify(sample));
  await vscode.commands.executeCommand(COMMANDS.openSample, vscode.Uri.file(saved));
  const key = (await api()).inspections().at(-1)?.key;
  assert.ok(key);
  return key;
}

const open = (file: string) => vscode.window.showTextDocument(vscode.Uri.file(file));

/** Lines and texts of the marks, once they fit. */
async function marks(
  what: string,
  fits: (lines: readonly number[]) => boolean,
): Promise<readonly DrawnMark[]> {
  const drawn = (await api()).marks;
  return eventually(what, () => fits(drawn().map(({ line }) => line)) && drawn()).catch((error: unknown) => {
    throw new Error(`${String(error)}; drawn: ${JSON.stringify(drawn())}`);
  });
}

const at =
  (...lines: readonly number[]) =>
  (drawn: readonly number[]) =>
    drawn.join() === lines.join();

async function set(name: string, value: unknown): Promise<void> {
  const settings = vscode.workspace.getConfiguration('ioUringInspector');
  await settings.update(name, value, vscode.ConfigurationTarget.Global);
}

function where(): { file: string; line: number } {
  const editor = vscode.window.activeTextEditor;
  assert.ok(editor, 'no editor is open');
  return { file: editor.document.uri.fsPath, line: editor.selection.active.line + 1 };
}

const goTo = (source: object) =>
  messages(async () => vscode.commands.executeCommand(COMMANDS.goToSource, { source }));

/** Says "Locate…" to the error and answers the dialog for files; the titles of the dialogs. */
async function locating(answer: string | undefined, file: string): Promise<readonly string[]> {
  const titles: string[] = [];
  const window = vscode.window as { showErrorMessage: unknown; showOpenDialog: unknown };
  const { showErrorMessage, showOpenDialog } = vscode.window;
  window.showErrorMessage = (_text: string, ...buttons: string[]) =>
    Promise.resolve(buttons.find((button) => button === 'Locate…'));
  window.showOpenDialog = ({ title = '' }: vscode.OpenDialogOptions) => {
    titles.push(title);
    return Promise.resolve(answer === undefined ? undefined : [vscode.Uri.file(answer)]);
  };
  try {
    await vscode.commands.executeCommand(COMMANDS.goToSource, { source: { file, line: 7 } });
  } finally {
    Object.assign(window, { showErrorMessage, showOpenDialog });
  }
  return titles;
}

export const marksTests: readonly Test[] = [
  {
    name: 'lines are marked at which a thread waits or that requests belong to',
    run: () =>
      staged(async (stage) => {
        await openSample(stage, sampleOf(stage.file));
        await open(stage.file);
        const [thread, requests] = await marks('two marks', at(5, 9));
        assert.equal(thread?.text, '1 thread waits, 31 s (saved sample)');
        assert.equal(thread.level, 'stuck');
        assert.match(thread.hover, /critical: A read waits/);
        assert.match(thread.hover, /` load ` \[.*store/);
        assert.equal(requests?.text, '3 reads pending, oldest 31 s — queued behind workers (saved sample)');
        assert.equal(requests.level, 'waiting');
      }),
  },
  {
    name: 'marks follow edits, come back when a line does, and vanish with the inspection',
    run: () =>
      staged(async (stage) => {
        const key = await openSample(stage, sampleOf(stage.file));
        const editor = await open(stage.file);
        await marks('two marks', at(5, 9));
        await editor.edit((edit) => edit.insert(new vscode.Position(6, 0), 'new\nlines\n'));
        await marks('the second moved', at(5, 11));
        await editor.edit((edit) => edit.delete(new vscode.Range(4, 0, 5, 0)));
        await marks('the first gone', at(10));
        // Another sample, as a new look would be: its lines are those of the program, not of the text.
        await openSample(stage, sampleOf(stage.file));
        const [both] = await marks('the same line', at(10));
        assert.match(both?.text ?? '', /^6 reads pending/);
        await vscode.commands.executeCommand('undo');
        await vscode.commands.executeCommand('undo');
        assert.equal(editor.document.getText(), TEXT);
        await marks('both where they were', at(5, 9));
        await vscode.commands.executeCommand(COMMANDS.stop, { inspection: key });
        await marks('those of the other', at(5, 9));
        await closeAll();
        await marks('none', at());
      }),
  },
  {
    name: 'marks follow what others do to a file, as git does, and a program that was built of that is taken at its word',
    run: () =>
      staged(async (stage) => {
        const { file } = stage;
        await openSample(stage, sampleOf(file));
        const { document } = await open(file);
        await marks('two marks', at(5, 9));
        const checkout = async (text: string) => {
          await writeFile(file, text);
          await eventually('the text as others left it', () => document.getText() === text);
        };
        await checkout(`// of\n// another branch\n${TEXT}`);
        const [first] = await marks('both moved', at(7, 11));
        await eventually('the flag', async () =>
          (await api()).marks().every(({ text }) => /source newer than the program/.test(text)),
        );
        assert.match(first?.text ?? '', /^1 thread waits/);
        await goTo({ file, line: 5, binaryModified: Date.now() / 1000 + 100 });
        assert.deepEqual(where(), { file, line: 5 });
        await checkout(TEXT);
        await marks('both where they were', at(5, 9));
        await checkout('nothing of it\n');
        await marks('none', at());
      }),
  },
  {
    name: '10,000 lines that wait hold up neither the editor nor the marks',
    run: () =>
      staged(async (stage) => {
        const base = sampleOf(stage.file);
        const [request] = base.requests;
        assert.ok(request);
        await writeFile(stage.file, 'read();\n'.repeat(10_000));
        const requests = Array.from({ length: 10_000 }, (_, index) => ({
          ...request,
          userData: `0x${index}`,
          origin: [{ kind: 'callback', function: 'on_block', file: stage.file, line: index + 1 } as const],
        }));
        const evidence = requests.map((_, index) => ({ request: index }));
        const findings = base.findings.map((finding) => ({ ...finding, evidence }));
        await openSample(stage, { ...base, tasks: [], requests, findings });
        // Opening the sample and its tree are measured elsewhere.
        const delay = monitorEventLoopDelay({ resolution: 10 });
        delay.enable();
        const editor = await open(stage.file);
        await marks('marks', (lines) => lines.length > 100);
        await editor.edit((edit) => edit.insert(new vscode.Position(0, 0), 'new\n'));
        await marks('all moved', (lines) => lines.length > 100 && lines[0] === 2);
        delay.disable();
        assert.ok(delay.max / 1e6 < 1000, `nothing else ran for ${(delay.max / 1e6).toFixed(0)} ms`);
      }),
  },
  {
    name: 'a source that is newer than the program is flagged, and no longer than it is',
    run: () =>
      staged(async (stage) => {
        await openSample(stage, sampleOf(stage.file));
        const editor = await open(stage.file);
        await marks('two marks', at(5, 9));
        await editor.edit((edit) => edit.insert(new vscode.Position(0, 0), 'new\n'));
        await editor.document.save();
        const newer = /source newer than the program/;
        await eventually('the flag', async () => {
          const drawn = (await api()).marks();
          return (
            drawn.length === 2 && drawn.every(({ line, text }) => newer.test(text) && [6, 10].includes(line))
          );
        });
      }),
  },
  {
    name: 'the content decides where the program says what its source was',
    run: () =>
      staged(async (stage) => {
        const sample = sampleOf(stage.file);
        const withMd5 = (md5: string): Sample => ({
          ...sample,
          tasks: sample.tasks.map((task) => ({
            ...task,
            userStack: (task.userStack ?? []).map((frame) => (frame.file ? { ...frame, md5 } : frame)),
          })),
        });
        await openSample(stage, withMd5('0'.repeat(32)));
        await open(stage.file);
        const [first] = await marks('two marks', at(5, 9));
        assert.match(first?.text ?? '', /not the source the program was made of/);
      }),
  },
  {
    name: 'marks can be switched off, and on again',
    run: () =>
      staged(async (stage) => {
        await openSample(stage, sampleOf(stage.file));
        await open(stage.file);
        await marks('two marks', at(5, 9));
        try {
          await set('marks', false);
          await marks('none', at());
        } finally {
          await set('marks', undefined);
        }
        await marks('two marks again', at(5, 9));
      }),
  },
  {
    name: 'a frame leads to its line: as it is, by the setting, and by the end of its path in the workspace',
    run: () =>
      staged(async ({ file, directory }) => {
        assert.deepEqual(await goTo({ file, line: 5, column: 3 }), []);
        assert.deepEqual(where(), { file, line: 5 });
        try {
          await set('sourceFileMap', { '/ci/build': directory });
          assert.deepEqual(await goTo({ file: '/ci/build/store.c', line: 7 }), []);
          assert.deepEqual(where(), { file, line: 7 });
        } finally {
          await set('sourceFileMap', undefined);
        }
        assert.deepEqual(await goTo({ file: '/ci/build/test/victims/hangfs.c', line: 3 }), []);
        assert.match(where().file, /\/test\/victims\/hangfs\.c$/);
        assert.equal(where().line, 3);
        // Beyond the end: at the last line, rather than nowhere.
        assert.deepEqual(await goTo({ file, line: 5000 }), []);
        assert.deepEqual(where(), { file, line: 21 });
      }),
  },
  {
    name: 'a frame leads to where its line is by now',
    run: () =>
      staged(async ({ file }) => {
        const editor = await open(file);
        await editor.edit((edit) => edit.insert(new vscode.Position(0, 0), 'new\n'));
        await goTo({ file, line: 5, binaryModified: MADE });
        assert.deepEqual(where(), { file, line: 6 });
      }),
  },
  {
    name: 'a source that is nowhere is answered with what was looked for; that of Rust’s library with the reason',
    run: () =>
      staged(async () => {
        const [text, ...more] = await goTo({ file: '/ci/none/such.c', line: 5 });
        assert.match(
          text ?? '',
          /such\.c was not found\. Looked for: \/ci\/none\/such\.c \(as it is\); such\.c in /,
        );
        assert.deepEqual(more, []);
        const rust = `/rustc/${'a'.repeat(40)}/library/std/src/io/mod.rs`;
        assert.match((await goTo({ file: rust }))[0] ?? '', /library of the Rust compiler/);
      }),
  },
  {
    name: 'the user points to a source that is nowhere; the setting then leads to others of its folder; who does not, changes nothing',
    run: () =>
      staged(async ({ file, directory }) => {
        const settings = () => vscode.workspace.getConfiguration('ioUringInspector').inspect('sourceFileMap');
        const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? '';
        const kept = join(folder, '.vscode');
        const had = existsSync(kept);
        await writeFile(join(directory, 'other.c'), TEXT);
        try {
          assert.deepEqual(await locating(undefined, '/ci/away/src/store.c'), ['Locate store.c']);
          assert.equal(settings()?.workspaceValue, undefined);
          assert.deepEqual(await locating(file, '/ci/away/src/store.c'), ['Locate store.c']);
          assert.deepEqual(where(), { file, line: 7 });
          assert.deepEqual(settings()?.workspaceValue, { '/ci/away/src': directory });
          assert.equal(settings()?.globalValue, undefined);
          await eventually('the other file by the setting', async () => {
            const shown = await goTo({ file: '/ci/away/src/other.c', line: 3 });
            return shown.length === 0;
          });
          assert.deepEqual(where(), { file: join(directory, 'other.c'), line: 3 });
        } finally {
          const configuration = vscode.workspace.getConfiguration('ioUringInspector');
          await configuration.update('sourceFileMap', undefined, vscode.ConfigurationTarget.Workspace);
          if (!had) await rm(kept, { recursive: true, force: true });
        }
      }),
  },
  {
    name: 'a link of a hover with anything else in it does no harm',
    run: () =>
      staged(async () => {
        for (const source of [{}, { file: 3 }, { file: '', line: 'x' }])
          assert.deepEqual(await goTo(source), []);
        for (const args of [[], [null, {}], ['none', 'task-7'], ['sample-1', 5]])
          assert.deepEqual(
            await messages(async () => vscode.commands.executeCommand(COMMANDS.showRow, ...args)),
            [],
          );
      }),
  },
  {
    name: 'a stack is copied as text',
    run: () =>
      staged(async () => {
        const stack = () => '#0  0x401000 in load at store.c:5';
        await vscode.commands.executeCommand(COMMANDS.copyStack, { stack });
        assert.equal(await vscode.env.clipboard.readText(), `${stack()}\n`);
      }),
  },
  {
    name: 'functions have a line above them that says what waits in them, when the settings ask for it',
    run: () =>
      staged(async (stage) => {
        const file = join(stage.directory, 'store.ts');
        const body = Array.from({ length: 8 }, (_, index) => `  console.log(${index});\n`).join('');
        await writeFile(file, `// A function from line 2 to 11.\nexport function load() {\n${body}}\n`);
        await openSample(stage, sampleOf(file));
        const { document } = await open(file);
        const lenses = async () =>
          (
            await vscode.commands.executeCommand<vscode.CodeLens[]>(
              'vscode.executeCodeLensProvider',
              document.uri,
              10,
            )
          ).flatMap(({ range, command }) =>
            command?.title.startsWith('io_uring:')
              ? [{ line: range.start.line + 1, title: command.title }]
              : [],
          );
        assert.deepEqual(await lenses(), []);
        try {
          await set('codeLens', true);
          const [lens] = await eventually('the line', async () => {
            const found = await lenses();
            return found.length > 0 && found;
          });
          // Where no extension of the language is there, the marked line itself has it.
          assert.ok(lens && [2, 5].includes(lens.line), JSON.stringify(lens));
          assert.match(lens.title, /1 thread waits/);
        } finally {
          await set('codeLens', undefined);
        }
      }),
  },
];
