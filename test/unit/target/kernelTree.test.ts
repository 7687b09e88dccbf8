import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { indexTree } from '../../../src/inspect/kernelIndexing';
import { KernelIndex } from '../../../src/source/kernelIndex';
import { findInTree, openKernelTree } from '../../../src/target/kernelTree';

const never = new AbortController().signal;
let folder = '';
let tree = '';

function put(file: string, text: string): void {
  const path = join(tree, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kernel-tree-'));
  tree = join(folder, 'linux');
  put('MAINTAINERS', 'Everybody\n');
  put('Makefile', 'VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 5\n');
  put('fs/a.c', 'int in_a(void)\n{\n\tread(1);\n}\n');
  put('arch/x86/entry.S', 'SYM_CODE_START(in_entry)\n');
});
afterEach(() => rmSync(folder, { recursive: true }));

async function index(): Promise<KernelIndex> {
  const state = (await openKernelTree(tree))?.state ?? '';
  const bytes = await indexTree(tree, () => undefined, never);
  const made = bytes && KernelIndex.parse(bytes, state);
  if (!made) throw new Error('no index');
  return made;
}

describe('the index of a tree', () => {
  it('has what its sources define, with progress on the way', async () => {
    const told: number[] = [];
    await indexTree(tree, (progress) => told.push(progress), never);
    expect(told).toContain(0);
    const made = await index();
    expect(made.find('in_a')).toEqual([{ file: 'fs/a.c', line: 1, stub: false }]);
    expect(made.find('in_entry')[0]?.file).toBe('arch/x86/entry.S');
  });

  it('leaves out what lies beside the kernel, links, long tables and other files', async () => {
    const text = 'int beside(void)\n{\n\treturn x;\n}\n';
    for (const file of ['tools/b.c', 'Documentation/b.c', '.git/b.c', 'fs/b.txt', 'fs/b.cc']) put(file, text);
    put('fs/long.h', text + '\n'.repeat(5 << 20));
    put('../outside.c', text);
    symlinkSync(dirname(tree), join(tree, 'fs/up'));
    symlinkSync(join(tree, 'tools/b.c'), join(tree, 'fs/link.c'));
    expect((await index()).find('beside')).toEqual([]);
  });

  it('belongs to one state of the tree', async () => {
    const before = (await openKernelTree(tree))?.state;
    expect((await openKernelTree(tree))?.state).toBe(before);
    utimesSync(join(tree, 'Makefile'), 1000, 1000);
    expect((await openKernelTree(tree))?.state).not.toBe(before);
  });

  it('ends when it is cancelled', async () => {
    await expect(indexTree(tree, () => undefined, AbortSignal.abort())).rejects.toThrow();
  });

  it('is not made of a folder that is no kernel', async () => {
    expect(await indexTree(join(tree, 'fs'), () => undefined, never)).toBeUndefined();
    expect(await openKernelTree('/nonexistent')).toBeUndefined();
  });
});

it.each([
  ['/build/linux-6.1.5/fs/a.c', 'fs/a.c'],
  ['/build/linux-6.1.5/debian/build/build_amd64/../../../fs/a.c', 'fs/a.c'],
  ['/build/linux-6.1.5/../../fs/a.c', 'fs/a.c'],
  ['./fs/a.c', 'fs/a.c'],
  ['/other/b.c', undefined],
  ['/a.c', undefined],
  ['/x/fs', undefined],
  ['', undefined],
  ['../../fs/../../etc/passwd', undefined],
])('a compiler’s %s is its %s', async (path, file) => {
  expect(await findInTree(tree, path)).toBe(file);
});
