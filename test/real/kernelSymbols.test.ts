import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { KernelFrame } from '../../src/model/sample';
import type { ReadResult } from '../../src/probe/protocol';
import { type KernelLocation, KernelSymbols } from '../../src/source/kernelSymbols';
import type { Binaries, BinaryFile } from '../../src/target/binaries';
import type { Target } from '../../src/target/target';
import { unpack } from '../../src/target/unpack';
import { Installed } from './support/installed';
import { openTestTarget } from './support/probe';
import type { Running } from './support/victim';

const RELEASE = '6.1.0-27-test';
const DISK = `volatile int work;
static inline __attribute__((always_inline)) void step(int by)
{
	work += by;
}

static __attribute__((noinline)) void stop_queue(void)
{
	step(1);
	step(2);
}

/* Its name is the end of another's: the linker keeps both as one. */
__attribute__((noinline)) void queue(void)
{
	work--;
}

void disk_stop(void)
{
	stop_queue();
	queue();
	work++;
}
`;
const NET = `extern volatile int work;
extern void disk_stop(void);

static __attribute__((noinline)) void stop_queue(void)
{
	for (int i = 0; i < 100; i++)
		work += i;
	disk_stop();
	work--;
}

void _start(void)
{
	stop_queue();
	disk_stop();
}
`;

interface Kernel {
  readonly path: string;
  /** As nm has them: where each symbol is, and its size. */
  readonly symbols: readonly { readonly name: string; readonly address: bigint; readonly size: number }[];
  readonly symbolsFor: (notes?: Buffer) => KernelSymbols;
}

/** A program that lies where a kernel does, with two functions of one name, and a host that seems to run it. */
function buildKernel(running: Running): Kernel {
  const at = new Installed(running);
  at.needs('gcc', 'nm', 'objcopy', 'addr2line');
  at.file('disk.c', DISK);
  at.file('net.c', NET);
  const flags = '-g -O1 -mcmodel=kernel -fno-pic -no-pie -static -nostdlib -Wl,--build-id';
  const place = '-Wl,-Ttext-segment=0xffffffff81000000';
  at.run('gcc', [...flags.split(' '), place, 'disk.c', 'net.c', '-o', 'vmlinux']);
  at.run('objcopy', ['-O', 'binary', '--only-section=.note.gnu.build-id', 'vmlinux', 'notes']);
  const path = join(at.folder, 'vmlinux');
  const listed = execFileSync('nm', ['-S', path], { encoding: 'utf8' });
  const symbols = [...listed.matchAll(/^([0-9a-f]+) ([0-9a-f]+) [tT] (\w+)$/gm)].map(
    ([, address, size, name = '']) => ({ name, address: BigInt(`0x${address}`), size: Number(`0x${size}`) }),
  );
  const own = readFileSync(join(at.folder, 'notes'));
  return { path, symbols, symbolsFor: (notes = own) => new KernelSymbols(host(path, notes), unpack) };
}

function host(path: string, notes: Buffer): Target {
  const data = readFileSync(path);
  const isKernel = (file: BinaryFile) =>
    file.kind === 'inside' && file.pid === 0 && file.path === `/usr/lib/debug/boot/vmlinux-${RELEASE}`;
  const missing = { ok: false, errno: 'ENOENT' } as const;
  const binaries: Binaries = {
    identify: async (files) =>
      files.map((file) =>
        isKernel(file) ? { size: statSync(path).size, inode: 1n, device: 1n, modified: 1 } : missing,
      ),
    read: async (ranges) =>
      ranges.map(({ file, offset, length }) => {
        const part = data.subarray(offset, offset + length);
        return isKernel(file) ? ({ ok: true, data: part, truncated: false } as ReadResult) : missing;
      }),
  };
  const answer = { ok: true, data: notes, truncated: false } as ReadResult;
  return {
    label: 'a test',
    frozen: false,
    rights: { uid: 0, capabilities: 0n },
    arch: 'x86_64',
    binaries,
    read: async (paths) => paths.map((name) => (name === '/sys/kernel/notes' ? answer : missing)),
    list: async () => [],
    link: async () => [],
    inodes: async () => [],
    memory: async () => [],
    dispose: () => undefined,
  };
}

