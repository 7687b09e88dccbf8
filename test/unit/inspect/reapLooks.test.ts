import { describe, expect, it } from 'vitest';
import { ReapLooks } from '../../../src/inspect/reapLooks';
import type { Target } from '../../../src/target/target';

/** Rings whose counters are as many as the looks there have been at each. */
function staged(gone: ReadonlySet<number> = new Set()) {
  const asked: string[][] = [];
  const looks = new Map<string, number>();
  const target: Target = Object.create(null, {
    read: {
      value: async (paths: readonly string[]) => {
        asked.push([...paths]);
        return paths.map((path) => {
          if (gone.has(Number(path.split('/').at(-1)))) return { ok: false, errno: 'ENOENT' };
          const count = (looks.get(path) ?? 0) + 1;
          looks.set(path, count);
          const text = `SqMask:\t0x3f\nSqHead:\t${count}\nSqTail:\t${count}\nCachedSqHead:\t${count}\nCqMask:\t0x7f\nCqHead:\t${count}\nCqTail:\t${count + 1}\nCachedCqTail:\t${count + 1}\n`;
          return { ok: true, data: Buffer.from(text) };
        });
      },
    },
  });
  return { asked, target };
}

describe('looks at the rings of a process that is traced', () => {
  it('are at those that are made meanwhile, too', async () => {
    const { target, asked } = staged();
    const looks = new ReapLooks(target, 7, [3]);
    await looks.look();
    looks.add(5);
    looks.add(-1);
    await looks.look();
    await looks.look();
    expect(asked.at(-1)).toEqual(['/proc/7/fdinfo/3', '/proc/7/fdinfo/5']);
    expect(looks.told).toMatchObject([
      { ringFd: 3, looks: 3, collected: 2 },
      { ringFd: 5, looks: 2, collected: 1 },
    ]);
  });

  it('tell a ring and the one that has come to its descriptor apart', async () => {
    const { target } = staged();
    const looks = new ReapLooks(target, 7, [3]);
    for (let times = 0; times < 3; times++) await looks.look();
    looks.add(3);
    for (let times = 0; times < 2; times++) await looks.look();
    expect(looks.told).toMatchObject([
      { ringFd: 3, looks: 3 },
      { ringFd: 3, looks: 2 },
    ]);
  });

  it('are at sixteen, and leave out what is gone', async () => {
    const { target, asked } = staged(new Set([2]));
    const looks = new ReapLooks(target, 7, [1, 2]);
    for (let fd = 10; fd < 60; fd++) looks.add(fd);
    await looks.look();
    await looks.look();
    expect(asked[0]).toHaveLength(16);
    expect(looks.told).toHaveLength(15);
  });
});
