import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseMaps } from '../../src/procfs/maps';
import { openLines } from '../../src/source/lines';
import { AddressSpace } from '../../src/source/unwind/addressSpace';
import { Images } from '../../src/source/unwind/images';
import { ProcessStacks, registersOf } from '../../src/source/unwind/threads';
import { type WalkedStack, walkStack } from '../../src/source/unwind/walkStack';
import { openLocalBytes } from '../../src/target/localBytes';
import { unpack } from '../../src/target/unpack';
import { PID } from '../unit/source/fakeProcess';
import { type Arm64Core, arm64Core } from './support/arm64Core';
import { Installed } from './support/installed';
import { agrees, codeAddresses, inWords, llvmSymbolizer } from './support/symbolizer';

/** Waits below a function with a frame of its own size, called back by libc; in a signal's handler where it has an argument. */
const SOURCE = `#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
static volatile long sink;
static void write_maps(void) {
  char text[4096];
  int maps = open("/proc/self/maps", O_RDONLY);
  for (ssize_t got; (got = read(maps, text, sizeof text)) > 0;) sink = write(1, text, got);
  close(maps);
}
__attribute__((noipa)) static long wait_here(long n) { char room[64]; sink += read(0, room, 1); return sink + n; }
__attribute__((noipa)) static long grown(long n) { char *room = __builtin_alloca(n * 16); room[0] = 1; long r = wait_here(n + room[0]); return r + room[0]; }
__attribute__((noipa)) static int compared(const void *a, const void *b) { sink += grown(*(const int *)a); return *(const int *)a - *(const int *)b; }
__attribute__((noipa)) static long carry_out(long n) { int all[4] = { 4, (int)n, 2, 1 }; qsort(all, 4, sizeof *all, compared); return all[0] + sink; }
static void handler(int s) { sink = carry_out(s); }
__attribute__((noipa)) static long raised(long n) { raise(SIGUSR1); return n + sink; }
int main(int argc, char **argv) {
  (void)argv;
  write_maps();
  if (argc > 1) { signal(SIGUSR1, handler); sink = raised(argc); } else sink = carry_out(argc);
  return (int)sink;
}
`;
const CALLED = ['wait_here', 'grown', 'compared'];

const BUILDS = [
  ['-O0', ['-O0']],
  ['-O2', ['-O2']],
  ['-O2 without frame pointers', ['-O2', '-fomit-frame-pointer']],
  ['-O2, linked statically', ['-O2', '-static']],
] as const;

function build(at: Installed, flags: readonly string[]): string {
  at.needs('aarch64-linux-gnu-gcc', 'qemu-aarch64-static');
  at.file('program.c', SOURCE);
  at.run('aarch64-linux-gnu-gcc', ['-g', ...flags, 'program.c', '-o', 'program']);
  return 'program';
}

/** From all registers, as root has them. */
async function walked({ process, registers, sp, pc }: Arm64Core): Promise<WalkedStack> {
  const space = new AddressSpace();
  const images = new Images(parseMaps(process.maps).rows, space);
  for (let round = 0; round < 100; round++) {
    const known = registersOf('aarch64', { sp }, registers);
    const stack = walkStack({ machine: 'aarch64', space, images }, pc, known);
    if (stack.ending !== undefined) return stack;
    for (const image of images.wanting) image.frames.giveFurther(undefined);
    await space.fetch((ranges) => process.memory(PID, ranges));
  }
  throw new Error('the walk does not end');
}

/** Program counters as gdb has them, innermost first. */
function gdbStack({ path, files }: Arm64Core): number[] {
  const commands = [
    'set sysroot /nonexistent',
    'set auto-load no',
    'set backtrace past-main on',
    `core-file ${path}`,
    ...files.map(({ path: file, start }) => `add-symbol-file ${file} ${isFixed(file) ? '' : `-o ${start}`}`),
    'bt -frame-info short-location -frame-arguments none',
    'python f = gdb.newest_frame()\nwhile f: print("PC %x" % f.pc()); f = f.older()',
  ];
  const { stdout } = spawnSync(
    'gdb-multiarch',
    ['-nx', '-batch', ...commands.flatMap((command) => ['-ex', command])],
    { encoding: 'utf8', timeout: 60_000 },
  );
  return [...stdout.matchAll(/^PC ([0-9a-f]+)$/gm)].map(([, pc]) => Number.parseInt(pc ?? '', 16));
}

/** Linked to where it lies. */
const isFixed = (file: string): boolean =>
  spawnSync('readelf', ['-h', file], { encoding: 'utf8' }).stdout.includes('EXEC (');

