import { describe, expect, it, vi } from 'vitest';
import type { Origin, Sample } from '../../src/model/sample';
import { actor } from './support/actor';
import { lineOf, originsOf, startArmed } from './support/armed';
import { inspect, run } from './support/inspect';
import { Installed, pidOf } from './support/installed';
import { mountHangfs } from './support/mounts';
import { openTestTarget } from './support/probe';
import { needs, skipUnless } from './support/rights';
import { compileWithTokio } from './support/tokio';
import type { Running } from './support/victim';

/** What a program that others have written says of its requests, as soon as so many of them hang. */
async function pending(pid: number, count: number): Promise<Sample> {
  return vi.waitFor(
    async () => {
      const sample = await inspect(actor('root'), pid);
      expect(sample.requests.length).toBeGreaterThanOrEqual(count);
      return sample;
    },
    { timeout: 15_000, interval: 300 },
  );
}

const words = (origins: readonly Origin[] | undefined) =>
  origins?.map(({ kind, function: name, found }) => `${kind} ${name} ${found}`);

describe.skipIf(needs.root() !== undefined)('user_data of', () => {
  async function hanging(context: Running) {
    skipUnless(context, 'ioUring', 'fuse');
    const { directory } = await mountHangfs(context);
    return { installed: new Installed(context), file: (name: string) => `${directory}/direct-${name}` };
  }

  it('Node is a file request of libuv’s, with the callback of Node’s own', async (context) => {
    const { installed, file } = await hanging(context);
    const script = installed.file(
      'read.mjs',
      `import fs from 'node:fs';
       fs.open(process.argv[2], 'r', (_, fd) => fs.read(fd, Buffer.alloc(4096), 0, 4096, 0, () => {}));`,
    );
    const child = installed.start(process.execPath, [script, file('node')], { UV_USE_IO_URING: '1' });
    const sample = await pending(pidOf(child), 1).catch(() =>
      context.skip('this Node reads without io_uring'),
    );
    const [read] = sample.requests.filter(({ path }) => path === file('node'));
    expect(words(read?.origin)).toEqual([
      'object libuv file request (uv_fs_t) user_data',
      expect.stringMatching(/^callback node::fs::AfterInteger\b.* user_data - 8$/),
    ]);
    const { stdout } = await run(actor('root'), String(child.pid));
    expect(stdout.replace(/\s+/g, ' ')).toContain(
      `${read?.userData} points to a libuv file request (uv_fs_t) whose callback is node::fs::AfterInteger`,
    );
  });

  it('fio is one of its I/O units', async (context) => {
    const { installed, file } = await hanging(context);
    installed.needs('fio');
    const job = [
      '--name=read',
      '--ioengine=io_uring',
      '--rw=randread',
      '--size=1m',
      '--iodepth=4',
      '--thread',
    ];
    const child = installed.start('fio', [...job, `--filename=${file('fio')}`]);
    const { requests } = await pending(pidOf(child), 4);
    for (const { origin } of requests)
      expect(words(origin)).toEqual(['object fio I/O unit (io_u) user_data']);
  });

  it('QEMU is a disk request', async (context) => {
    const { installed, file } = await hanging(context);
    installed.needs('qemu-io');
    const open = `open -o driver=file,aio=io_uring ${file('qemu')}`;
    const child = installed.start('qemu-io', [
      '-c',
      open,
      '-c',
      'aio_read 0 4k',
      '-c',
      'aio_read 8k 4k',
      '-c',
      'aio_flush',
    ]);
    const { requests } = await pending(pidOf(child), 2);
    for (const { origin } of requests)
      expect(words(origin)).toEqual(['object QEMU disk request (LuringAIOCB) user_data']);
  });
});

describe('user_data of a program on tokio leads to the task that waits', () => {
  const source = 'tokio_tasks.rs';
  const futures = (...names: readonly string[]) =>
    names.map((name) => `future program::${name} ${lineOf(source, name)}`);

  const at = (name: string) => `program::${name}() at main.rs:${lineOf(source, name)}`;

  it.for(['one-thread', 'threads', 'same', 'runnable'])(
    'on a runtime of %s',
    { timeout: 120_000 },
    async (name, context) => {
      skipUnless(context, 'ioUring');
      const armed = await startArmed(context, compileWithTokio(context, source, name));
      const target = await openTestTarget();
      context.onTestFinished(() => target.dispose());
      if (target.arch !== 'x86_64') context.skip('told on x86-64 alone');
      const told = await originsOf(target, armed);
      const client = futures('read_block', 'handle_client');
      const rows = [...told].map(([request, origins]) => [
        request,
        origins.map(
          ({ kind, function: text, line }) => `${kind} ${text}${line === undefined ? '' : ` ${line}`}`,
        ),
      ]);
      expect(Object.fromEntries(rows)).toEqual({
        // By the number that their futures hold.
        first:
          name === 'same'
            ? [
                `number 17, an index or a count, not an address; perhaps of one of the tasks that wait: 1 in ${at('read_block')}, 1 in ${at('read_same')}`,
              ]
            : client,
        second: client,
        boxed: client,
        // By the waker, through a time limit around what is awaited.
        pointed: futures('read_header', 'handle_other'),
        // None holds that: of those, one waits for no number.
        ...(name === 'runnable' ? { runnable: futures('read_header', 'handle_runnable') } : {}),
        nobody: [
          `number 99, an index or a count, not an address; perhaps of ${name === 'runnable' ? 'one of the 2 tasks that wait' : 'the task that waits'} in ${at('read_header')}`,
        ],
      });
    },
  );
});
