import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { KernelFrame, Sample } from '../../src/model/sample';
import type { ReadResult } from '../../src/probe/protocol';
import type { Binaries, BinaryFile } from '../../src/target/binaries';
import { openKernelTree } from '../../src/target/kernelTree';
import type { Target } from '../../src/target/target';
import { COMMANDS } from '../../src/views/ids';
import { KernelIndexes } from '../../src/views/kernelIndexes';
import { extension } from './extension';
import { api, closeAll, inspect, messages, sampleOf, victim } from './stage';
import { Skip, type Test } from './suite';

const set = (name: string, value: unknown) =>
  vscode.workspace
    .getConfiguration('ioUringInspector')
    .update(name, value, vscode.ConfigurationTarget.Global);

/** Runs the command on a frame as a click on a row below `root` does; the errors that were shown. */
const go = (frame: KernelFrame, stack: readonly KernelFrame[], host: Sample['host'], root = 'none') =>
  messages(async () =>
    vscode.commands.executeCommand(COMMANDS.goToKernelSource, {
      id: `${root}/row`,
      label: '',
      kernelFrame: { frame, stack, host },
    }),
  );

/** Answers messages of one kind with a button or nothing while `work` runs, and keeps them with their buttons. */
async function told(
  kind: 'showInformationMessage' | 'showWarningMessage',
  work: () => Promise<unknown>,
  button?: string,
) {
  const shown: string[][] = [];
  const window = vscode.window as unknown as Record<string, unknown>;
  const original = window[kind];
  window[kind] = (...words: string[]) => {
    shown.push(words);
    return Promise.resolve(button);
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

/** What is opened in the user's browser while `work` runs; nothing is. */
async function browsed(work: () => Promise<unknown>): Promise<readonly string[]> {
  const opened: string[] = [];
  const env = vscode.env as { openExternal: unknown };
  const { openExternal } = vscode.env;
  env.openExternal = (uri: vscode.Uri) => {
    opened.push(uri.toString(true));
    return Promise.resolve(true);
  };
  try {
    await work();
  } finally {
    env.openExternal = openExternal;
  }
  return opened;
}

/** Picks the row of a label while `work` runs, and keeps the lists that were shown. */
async function picking(label: string, work: () => Promise<unknown>) {
  const lists: string[][] = [];
  const window = vscode.window as { showQuickPick: unknown };
  const { showQuickPick } = vscode.window;
  window.showQuickPick = (items: readonly vscode.QuickPickItem[]) => {
    lists.push(items.map((item) => `${item.label} ${item.description}`));
    return Promise.resolve(items.find((item) => item.label === label));
  };
  try {
    await work();
  } finally {
    window.showQuickPick = showQuickPick;
  }
  return lists;
}

const DISK = `volatile int work;
static inline __attribute__((always_inline)) void step(int by)
{
	work += by;
}

__attribute__((noinline)) void stop_queue(void)
{
	work--;
	step(2);
}

void _start(void)
{
	stop_queue();
}
`;

/** A program that lies where a kernel does, with its debug information; compiled in a tree, as a kernel is. */
function fakeKernel(tree: string) {
  const run = (command: string, ...args: readonly string[]) =>
    execFileSync(command, args, { cwd: tree, encoding: 'utf8' });
  const flags = '-g -O1 -mcmodel=kernel -fno-pic -no-pie -static -nostdlib -Wl,--build-id';
  const place = '-Wl,-Ttext-segment=0xffffffff81000000';
  try {
    run('gcc', ...flags.split(' '), place, 'fs/disk.c', '-o', 'vmlinux');
    run('objcopy', '-O', 'binary', '--only-section=.note.gnu.build-id', 'vmlinux', 'notes');
  } catch (error) {
    throw new Skip(`a program like a kernel cannot be compiled here: ${String(error)}`);
  }
  const [, start = '', size = ''] = /^(\w+) (\w+) T stop_queue$/m.exec(run('nm', '-S', 'vmlinux')) ?? [];
  /** Where the code of a line ends: a frame returns there. */
  const after = (text: string) => {
    const line = DISK.slice(0, DISK.indexOf(text)).split('\n').length;
    const table = run('objdump', '--dwarf=decodedline', 'vmlinux');
    const rows = [...table.matchAll(/^disk\.c\s+(\d+)\s+0x(\w+)/gm)];
    const index = rows.findIndex(([, number]) => Number(number) === line);
    return Number(BigInt(`0x${rows[index]?.[2]}`) - BigInt(`0x${start}`)) + 1;
  };
  return { size: Number(`0x${size}`), after, image: join(tree, 'vmlinux'), notes: join(tree, 'notes') };
}

/** This machine, as if that were the kernel it runs and its debug symbols were installed. */
async function runningIt(target: Target, release: string, image: string, notes: string): Promise<Target> {
  const [data, own] = await Promise.all([readFile(image), readFile(notes)]);
  const isKernel = (file: BinaryFile) =>
    file.kind === 'inside' && file.pid === 0 && file.path === `/usr/lib/debug/boot/vmlinux-${release}`;
  const missing = { ok: false, errno: 'ENOENT' } as const;
  const binaries: Binaries = {
    identify: async (files) =>
      files.map((file) =>
        isKernel(file) ? { size: data.length, inode: 1n, device: 1n, modified: 1 } : missing,
      ),
    read: async (ranges) =>
      ranges.map(({ file, offset, length }): ReadResult => {
        const part = data.subarray(offset, offset + length);
        return isKernel(file) ? { ok: true, data: part, truncated: false } : missing;
      }),
  };
  const read: Target['read'] = async (paths, options) =>
    paths.length === 1 && paths[0] === '/sys/kernel/notes'
      ? [{ ok: true, data: own, truncated: false }]
      : target.read(paths, options);
  return Object.create(target, { binaries: { value: binaries }, read: { value: read } }) as Target;
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
  {
    name: 'a frame’s exact line is opened where the host has debug symbols of its kernel; of what was inlined the user picks',
    run: async () => {
      await withTree('', async (tree) => {
        await writeFile(join(tree, 'fs/disk.c'), DISK);
        const { size, after, image, notes } = fakeKernel(tree);
        const pid = victim('STUCK');
        const { openHostsBy } = await api();
        const { host } = await sampleOf((await inspect(pid)).key);
        openHostsBy(async (_id, _asker, here) => runningIt(await here(), host.kernel, image, notes));
        await messages(async () =>
          vscode.commands.executeCommand(COMMANDS.attachByPid, pid, { alias: 'symbols' }),
        );
        const key = (await api()).inspections().find((one) => one.host?.kind === 'ssh')?.key;
        assert.ok(key);
        const root = `host-ssh:symbols/${key.length}:${key}`;
        const frame = (offset: number) => ({ function: 'stop_queue', offset, size, module: null });
        const line = () => {
          const editor = vscode.window.activeTextEditor;
          assert.equal(editor?.document.uri.fsPath, join(tree, 'fs/disk.c'));
          return editor.document.lineAt(editor.selection.active.line).text.trim();
        };
        try {
          await set('kernelSource', tree);
          const own = frame(after('work--'));
          assert.deepEqual(await go(own, [own], host, root), []);
          assert.equal(line(), 'work--;');
          const inlined = frame(after('work += by'));
          const lists = await picking('step', () => go(inlined, [inlined], host, root));
          assert.equal(line(), 'work += by;');
          assert.deepEqual(
            lists.map((rows) => rows.map((row) => row.replace(/ .*\//, ' '))),
            [['step disk.c:4', 'stop_queue disk.c:10']],
          );
          // Without a tree there is no file to open, but its line is told.
          await set('kernelSource', undefined);
          const [[words = ''] = []] = await told('showInformationMessage', () => go(own, [own], host, root));
          assert.match(words, /is set to show stop_queue \(.*disk\.c:9\) from/);
        } finally {
          await vscode.commands.executeCommand(COMMANDS.disconnect, { host: 'ssh:symbols' });
        }
      });
    },
  },
  {
    name: 'the browser is opened once the user has said so, and from then on without a question; only at what the settings say',
    run: async () => {
      const frame = { function: 'io_read', offset: 1, size: 2, module: null };
      const host = { name: 'h', kernel: '6.1.0', arch: 'x86_64' };
      const say = (button?: string) => told('showInformationMessage', () => go(frame, [frame], host), button);
      let asked: readonly (readonly string[])[] = [];
      try {
        await set('kernelLink', '');
        assert.deepEqual(
          await browsed(async () => {
            asked = await say('Open in Browser');
          }),
          [],
        );
        assert.deepEqual(
          asked.map(([, ...buttons]) => buttons),
          [['Choose Folder…']],
        );
        await set('kernelLink', undefined);
        assert.deepEqual(await browsed(() => say()), []);
        const [first = '', ...others] = await browsed(() => say('Open in Browser'));
        assert.deepEqual(others, []);
        assert.match(first, /^https:\/\/elixir\.bootlin\.com\/linux\/v6\.1\/.*io_read/);
        assert.deepEqual(
          await browsed(async () => {
            asked = await say();
          }),
          [first],
        );
        assert.deepEqual(asked, []);
        await set('kernelLink', 'https://source.example/$' + '{version}/$' + '{name}');
        const [own = ''] = await browsed(() => say());
        assert.ok(own.startsWith('https://source.example/v6.1/') && own.endsWith('io_read'), own);
      } finally {
        await set('kernelLink', undefined);
      }
    },
  },
];
