import { describe, expect, it } from 'vitest';
import { walkKernel } from '../../../src/kernel/walk';
import type { WalkedRing } from '../../../src/kernel/walked';
import { FakeProcess } from './fakeProcess';
import { KERNELS, type Kernel, layoutOf } from './layouts';

const NOWHERE = 0xffff_ffff_ffff_ffffn;

/** A process with a ring, into whose tables tests put what they like. */
class Registering extends FakeProcess {
  readonly tables: bigint;

  constructor(kernel: Kernel) {
    super(layoutOf(kernel));
    this.tables = this.ring(3);
  }

  /** An array of pointers at `place` of the ring. */
  private array(
    names: readonly ('ringFileNodes' | 'ringFixedFiles' | 'ringBufferNodes' | 'ringFixedBuffers')[],
    slots: readonly bigint[],
  ): void {
    const array = this.kernel.allocate(8 * slots.length);
    for (const [index, slot] of slots.entries()) this.kernel.write(array + BigInt(8 * index), slot, 8);
    for (const name of names) this.set(this.tables, name, array);
  }

  private node(of: 'nodeFile' | 'nodeBuffer', value: bigint): bigint {
    if (!this.place(of) || value === 0n) return value;
    const node = this.kernel.allocate(64);
    this.set(node, of, value);
    return node;
  }

  registerFiles(slots: readonly bigint[], count = slots.length): void {
    this.set(this.tables, 'ringFiles', count);
    this.array(
      ['ringFileNodes', 'ringFixedFiles'],
      slots.map((file) => this.node('nodeFile', file)),
    );
  }

  registerBuffers(slots: readonly bigint[]): void {
    this.set(this.tables, 'ringBuffers', slots.length);
    this.array(
      ['ringBufferNodes', 'ringFixedBuffers'],
      slots.map((buffer) => this.node('nodeBuffer', buffer)),
    );
  }

  /** A file without a descriptor. */
  unnamed(mode: number, name: string): bigint {
    const file = this.kernel.allocate(512);
    const inode = this.kernel.allocate(1024);
    const dentry = this.kernel.allocate(512);
    const text = this.kernel.allocate(512);
    this.kernel.text(text, name);
    this.set(inode, 'inodeMode', mode);
    this.set(inode, 'inodeNumber', 77);
    this.set(file, 'fileInode', inode);
    this.set(file, 'fileDentry', dentry);
    this.set(dentry, 'dentryName', text);
    return file;
  }

  buffer(address: bigint, length: number): bigint {
    const buffer = this.kernel.allocate(this.layout.sizes.buffer);
    this.set(buffer, 'bufferAddress', address);
    this.set(buffer, 'bufferLength', length);
    this.set(buffer, 'bufferEnd', address + BigInt(length));
    this.set(buffer, 'bufferPieces', 3);
    this.set(buffer, 'bufferShift', 12);
    this.set(buffer, 'bufferHolders', 1);
    return buffer;
  }

  async walked(): Promise<WalkedRing> {
    const { rings, consistent } = await walkKernel(this.target(), {
      pid: 4242,
      ringFds: [3],
      layout: this.layout,
    });
    expect(consistent).toBe(true);
    const [ring] = rings;
    if (!ring) throw new Error('no ring was found');
    return ring;
  }
}