async function names({ frames = [] }: { readonly frames?: WalkedStack['frames'] }): Promise<string[]> {
  const found: string[] = [];
  for (const { image, lookup } of frames) {
    const source = await openLocalBytes(image?.path ?? '');
    if (!image || typeof source === 'string') continue;
    const result = await openLines(source, { path: image.path, unpack, open: async () => 'none' });
    if (!result.ok) throw new Error(result.why);
    const [location] = await result.lines.locate([BigInt(lookup - image.bias)]);
    found.push(...(location?.frames ?? []).map(({ function: name = '?' }) => name));
    result.lines.close();
  }
  return found;
}

it.for(BUILDS)(
  'the stack of a program of arm64 that sleeps is the one that gdb finds: %s',
  async ([, flags], running) => {
    const at = new Installed(running);
    at.needs('gdb-multiarch');
    const core = arm64Core(at, build(at, flags), []);
    const stack = await walked(core);
    const truth = gdbStack(core);
    expect(truth.length).toBeGreaterThan(5);
    expect(stack.frames.map(({ pc }) => pc.toString(16))).toEqual(truth.map((pc) => pc.toString(16)));
    expect(stack).toMatchObject({ complete: true });
    expect(new Set(stack.frames.map(({ trust }) => trust))).toEqual(new Set(['proven']));
    const told = await names(stack);
    expect(told.filter((name) => CALLED.includes(name))).toEqual(CALLED);
    expect(told).toContain('main');
    // Without registers, as an ordinary user, nothing is called proven that is not so.
    const [alone] = await new ProcessStacks(core.process, PID).unwind([PID]);
    const proven = (alone?.frames ?? []).flatMap(({ pc, trust }, index) =>
      trust === 'proven' ? [[index, pc]] : [],
    );
    expect(proven).toEqual(proven.map(([index = 0]) => [index, truth[index]]));
    expect(proven.length).toBeGreaterThan(0);
  },
);

it('return addresses that are signed lead to the same functions', async (running) => {
  const at = new Installed(running);
  const core = arm64Core(at, build(at, ['-O2', '-mbranch-protection=pac-ret']), []);
  const stack = await walked(core);
  // Its stack does hold signed ones: the address of a caller, with more in its highest bits.
  const callers = new Set(stack.frames.slice(1).map(({ pc }) => BigInt(pc)));
  const words = core.process.mappings
    .filter(({ start, end }) => core.sp >= start && core.sp < end)
    .flatMap(({ start, data = Buffer.alloc(0) }) => {
      const from = core.sp - start;
      return Array.from({ length: 200 }, (_, index) => data.readBigUInt64LE(from + index * 8));
    });
  const signed = words.filter((word) => word >= 2n ** 48n && callers.has(word % 2n ** 48n));
  expect(signed.length).toBeGreaterThan(1);
  const told = await names(stack);
  expect(told.filter((name) => [...CALLED, 'carry_out', 'main'].includes(name))).toEqual([
    ...CALLED,
    'carry_out',
    'main',
  ]);
  expect(stack).toMatchObject({ complete: true });
});

it('frames below a signal’s handler are right, or not called proven', async (running) => {
  const at = new Installed(running);
  const core = arm64Core(at, build(at, ['-O2']), ['raise']);
  const stack = await walked(core);
  const told = await names({ frames: stack.frames.filter(({ trust }) => trust === 'proven') });
  const own = told.filter((name) => [...CALLED, 'carry_out', 'handler', 'raised', 'main'].includes(name));
  expect([...CALLED, 'carry_out', 'handler', 'raised', 'main'].slice(0, own.length)).toEqual(own);
  expect(own.slice(0, 5)).toEqual([...CALLED, 'carry_out', 'handler']);
});

it.for([...BUILDS.slice(0, 2), ['DWARF 4', ['-O1', '-gdwarf-4']] as const])(
  'lines of a program of arm64 are those that llvm-symbolizer tells: %s',
  async ([, flags], running) => {
    const at = new Installed(running);
    at.needs('llvm-symbolizer');
    const path = join(at.folder, build(at, flags));
    const source = await openLocalBytes(path);
    if (typeof source === 'string') throw new Error(source);
    const result = await openLines(source, { path, unpack, open: async () => 'none' });
    if (!result.ok) throw new Error(result.why);
    const addresses = [...new Set(codeAddresses(path, 300).map((address) => address - (address % 4n)))];
    const theirs = llvmSymbolizer(path, addresses);
    const located = await result.lines.locate(addresses);
    const differing = located.flatMap((location, index) =>
      agrees(location, theirs[index] ?? [])
        ? []
        : [{ ours: inWords(location.frames), theirs: inWords(theirs[index] ?? []) }],
    );
    expect(differing).toEqual([]);
    expect(located.filter(({ frames }) => frames[0]?.line !== undefined).length).toBeGreaterThan(50);
    result.lines.close();
  },
);
