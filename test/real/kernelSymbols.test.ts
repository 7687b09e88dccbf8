import { execFileSync } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { LinkThread } from '../../src/inspect/linkThread';
import type { KernelFrame } from '../../src/model/sample';
import type { ReadResult } from '../../src/probe/protocol';
import { type KernelLocation, KernelSymbols } from '../../src/source/kernelSymbols';
import type { Binaries, BinaryFile } from '../../src/target/binaries';
import type { Target } from '../../src/target/target';
import { unpack } from '../../src/target/unpack';
import { startThread } from '../../src/target/workerThread';
import { Installed } from './support/installed';
import { openTestTarget } from './support/probe';
import { CHECKOUT } from './support/programs';
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
  const installed = `/usr/lib/debug/boot/vmlinux-${RELEASE}`;
  const symbolsFor = (notes: Buffer = own) => new KernelSymbols(host(path, installed, notes), unpack);
  return { path, symbols, symbolsFor };
}

/** Has one file, at `installed`, and says of its kernel, or of a module, that it is of that build. */
function host(path: string, installed: string, notes: Buffer, notesAt = '/sys/kernel/notes'): Target {
  const data = readFileSync(path);
  const isKernel = (file: BinaryFile) => file.kind === 'inside' && file.pid === 0 && file.path === installed;
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
    read: async (paths) => paths.map((name) => (name === notesAt ? answer : missing)),
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
  expect(why(await kernel.symbolsFor().locate(frame('disk_stop', 1, 100, 'xfs'), RELEASE))).toBe(
    'the module xfs’s build is not known (/sys/module/xfs/notes/.note.gnu.build-id)',
  );
  expect(why(await kernel.symbolsFor().locate(frame('nowhere', 1, 100), RELEASE))).toMatch(
    /no line for nowhere/,
  );
});

/** Parts of a module as modules have them: code in sections of their own, each from 0 on. */
const BEGIN = `extern void disk_stop(void);
volatile int begun;
static inline __attribute__((always_inline)) void count(int by)
{
	begun += by;
}

__attribute__((noinline, section(".init.text"))) int begin_module(void)
{
	count(3);
	disk_stop();
	return begun;
}

static __attribute__((noinline, section(".text.unlikely"))) void stop_queue(void)
{
	count(4);
	begin_module();
}

void give_up(void)
{
	stop_queue();
	count(5);
}
`;

/** A kernel module as the kernel's build links it, and how addr2line tells its lines. */
function buildModule(running: Running, flags: readonly string[], packing: readonly string[] = []) {
  const at = new Installed(running);
  at.needs('gcc', 'ld', 'objdump', 'objcopy', 'addr2line');
  at.file('disk.c', DISK);
  at.file('begin.c', BEGIN);
  const options = ['-g', '-O1', '-mcmodel=kernel', '-fno-pic', ...flags];
  for (const name of ['disk', 'begin']) at.run('gcc', ['-c', ...options, `${name}.c`, '-o', `${name}.o`]);
  at.run('ld', ['-r', '--build-id', 'disk.o', 'begin.o', '-o', 'disk.ko']);
  at.run('objcopy', ['-O', 'binary', '--only-section=.note.gnu.build-id', 'disk.ko', 'notes']);
  at.run('objcopy', ['--only-keep-debug', ...packing, 'disk.ko', 'disk.ko.debug']);
  const listed = execFileSync('objdump', ['-t', join(at.folder, 'disk.ko')], { encoding: 'utf8' });
  const functions = [...listed.matchAll(/^([0-9a-f]+) .{6}F (\S+)\t([0-9a-f]+) (\w+)$/gm)].map(
    ([, address, section = '', size, name = '']) => ({
      name,
      section,
      address: Number(`0x${address}`),
      size: Number(`0x${size}`),
    }),
  );
  const told = (section: string, address: number): string => {
    const asked = ['-j', section, '-fie', join(at.folder, 'disk.ko'), `0x${address.toString(16)}`];
    const lines = execFileSync('addr2line', asked, { encoding: 'utf8' }).trim().split('\n');
    return lines
      .flatMap((text, n) =>
        n % 2 === 0 ? [`${text} ${lines[n + 1]?.replace(/^.*\//, '').replace(/ .*/, '')}`] : [],
      )
      .join(' < ');
  };
  const notes = readFileSync(join(at.folder, 'notes'));
  return { folder: at.folder, functions, told, notes };
}

const NOTES_OF_DISK = '/sys/module/disk/notes/.note.gnu.build-id';

