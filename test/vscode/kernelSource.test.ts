import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { KernelFrame, Sample } from '../../src/model/sample';
import { openKernelTree } from '../../src/target/kernelTree';
import { COMMANDS } from '../../src/views/ids';
import { KernelIndexes } from '../../src/views/kernelIndexes';
import { extension } from './extension';
import { closeAll, inspect, messages, sampleOf, victim } from './stage';
import { Skip, type Test } from './suite';

const set = (name: string, value: unknown) =>
  vscode.workspace
    .getConfiguration('ioUringInspector')
    .update(name, value, vscode.ConfigurationTarget.Global);

/** Runs the command on a frame as a click on its row does; the errors that were shown. */
const go = (frame: KernelFrame, stack: readonly KernelFrame[], host: Sample['host'], inspection?: string) =>
  messages(async () =>
    vscode.commands.executeCommand(COMMANDS.goToKernelSource, {
      id: 'row',
      label: '',
      kernelFrame: { frame, stack, host },
      ...(inspection === undefined ? {} : { inspection }),
    }),
  );

/** Answers messages of one kind with nothing while `work` runs, and keeps them with their buttons. */
async function told(kind: 'showInformationMessage' | 'showWarningMessage', work: () => Promise<unknown>) {
  const shown: string[][] = [];
  const window = vscode.window as unknown as Record<string, unknown>;
  const original = window[kind];
  window[kind] = (...words: string[]) => {
    shown.push(words);
    return Promise.resolve(undefined);
  };
  try {
    await work();
  } finally {
    window[kind] = original;
  }
  return shown;
}

async function withTree(text: string, work: (tree: string) => Promise<void>): Promise<void> {
  const tree = await mkdtemp(join(tmpdir(), 'io-uring-inspector-kernel-'));
  try {
    await writeFile(join(tree, 'MAINTAINERS'), '');
    await writeFile(join(tree, 'Makefile'), 'VERSION = 1\nPATCHLEVEL = 2\nSUBLEVEL = 3\n');
    await mkdir(join(tree, 'fs'));
    await writeFile(join(tree, 'fs/all.c'), text);
    await work(tree);
  } finally {
    await set('kernelSource', undefined);
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    await closeAll();
    await rm(tree, { recursive: true });
  }
}

/** What a function of a stack is called in C: a system call by its macro. */
function head(name: string): string {
  const call = /^__(?:x64|arm64|do|se)_sys_(\w+)$/.exec(name)?.[1];
  return call === undefined ? `int ${name.replace(/\..*/, '')}(void)` : `SYSCALL_DEFINE1(${call}, int, a)`;
}

const script = () => join(extension().extensionPath, 'dist/kernelIndexer.js');

/** Made by the extension's thread, or only read from its file where the script is none. */
async function indexOf(tree: string, storage: string, thread: string) {
  const opened = await openKernelTree(tree);
  assert.ok(opened);
  return new KernelIndexes(storage, thread).of(opened);
}

export const kernelSourceTests: readonly Test[] = [
  {
    name: 'every frame of a stuck worker opens in a kernel tree of the settings, at its line',
    run: async () => {
      const { key } = await inspect(victim('STUCK'));
      const { tasks, host } = await sampleOf(key);
      const stack = tasks.find(({ kind }) => kind === 'worker')?.kernelStack ?? [];
      if (stack.length === 0) throw new Skip('kernel stacks are root’s to read');
      const heads = [...new Set(stack.map((frame) => head(frame.function)))];
      const text = heads.map((one) => `${one}\n{\n\twork();\n}\n\n`).join('');
      await withTree(text, async (tree) => {
        await set('kernelSource', tree);
        const warnings = await told('showWarningMessage', async () => {
          for (const frame of stack) {
            assert.deepEqual(await go(frame, stack, host, key), []);
            const editor = vscode.window.activeTextEditor;
            assert.equal(editor?.document.uri.fsPath, join(tree, 'fs/all.c'));
            assert.equal(editor.document.lineAt(editor.selection.active.line).text, head(frame.function));
          }
        });
        assert.equal(warnings.length, 1);
        assert.match(warnings[0]?.[0] ?? '', /are Linux 1\.2\.3, the host runs/);
      });
    },
  },
  {
    name: 'what no tree has is offered on the web, and a folder that is no kernel is answered with a message',
    run: async () => {
      const frame = { function: 'io_read', offset: 1, size: 2, module: null };
      const host = { name: 'h', kernel: '5.14.0-427.el9.x86_64', arch: 'x86_64' };
      const [[words = '', ...buttons] = [], ...more] = await told('showInformationMessage', () =>
        go(frame, [frame], host),
      );
      assert.deepEqual(more, []);
      assert.match(words, /No folder with the kernel’s sources.*nearest stable version.*5\.14\.0-427/);
      assert.deepEqual(buttons, ['Open in Browser', 'Choose Folder…']);
      await withTree('int other(void)\n{\n\twork();\n}\n', async (tree) => {
        await set('kernelSource', tree);
        const [[missing = ''] = []] = await told('showInformationMessage', () => go(frame, [frame], host));
        assert.ok(missing.startsWith(`${tree} does not define io_read.`), missing);
        await set('kernelSource', join(tree, 'fs'));
        const [problem = ''] = await go(frame, [frame], host);
        assert.match(problem, /cannot be used as the kernel’s sources.*MAINTAINERS/);
        assert.deepEqual(await readdir(join(tree, 'fs')), ['all.c']);
      });
    },
  },
  {
    name: 'the index of a kernel tree is made once, kept in a file, and made anew when the tree has changed',
    run: () =>
      withTree('int one(void)\n{\n\twork();\n}\n', async (tree) => {
        const storage = join(tree, 'storage/below');
        assert.equal((await indexOf(tree, storage, script())).find('one').length, 1);
        const [file = '', ...others] = await readdir(storage);
        assert.deepEqual(others, []);
        assert.equal((await indexOf(tree, storage, '/nonexistent.js')).find('one').length, 1);

        await writeFile(join(tree, 'fs/all.c'), 'int two(void)\n{\n\twork();\n}\n');
        await utimes(join(tree, 'Makefile'), 1000, 1000);
        await assert.rejects(indexOf(tree, storage, '/nonexistent.js'));
        const fresh = await indexOf(tree, storage, script());
        assert.deepEqual([fresh.find('one').length, fresh.find('two').length], [0, 1]);

        await writeFile(join(storage, file), 'damaged');
        await assert.rejects(indexOf(tree, storage, '/nonexistent.js'));
        assert.equal((await indexOf(tree, storage, script())).find('two').length, 1);
      }),
  },
];