describe.each(KERNELS)('what is registered on %s', (kernel) => {
  it('lists files in use: by their descriptor, or by what they are', async () => {
    const process = new Registering(kernel);
    process.registerFiles([
      process.file(5) | 1n,
      0n,
      process.unnamed(0o100600, 'db'),
      process.unnamed(0o140777, ''),
      process.unnamed(0o010600, ''),
      process.unnamed(0o600, '[eventfd]'),
      process.unnamed(0o020600, 'null'),
    ]);
    const { registeredFiles, registered } = await process.walked();
    expect(registeredFiles).toBe(7);
    expect(registered.files).toEqual([
      { index: 0, fd: 5 },
      { index: 2, direct: true, kind: 'file', name: 'db' },
      { index: 3, direct: true, kind: 'socket', name: 'socket:[77]' },
      { index: 4, direct: true, kind: 'pipe', name: 'pipe:[77]' },
      { index: 5, direct: true, name: 'anon_inode:[eventfd]' },
      { index: 6, direct: true, kind: 'device', name: 'null' },
    ]);
    expect(registered).not.toHaveProperty('buffers');
  });

  it('lists buffers, but for free slots', async () => {
    const process = new Registering(kernel);
    const [plain, cloned] = [process.buffer(0x7f00_0000_2000n, 8192), process.buffer(0x7f00_0000_8000n, 1)];
    process.set(cloned, 'bufferHolders', 2);
    process.registerBuffers([plain, 0n, process.buffer(NOWHERE, 1), cloned]);
    const piece = process.place('bufferShift') ? { pieceSize: 4096 } : {};
    expect((await process.walked()).registered.buffers).toEqual([
      { index: 0, address: '0x7f0000002000', length: 8192, pieces: 3, ...piece },
      {
        ...{ index: 3, address: '0x7f0000008000', length: 1, pieces: 3, ...piece },
        ...(process.place('bufferHolders') ? { cloned: true } : {}),
      },
    ]);
  });

  it('looks at 1,024 slots, and is none the worse for what leads nowhere', async () => {
    const process = new Registering(kernel);
    const file = process.file(5);
    process.registerFiles(
      [...Array.from({ length: 1020 }, () => 0n), file, 0xdead_beefn << 8n, file, file, file],
      4_000_000_000,
    );
    process.registerBuffers([0xdead_beefn << 8n, process.buffer(0n, 0)]);
    const { registered } = await process.walked();
    expect(registered.files?.map(({ index }) => index).filter((index) => index !== 1021)).toEqual([
      1020, 1022, 1023,
    ]);
    expect(registered.buffers?.map(({ index }) => index)).toEqual([1]);
  });

  it('leaves out what was replaced while it was looked at', async () => {
    const process = new Registering(kernel);
    process.registerFiles([process.file(5)]);
    expect((await process.walked()).registered.files).toEqual([{ index: 0, fd: 5 }]);
    const last = process.kernel.questions - 1;
    process.kernel.questions = 0;
    process.kernel.before = (question) => {
      if (question === last) process.set(process.tables, 'ringFiles', 2);
    };
    expect((await process.walked()).registered).toEqual({ groups: [] });
  });

  it('says nothing of a table that cannot be read', async () => {
    const process = new Registering(kernel);
    process.registerFiles([]);
    process.set(process.tables, 'ringFiles', 4);
    for (const name of ['ringFileNodes', 'ringFixedFiles'] as const) process.set(process.tables, name, 8);
    expect((await process.walked()).registered).toEqual({ groups: [] });
  });
});

describe.each(KERNELS.filter((kernel) => kernel !== '5.10'))('buffer groups on %s', (kernel) => {
  function group(process: Registering, id: number, head: number, tail: number): bigint {
    const { sizes } = process.layout;
    const address = process.kernel.allocate(sizes.bufferGroup);
    const shared = process.kernel.allocate(64);
    process.kernel.write(shared + 14n, tail, 2);
    // Up to 6.9 an array of pages stands before it.
    process.kernel.write(address, shared, 8);
    process.set(address, 'groupRing', shared);
    process.set(address, 'groupNumber', id);
    process.set(address, 'groupMask', 7);
    process.set(address, 'groupHead', head);
    process.set(address, 'groupFlags', 1);
    process.set(address, 'groupEntries', 8);
    return address;
  }

  function node(process: Registering, slots: Readonly<Record<number, bigint>>): bigint {
    const address = process.kernel.allocate(576);
    for (const [slot, entry] of Object.entries(slots))
      process.kernel.write(address + process.offset('treeSlots') + BigInt(8 * Number(slot)), entry, 8);
    return address + 2n;
  }

  it('are found in a tree of two levels, and alone', async () => {
    const process = new Registering(kernel);
    const below = node(process, { 6: group(process, 70, 65_534, 1), 7: 6n });
    const first = node(process, { 0: group(process, 0, 5, 5) });
    process.set(process.tables, 'ringGroups', node(process, { 0: first, 1: below }));
    expect((await process.walked()).registered.groups).toEqual([
      { id: 0, kind: 'ring', entries: 8, head: 5, tail: 5, left: 0 },
      { id: 70, kind: 'ring', entries: 8, head: 65_534, tail: 1, left: 3 },
    ]);
    process.set(process.tables, 'ringGroups', group(process, 0, 1, 2));
    expect((await process.walked()).registered.groups.map(({ left }) => left)).toEqual([1]);
  });

  it('end where a tree goes in circles', async () => {
    const process = new Registering(kernel);
    const circle = node(process, {});
    process.kernel.write(circle - 2n + process.offset('treeSlots'), circle, 8);
    process.set(process.tables, 'ringGroups', circle);
    expect((await process.walked()).registered.groups).toEqual([]);
  });
});
