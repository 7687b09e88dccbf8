import { describe, expect, it } from 'vitest';
import { readFreezers } from '../../../src/kernel/freezing';
import type { KernelLayout } from '../../../src/kernel/layout';
import { FakeProcess } from './fakeProcess';
import { layoutOf } from './layouts';

interface Frozen {
  readonly level?: number;
  readonly programs?: number;
  readonly kernel?: number;
  readonly holders?: number;
  readonly disk?: number;
}

/** A file on a file system of its own. */
function fileOn(
  process: FakeProcess,
  fd: number,
  { level = 4, programs, kernel, holders, disk }: Frozen,
): void {
  const inode = process.kernel.pointer(process.file(fd) + process.offset('fileInode'));
  const block = process.kernel.allocate(4096);
  const device = process.kernel.allocate(4096);
  process.set(inode, 'inodeSuper', block);
  process.set(block, 'superFrozen', level);
  process.set(block, 'superProgramFreezes', programs ?? 0);
  process.set(block, 'superKernelFreezes', kernel ?? 0);
  process.set(block, 'superFreezers', holders ?? 0);
  process.set(block, 'superDisk', device);
  process.set(device, 'diskFreezes', disk ?? 0);
}

/** Fields of 6.6, in which bits stand where later kernels count. */
function withBits({ optional, ...layout }: KernelLayout): KernelLayout {
  const { superProgramFreezes, superKernelFreezes: _, ...others } = optional;
  return {
    ...layout,
    optional: { ...others, ...(superProgramFreezes ? { superFreezers: superProgramFreezes } : {}) },
  };
}

/** Before 6.6 nothing is kept. */
function withoutAccount(layout: KernelLayout): KernelLayout {
  const { superFreezers: _, ...optional } = withBits(layout).optional;
  return { ...layout, optional };
}

const layout = layoutOf('6.18');

async function freezerIn(layout: KernelLayout, frozen: Frozen) {
  const process = new FakeProcess(layout);
  fileOn(process, 5, frozen);
  return readFreezers(process.target(), layout, 4242, [5]);
}

describe('on whose account a file system is frozen', () => {
  it.each<[string, Frozen]>([
    ['program', { programs: 1 }],
    ['kernel', { kernel: 1 }],
    ['disk', { programs: 1, disk: 1 }],
  ])('%s', async (by, frozen) => {
    expect(await freezerIn(layout, frozen)).toEqual(new Map([[5, by]]));
  });

  it('is read from bits where the kernel has those (6.6)', async () => {
    expect(await freezerIn(withBits(layout), { holders: 2 })).toEqual(new Map([[5, 'program']]));
    expect(await freezerIn(withBits(layout), { holders: 1 })).toEqual(new Map([[5, 'kernel']]));
  });

  it('is not known where the kernel keeps none, but that it is frozen is', async () => {
    expect(await freezerIn(withoutAccount(layout), {})).toEqual(new Map([[5, undefined]]));
  });

  it('is said of no file system that is not frozen, and of no descriptor that is closed', async () => {
    const process = new FakeProcess(layout);
    fileOn(process, 5, { level: 0 });
    fileOn(process, 6, { programs: 1 });
    expect(await readFreezers(process.target(), layout, 4242, [4, 5, 6])).toEqual(new Map([[6, 'program']]));
  });

  it('is undefined where the memory of the kernel cannot be read', async () => {
    const process = new FakeProcess(layout);
    fileOn(process, 5, { programs: 1 });
    process.kernel.refuses = 'EPERM';
    expect(await readFreezers(process.target(), layout, 4242, [5])).toBeUndefined();
    expect(await readFreezers(process.target(), layout, 1, [5])).toBeUndefined();
  });

  it('is undefined where /proc may have another process by that pid', async () => {
    const process = new FakeProcess(layout);
    fileOn(process, 5, { programs: 1 });
    const target = { ...process.target(), foreignPids: true };
    expect(await readFreezers(target, layout, 4242, [5])).toBeUndefined();
  });
});
