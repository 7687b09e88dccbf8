import { describe, expect, it } from 'vitest';
import { readSockets } from '../../../src/sample/sockets';
import { fakeTarget, type Tree } from './fakeTarget';

const HEAD =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
const TCP = `${HEAD}   0: 0100007F:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 11 1 0000000000000000 100 0 0 10 0\n`;
const UNIX =
  'Num       RefCount Protocol Flags    Type St Inode Path\n0000000000000000: 00000003 00000000 00000000 0001 03 22 /run/a\n';

const tree: Tree = {
  '/proc/7/net/tcp': TCP,
  '/proc/7/net/tcp6': HEAD,
  '/proc/7/net/udp': HEAD,
  '/proc/7/net/udp6': HEAD,
  '/proc/7/net/unix': UNIX,
};

describe('readSockets', () => {
  it('reads the tables alone that are known to have the sockets', async () => {
    const target = fakeTarget(tree);
    const { byInode } = await readSockets(target, 7, new Set([22]), new Map([[22, 'unix']]));
    expect(byInode.get(22)?.local).toBe('/run/a');
    expect(target.asked).toEqual(['/proc/7/net/unix']);
  });

  it('reads both of TCP for one, where the other end may be', async () => {
    const target = fakeTarget(tree);
    const { tcp } = await readSockets(target, 7, new Set([11]), new Map([[11, 'tcp6']]));
    expect(target.asked.slice(0, 2)).toEqual(['/proc/7/net/tcp', '/proc/7/net/tcp6']);
    expect(tcp).toHaveLength(1);
  });

  it('reads all of them for one that is new, or not where it was', async () => {
    const fresh = fakeTarget(tree);
    await readSockets(fresh, 7, new Set([11, 22]), new Map([[22, 'unix']]));
    expect(fresh.asked).toHaveLength(5);
    const moved = fakeTarget(tree);
    const { byInode } = await readSockets(moved, 7, new Set([11]), new Map([[11, 'udp']]));
    expect(byInode.get(11)?.protocol).toBe('tcp');
  });
});
