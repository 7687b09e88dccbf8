import { expect, it } from 'vitest';
import type { MapsRow } from '../../../src/procfs/maps';
import type { Descriptor } from '../../../src/sample/descriptors';
import { readRingInfos } from '../../../src/sample/ringInfo';
import type { Target } from '../../../src/target/target';

const descriptor = (fd: number): Descriptor => ({
  fd,
  text: 'anon_inode:[io_uring]',
  link: { kind: 'anon', name: 'io_uring' },
});
const sqes = (inode: number, entries: number): MapsRow => ({
  ...{ start: 0x10000n, end: 0x10000n + BigInt(entries * 64), perms: 'rw-s', offset: 0x10000000n },
  ...{ device: '0:1', inode, path: 'anon_inode:[io_uring]', deleted: false },
});

/** A target whose rings have the inode 100 + fd, and that notes what is read of it. */
function target(answer: 'ok' | 'ETIMEDOUT' = 'ok'): { target: Target; read: string[]; asked: string[] } {
  const read: string[] = [];
  const asked: string[] = [];
  const nothing = () => Promise.resolve([]);
  const inode = (path: string) => 100 + Number(path.split('/').pop());
  return {
    read,
    asked,
    target: {
      ...{ label: 'a test', frozen: false, arch: 'x86_64', rights: { uid: 0, capabilities: 0n } },
      ...{ list: nothing, link: nothing, memory: nothing, dispose: () => undefined },
      inodes: (paths) => {
        asked.push(...paths);
        return Promise.resolve(paths.map(inode));
      },
      read: (paths) => {
        read.push(...paths);
        return Promise.resolve(
          paths.map((path) =>
            answer === 'ok'
              ? { ok: true, data: Buffer.from(`pos:\t0\nino:\t${inode(path)}\n`), truncated: false }
              : { ok: false, errno: answer },
          ),
        );
      },
    },
  };
}

it('leaves the fdinfo of a large ring alone, and still tells which ring it is', async () => {
  const { target: host, read } = target();
  const found = await readRingInfos(
    host,
    7,
    [descriptor(4), descriptor(5)],
    [sqes(104, 32_768), sqes(105, 64)],
  );
  expect(read).toEqual(['/proc/7/fdinfo/5']);
  expect(found.descriptors.map(({ fd, inode, info }) => [fd, inode, info !== undefined])).toEqual([
    [4, 104, false],
    [5, 105, true],
  ]);
});

it('asks for no inodes where every ring is small: fdinfo has them', async () => {
  const { target: host, read, asked } = target();
  const found = await readRingInfos(host, 7, [descriptor(4)], [sqes(104, 4096)]);
  expect([read, asked]).toEqual([['/proc/7/fdinfo/4'], []]);
  expect(found.descriptors[0]?.inode).toBe(104);
});

it('names the descriptors whose fdinfo did not answer in time', async () => {
  const found = await readRingInfos(target('ETIMEDOUT').target, 7, [descriptor(4)], []);
  expect(found).toMatchObject({ timedOut: [4], descriptors: [{ fd: 4 }] });
  expect(found.descriptors[0]).not.toHaveProperty('info');
});
