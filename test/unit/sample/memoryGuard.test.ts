import { describe, expect, it } from 'vitest';
import type { MemoryRange } from '../../../src/probe/protocol';
import { LEFT_ALONE, MemoryGuard } from '../../../src/sample/memoryGuard';
import { fakeTarget, type Tree } from './fakeTarget';

const PID = 7;
const READER = 9;
const MAPS = `1000-3000 rw-p 00000000 00:00 0
3000-5000 r--s 00000000 00:50 2                          /mnt/hung/file
5000-6000 r--s 00000000 00:51 3                          /nfs/file
6000-7000 r--p 00000000 fe:01 4                          /bin/program
7000-8000 r--s 00000000 00:52 5                          /file
8000-9000 rw-s 00000000 00:01 6                          /memfd:x (deleted)
9000-a000 r--p 00000000 00:53 7                          /lib/under/an/overlay
`;
const MOUNTS = `20 1 254:1 / / rw - ext4 /dev/vda1 rw
30 20 0:80 / /mnt/hung rw - fuse.sshfs host: rw
31 20 0:81 / /nfs rw - nfs4 host:/x rw
`;

/** `answers`: whether the NFS server does. */
function stage({ later = MAPS, answers = false } = {}) {
  const tree: Record<string, string> = {
    [`/proc/${PID}/maps`]: later,
    [`/proc/${READER}/mountinfo`]: '40 1 0:83 / /data rw - btrfs /dev/vdb rw\n',
  } satisfies Tree;
  const fake = fakeTarget(tree);
  const asked: MemoryRange[] = [];
  const identified: unknown[] = [];
  const target = {
    ...fake,
    self: READER,
    memory: async (_: number, ranges: readonly MemoryRange[]) => {
      asked.push(...ranges);
      return ranges.map(({ length }) => ({
        ok: true as const,
        data: Buffer.alloc(length),
        truncated: false,
      }));
    },
    binaries: {
      identify: async (ways: readonly unknown[]) => {
        identified.push(...ways);
        const file = { device: '0:81', inode: 3n, size: 1n, modified: 0n };
        return ways.map(() => (answers ? file : { errno: 'ETIMEDOUT' }));
      },
    } as never,
  };
  const guard = new MemoryGuard(target, { pid: PID, maps: Promise.resolve(MAPS), mountinfo: MOUNTS });
  const guarded = guard.before(target);
  /** Bytes that are read of a range; what was answered instead. */
  const read = async (address: number, length: number): Promise<number | string> => {
    const [result] = await guarded.memory(PID, [{ address: BigInt(address), length }]);
    return result?.ok ? result.data.length : (result?.errno ?? 'nothing');
  };
  return { guard, guarded, read, asked, identified, paths: fake.asked };
}

describe('memory that is read through a process’s pointers', () => {
  it.each([
    ['of the program’s own', 0x1000, 16, 16],
    ['of a file of this host', 0x6000, 16, 16],
    ['shared, without a mount', 0x8000, 16, 16],
    ['of a file under an overlay, on a mount of the reader', 0x9000, 16, 16],
    ['in a file of a FUSE mount', 0x3000, 16, LEFT_ALONE],
    ['in its last bytes', 0x4ff0, 16, LEFT_ALONE],
    ['in a file of a mount that was detached', 0x7000, 16, LEFT_ALONE],
    ['in a file of a silent server', 0x5000, 16, LEFT_ALONE],
    ['that reaches into such a file', 0x2ff0, 64, 16],
    ['behind which nothing is mapped', 0x9ff8, 64, 8],
    ['that nothing is mapped at', 0xf000, 16, 16],
  ])('%s', async (_, address, length, expected) => {
    const { read, asked } = stage();
    expect(await read(address, length)).toBe(expected);
    for (const range of asked)
      for (const [from, to] of [
        [0x3000n, 0x6000n],
        [0x7000n, 0x8000n],
      ] as const)
        expect(range.address < to && range.address + BigInt(range.length) > from).toBe(false);
  });

  it('is read in a file of a server that answers, which is asked once', async () => {
    const { read, identified } = stage({ answers: true });
    expect(await read(0x5000, 16)).toBe(16);
    expect(await read(0x5100, 16)).toBe(16);
    expect(identified).toHaveLength(2);
  });

  it('is looked up anew, once, where the map knew of nothing', async () => {
    const added = 'b000-c000 r--s 00000000 00:50 2                          /mnt/hung/new\n';
    const { read, paths } = stage({ later: MAPS + added });
    expect(await read(0xb000, 16)).toBe(LEFT_ALONE);
    expect(await read(0xf000, 16)).toBe(16);
    expect(paths.filter((path) => path.endsWith('/maps'))).toHaveLength(1);
  });

  it('is answered in the order of the ranges, each for itself', async () => {
    const { guarded, guard } = stage();
    const ranges = [0x3000n, 0x1000n, 0x7000n, 0x6000n].map((address) => ({ address, length: 4 }));
    const results = await guarded.memory(PID, ranges);
    expect(results.map(({ ok }) => ok)).toEqual([false, true, false, true]);
    expect(guard.blindness()).toEqual([
      {
        what: 'what lies in memory that is mapped from /mnt/hung/file',
        why: 'it is a file of fuse.sshfs at /mnt/hung, which may not answer: reading it could freeze the process',
      },
      {
        what: 'what lies in memory that is mapped from /file',
        why: 'it is a file of a file system that was detached, which may not answer: reading it could freeze the process',
      },
    ]);
  });
});