it.for([
  ['in pieces', [], []],
  ['with compressed debug information', [], ['--compress-debug-sections=zlib']],
  ['with debug information of version 4', ['-gdwarf-4'], []],
] as const)(
  'every frame of a module with debug symbols is told as addr2line tells it, %s',
  async ([, flags, packing], running) => {
    const { folder, functions, told, notes } = buildModule(running, flags, packing);
    const id = notes.subarray(16).toString('hex');
    const installed = `/usr/lib/debug/.build-id/${id.slice(0, 2)}/${id.slice(2)}.debug`;
    const target = host(join(folder, 'disk.ko.debug'), installed, notes, NOTES_OF_DISK);
    const kernel = new KernelSymbols(target, unpack);
    expect(new Set(functions.map(({ section }) => section))).toEqual(
      new Set(['.text', '.init.text', '.text.unlikely']),
    );
    expect(functions.filter(({ name }) => name === 'stop_queue')).toHaveLength(2);
    let inlined = 0;
    for (const { name, section, address, size } of functions) {
      for (let offset = 1; offset <= size; offset++) {
        const theirs = told(section, address + offset - 1);
        if (theirs.includes(' < ')) inlined++;
        expect(inWords(await kernel.locate(frame(name, offset, size, 'disk'), RELEASE))).toEqual([theirs]);
      }
    }
    expect(inlined).toBeGreaterThan(0);
    kernel.close();
  },
);

it('a module that was built on its own has its lines in itself; one of another build is not taken', async (running) => {
  const { folder, notes } = buildModule(running, []);
  const installed = `/lib/modules/${RELEASE}/extra/disk.ko`;
  const own = frame('give_up', 1, 1000, 'disk');
  const here = host(join(folder, 'disk.ko'), installed, notes, NOTES_OF_DISK);
  expect(inWords(await new KernelSymbols(here, unpack).locate(own, RELEASE))).toEqual(['give_up begin.c:22']);
  const other = Buffer.from(notes);
  other[other.length - 1] = (other.at(-1) ?? 0) ^ 1;
  const there = host(join(folder, 'disk.ko'), installed, other, NOTES_OF_DISK);
  expect(why(await new KernelSymbols(there, unpack).locate(own, RELEASE))).toMatch(
    /of another build than the module disk/,
  );
  const stripped = join(folder, 'bare.ko');
  execFileSync('objcopy', ['-g', join(folder, 'disk.ko'), stripped]);
  const bare = host(stripped, installed, notes, NOTES_OF_DISK);
  expect(why(await new KernelSymbols(bare, unpack).locate(own, RELEASE))).toBe(
    'no debug symbols of the module disk are installed',
  );
});

it('a module with changed bytes, or cut short anywhere, harms nothing', async (running) => {
  const { folder, notes } = buildModule(running, []);
  const whole = readFileSync(join(folder, 'disk.ko'));
  const installed = `/lib/modules/${RELEASE}/extra/disk.ko`;
  let state = 1;
  let told = 0;
  for (let round = 0; round < 150; round++) {
    const torn = Buffer.from(whole.subarray(0, round % 3 === 0 ? (state % whole.length) + 1 : whole.length));
    for (let change = 0; change < 12; change++) {
      state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
      const isHeader = change % 2 === 0 && torn.length > 0;
      const at = isHeader
        ? torn.length - 1 - ((state >>> 8) % Math.min(torn.length, 2400))
        : (state >>> 8) % torn.length;
      torn.writeUInt8(state % 256, at);
    }
    const path = join(folder, 'torn.ko');
    writeFileSync(path, torn);
    const kernel = new KernelSymbols(host(path, installed, notes, NOTES_OF_DISK), unpack);
    const begun = performance.now();
    const location = await kernel.locate(frame('give_up', 5, 1000, 'disk'), RELEASE);
    if (location.chains) told++;
    expect(performance.now() - begun).toBeLessThan(4000);
    kernel.close();
  }
  expect(told).toBeGreaterThan(0);
});

it('in the thread that links they are told as here', async (running) => {
  const { folder, notes } = buildModule(running, []);
  const installed = `/lib/modules/${RELEASE}/extra/disk.ko`;
  const target = host(join(folder, 'disk.ko'), installed, notes, NOTES_OF_DISK);
  const start = () => startThread(join(CHECKOUT, 'dist/links.js'), { role: 'links' }, 512);
  const clock = {
    setTimeout: (callback: () => void, wait: number) => setTimeout(callback, wait),
    clearTimeout: (handle: unknown) => clearTimeout(handle as NodeJS.Timeout),
  };
  const thread = new LinkThread(start, clock);
  running.onTestFinished(() => thread.dispose());
  const own = frame('stop_queue', 8, 1000, 'disk');
  const here = await new KernelSymbols(target, unpack).locate(own, RELEASE);
  expect(here.chains?.length).toBeGreaterThan(0);
  expect(await thread.kernelLine(target, own, RELEASE)).toEqual(here);
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