const frame = (name: string, offset: number, size: number, module: string | null = null): KernelFrame => ({
  function: name,
  offset,
  size,
  module,
});

const why = (location: KernelLocation) => (location.chains ? undefined : location.why);
const inWords = ({ chains = [] }: KernelLocation) =>
  chains.map((chain) =>
    chain
      .map(({ function: name, file, line }) => `${name} ${file?.replace(/^.*\//, '')}:${line}`)
      .join(' < '),
  );

it('every frame of a kernel with debug symbols is told as addr2line tells it', async (running) => {
  const { path, symbols, symbolsFor } = buildKernel(running);
  const kernel = symbolsFor();
  expect(symbols.filter(({ name }) => name === 'stop_queue')).toHaveLength(2);
  let inlined = 0;
  for (const { name, address, size } of symbols) {
    for (let offset = 1; offset <= size; offset++) {
      const asked = `0x${(address + BigInt(offset) - 1n).toString(16)}`;
      const lines = execFileSync('addr2line', ['-fie', path, asked], { encoding: 'utf8' }).trim().split('\n');
      const theirs = lines.flatMap((text, at) =>
        at % 2 === 0 ? [`${text} ${lines[at + 1]?.replace(/^.*\//, '').replace(/ .*/, '')}`] : [],
      );
      if (theirs.length > 1) inlined++;
      // The kernel counts a function up to the next one: some bytes of padding more.
      expect(inWords(await kernel.locate(frame(name, offset, size + 3), RELEASE))).toEqual([
        theirs.join(' < '),
      ]);
    }
  }
  expect(inlined).toBeGreaterThan(0);
  kernel.close();
});

it('two functions of one name are both told where the size fits neither', async (running) => {
  const location = await buildKernel(running)
    .symbolsFor()
    .locate(frame('stop_queue', 1, 4000), RELEASE);
  const files = inWords(location).map((text) => /\w+\.c/.exec(text)?.[0]);
  expect(files.sort()).toEqual(['disk.c', 'net.c']);
});

it('symbols of another build than the kernel that runs are never taken', async (running) => {
  const kernel = buildKernel(running);
  const notes = Buffer.from(readFileSync(join(kernel.path, '../notes')));
  notes[notes.length - 1] = (notes.at(-1) ?? 0) ^ 1;
  const main = frame('disk_stop', 1, 100);
  const other = await kernel.symbolsFor(notes).locate(main, RELEASE);
  expect(why(other)).toMatch(/of another build/);
  expect(other).toHaveProperty('otherBuild', true);
  expect(why(await kernel.symbolsFor(Buffer.alloc(0)).locate(main, RELEASE))).toMatch(/build is not known/);
  expect(why(await kernel.symbolsFor().locate(main, '6.1.0-28-test'))).toMatch(/no debug symbols/);
  expect(why(await kernel.symbolsFor().locate(main, '../../etc'))).toMatch(/no debug symbols/);
  expect(why(await kernel.symbolsFor().locate(frame('disk_stop', 1, 100, 'xfs'), RELEASE))).toMatch(
    /modules/,
  );
  expect(why(await kernel.symbolsFor().locate(frame('nowhere', 1, 100), RELEASE))).toMatch(
    /no line for nowhere/,
  );
});

it('the build of the kernel that runs here is known; without its debug symbols it is said that there are none', async () => {
  const target = await openTestTarget();
  try {
    const asked = await new KernelSymbols(target, unpack).locate(
      frame('vfs_read', 1, 1000),
      'no-such-release',
    );
    expect(why(asked)).toBe('no debug symbols of the kernel are installed');
  } finally {
    target.dispose();
  }
});
