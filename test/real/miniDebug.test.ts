import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type Lines, openLines } from '../../src/source/lines';
import { openLocalBytes } from '../../src/target/localBytes';
import { openUnpack } from '../../src/target/unpack';
import { Installed } from './support/installed';
import type { Running } from './support/victim';

const SOURCE = `#include <unistd.h>
static volatile int sink;
__attribute__((noipa)) static int hidden(int n) { return sink += n; }
__attribute__((noipa)) static int also_hidden(int n) { return hidden(n) * 2; }
__attribute__((visibility("default"))) int exported(int n) { return also_hidden(n) + 1; }
int main(int argc, char **argv) { sink = exported(argc); pause(); return sink; }
`;

async function open(path: string): Promise<Lines> {
  const source = await openLocalBytes(path);
  if (typeof source === 'string') throw new Error(source);
  const unpack = openUnpack(import.meta.dirname);
  const result = await openLines(source, { path, unpack, open: async () => 'no other file' });
  if (!result.ok) throw new Error(result.why);
  return result.lines;
}

interface Function {
  readonly name: string;
  readonly address: bigint;
}

/** Functions as nm has them. */
function functionsOf(path: string, ...flags: readonly string[]): Function[] {
  const listed = execFileSync('nm', [...flags, '--format=posix', '--defined-only', path], {
    encoding: 'utf8',
  });
  return [...listed.matchAll(/^(\S+) [TtWw] ([0-9a-f]+)/gm)].map(([, name = '', address]) => ({
    name,
    address: BigInt(`0x${address}`),
  }));
}

/** A stripped program as Fedora's find-debuginfo leaves it: with its own functions' names packed in. */
function build(running: Running, pack: (at: Installed) => void): { path: string; functions: Function[] } {
  const at = new Installed(running);
  at.needs('gcc', 'nm', 'objcopy', 'strip', 'xz');
  at.file('program.c', SOURCE);
  at.run('gcc', ['-g', '-O1', '-rdynamic', 'program.c', '-o', 'program']);
  const path = join(at.folder, 'program');
  const functions = functionsOf(path);
  const linked = new Set(functionsOf(path, '-D').map(({ name }) => name));
  at.file('keep', functions.flatMap(({ name }) => (linked.has(name) ? [] : [name])).join('\n'));
  at.run('objcopy', ['--only-keep-debug', 'program', 'debug']);
  at.run('objcopy', ['-S', '--remove-section=.comment', '--keep-symbols=keep', 'debug', 'mini']);
  at.run('strip', ['--strip-all', '-R', '.comment', 'program']);
  pack(at);
  at.run('objcopy', ['--add-section', '.gnu_debugdata=mini.xz', 'program']);
  return { path, functions };
}

async function namesAt(lines: Lines, functions: readonly Function[]): Promise<(string | undefined)[]> {
  const located = await lines.locate(functions.map(({ address }) => address));
  return located.map(({ frames }) => frames[0]?.function);
}

const OWN = ['hidden', 'also_hidden'];
const LINKED = ['exported', 'main'];

it('functions that a stripped program has packed with xz have their names, those it is linked by have theirs, too', async (running) => {
  const { path, functions } = build(running, (at) => at.run('xz', ['-k', 'mini']));
  expect(spawnSync('nm', [path], { encoding: 'utf8' }).stderr).toContain('no symbols');
  const lines = await open(path);
  const wanted = functions.filter(({ name }) => [...OWN, ...LINKED].includes(name));
  expect(wanted).toHaveLength(4);
  expect(await namesAt(lines, wanted)).toEqual(wanted.map(({ name }) => name));
  expect(await lines.isNamed()).toBe(true);
  expect((await lines.symbols())?.count).toBeGreaterThan(functions.length - 1);
  expect(lines.troubles).toEqual([]);
  // Each of their bytes, as well.
  for (const { name, address } of wanted)
    expect(
      await namesAt(
        lines,
        [1n, 2n, 3n].map((by) => ({ name, address: address + by })),
      ),
    ).toEqual([name, name, name]);
  lines.close();
});

it.for([
  ['cut short', (packed: Buffer) => packed.subarray(0, packed.length / 2), /cut short/],
  ['no xz', () => Buffer.from('not packed at all'), /not packed by xz/],
  ['no ELF file', () => execFileSync('xz', { input: 'no ELF file' }), /not an ELF file/],
  ['128 MiB of nothing', () => packedZeros(128), /unpacked it has more than|takes too long to unpack/],
] as const)(
  'what is packed there and is %s costs the program its own names, says so and ends soon',
  async ([, change, why], running) => {
    const { path, functions } = build(running, (at) => {
      at.run('xz', ['-k', 'mini']);
      const packed = join(at.folder, 'mini.xz');
      writeFileSync(packed, change(readFileSync(packed)));
    });
    const lines = await open(path);
    const begun = performance.now();
    const wanted = functions.filter(({ name }) => LINKED.includes(name));
    expect(await namesAt(lines, wanted)).toEqual(wanted.map(({ name }) => name));
    expect(
      await namesAt(
        lines,
        functions.filter(({ name }) => OWN.includes(name)),
      ),
    ).not.toContain('hidden');
    expect(performance.now() - begun).toBeLessThan(8000);
    expect(lines.troubles).toEqual([expect.stringMatching(why)]);
    expect(lines.troubles[0]).toMatch(/MiniDebugInfo/);
    expect(await lines.isNamed()).toBe(false);
    lines.close();
  },
);

function packedZeros(megabytes: number): Buffer {
  return execFileSync('sh', ['-c', `head -c ${megabytes}M /dev/zero | xz -0`], { maxBuffer: 1 << 24 });
}
