import { describe, expect, it } from 'vitest';
import { parseMountinfo } from '../../../src/procfs/mountinfo';
import { Binaries } from '../../../src/source/binaries';
import type { Image } from '../../../src/source/unwind/images';
import { unpack } from '../../../src/target/unpack';
import { FakeProcess, MOUNTS, PID } from './fakeProcess';
import { fixture } from './fixture';

const FILE = { data: fixture('c5'), inode: 5 };
const OTHER = { data: fixture('c5'), inode: 6 };
const PATH = '/opt/program';

function imageOf(parts: Partial<Image> = {}): Image {
  return {
    path: PATH,
    device: '8:1',
    inode: 5,
    deleted: false,
    mapping: { start: 0x400000n, end: 0x401000n },
    bias: 0,
    start: 0x400000,
    end: 0x401000,
    ...parts,
  } as Image;
}

const placeOf = (mountinfo = MOUNTS) => ({ pid: PID, mounts: parseMountinfo(mountinfo).rows });

/** What was answered, and the ways that were tried, in order. */
async function tried(
  files: Readonly<Record<string, typeof FILE | string>>,
  parts: Partial<Image> = {},
  mountinfo = MOUNTS,
) {
  const target = new FakeProcess();
  target.files = new Map(Object.entries(files));
  const binaries = new Binaries(target, { unpack });
  const result = await binaries.of(imageOf(parts), placeOf(mountinfo));
  const ways = [...new Set(target.asked.filter((asked) => !asked.startsWith('read ')))];
  binaries.close();
  return { ways, found: result.lines !== undefined, ...('why' in result ? { why: result.why } : {}) };
}

const MAPPED = 'mapped 400000';
const INSIDE = `inside ${PID} ${PATH}`;

describe('a binary is opened', () => {
  it('where it is mapped, whatever lies at its path', async () => {
    const result = await tried({ [MAPPED]: FILE, [INSIDE]: OTHER });
    expect(result).toEqual({ ways: [MAPPED], found: true });
  });

  it('without that right as the program that runs, if it is that', async () => {
    const result = await tried({ [MAPPED]: 'EPERM', executable: FILE });
    expect(result).toEqual({ ways: [MAPPED, 'executable'], found: true });
  });

  it('else by its path, on a file system of the host’s own', async () => {
    const result = await tried({ [MAPPED]: 'EPERM', executable: OTHER, [INSIDE]: FILE });
    expect(result).toEqual({ ways: [MAPPED, 'executable', INSIDE], found: true });
  });

  it('not by its path where that leads to another file by now', async () => {
    const result = await tried({ [MAPPED]: 'EPERM', executable: OTHER, [INSIDE]: OTHER });
    expect(result).toMatchObject({ found: false, why: expect.stringMatching(/another file has its name/) });
  });

  it.for([
    ['a deleted file', { deleted: true }, MOUNTS],
    ['a file of another host', {}, MOUNTS.replace('ext4', 'nfs4')],
    ['a file of no mount that is known', { device: '0:99' }, MOUNTS],
  ] as const)('never by its path: %s', async ([, parts, mountinfo]) => {
    const result = await tried({ [MAPPED]: 'EPERM', executable: OTHER, [INSIDE]: FILE }, parts, mountinfo);
    expect(result).toEqual({
      ways: [MAPPED, 'executable'],
      found: false,
      why: 'it cannot be read without root',
    });
  });

  it.for(['fuse', 'fuse.sshfs', 'fuseblk', 'virtiofs'])('in no way on a mount of %s', async (type) => {
    const files = { [MAPPED]: FILE, executable: FILE, [INSIDE]: FILE };
    const result = await tried(files, {}, MOUNTS.replace('ext4', type));
    expect(result).toMatchObject({ ways: [], found: false, why: expect.stringContaining('FUSE') });
  });

  it('in no other way once its file system has not answered', async () => {
    const result = await tried({ [MAPPED]: 'ETIMEDOUT', executable: FILE, [INSIDE]: FILE });
    expect(result).toEqual({ ways: [MAPPED], found: false, why: 'its file system does not answer' });
  });

  it('but no file that is none', async () => {
    const result = await tried({ [MAPPED]: { data: Buffer.from('\x7fELF and no more'), inode: 5 } });
    expect(result.found).toBe(false);
    expect(result.why).toMatch(/\w/);
  });
});

describe('binaries of a target', () => {
  it('are opened once for all that map them', async () => {
    const target = new FakeProcess();
    target.files.set(MAPPED, FILE);
    const binaries = new Binaries(target, { unpack });
    const [one, other] = await Promise.all([
      binaries.of(imageOf(), placeOf()),
      binaries.of(imageOf(), placeOf()),
    ]);
    expect(one.lines).toBeDefined();
    expect(one.lines).toBe(other.lines);
    binaries.close();
  });

  it('are known by their build: a copy elsewhere is not read again', async () => {
    const target = new FakeProcess();
    target.files.set(MAPPED, FILE);
    target.files.set('mapped 500000', OTHER);
    const binaries = new Binaries(target, { unpack });
    const { lines } = await binaries.of(imageOf(), placeOf());
    expect(await lines?.elf.buildId()).toMatch(/^[0-9a-f]{8,}$/);
    const copy = imageOf({ inode: 6, mapping: { start: 0x500000n, end: 0x501000n } });
    expect((await binaries.of(copy, placeOf())).lines).toBe(lines);
    binaries.close();
  });

  it('are opened anew when what they were read through is gone', async () => {
    const target = new FakeProcess();
    target.files.set(MAPPED, FILE);
    const binaries = new Binaries(target, { unpack });
    const { lines } = await binaries.of(imageOf(), placeOf());
    target.files.set(MAPPED, 'ENOENT');
    expect(await lines?.elf.source.read(0, 4)).toHaveLength(0);
    target.files.set('mapped 500000', FILE);
    const again = await binaries.of(imageOf({ mapping: { start: 0x500000n, end: 0x501000n } }), placeOf());
    expect(again.lines).not.toBe(lines);
    expect((await again.lines?.locate([0x400140n]))?.[0]?.frames).toMatchObject([{ function: 'step' }]);
    binaries.close();
  });

  it('have the vdso from memory, and ask no file for it', async () => {
    const target = new FakeProcess();
    target.mappings = [{ start: 0x7000, end: 0x9000, perms: 'r-xp', path: '[vdso]', data: fixture('c5') }];
    const binaries = new Binaries(target, { unpack });
    const mapping = { start: 0x7000n, end: 0x9000n };
    const result = await binaries.of(imageOf({ path: '[vdso]', inode: 0, mapping }), placeOf());
    expect(result.lines).toBeDefined();
    expect(target.asked).toEqual([]);
  });

  it('are said to be missing where the target has none', async () => {
    const target = new FakeProcess();
    const captured = Object.create(target, { binaries: { value: undefined } }) as FakeProcess;
    const result = await new Binaries(captured, { unpack }).of(imageOf(), placeOf());
    expect(result).toEqual({ why: 'a captured tree has no binaries' });
  });
});
