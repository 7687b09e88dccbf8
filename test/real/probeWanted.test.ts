import { closeSync, openSync, readdirSync, readlinkSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProbeTarget } from '../../src/target/probeTarget';
import { openTestTarget } from './support/probe';

const folder = `/proc/${process.pid}/fd`;
let target: ProbeTarget;
let open: number;

beforeAll(async () => {
  target = await openTestTarget();
  open = openSync('/dev/zero', 'r');
});
afterAll(() => {
  closeSync(open);
  target.dispose();
});

/** Descriptors of this process with one of the texts, as the kernel says without the probe. */
function expected(texts: readonly string[]): string[] {
  return readdirSync(folder).filter((name) => {
    try {
      return texts.includes(readlinkSync(`${folder}/${name}`));
    } catch {
      return false;
    }
  });
}

async function found(only: readonly string[]): Promise<string[]> {
  const [list] = await target.list([folder], { only });
  if (!list?.ok) throw new Error('the listing failed');
  for (const { link } of list.entries) expect(only).toContain(link);
  return list.entries.map(({ name }) => name);
}

describe('a listing of some links only', () => {
  it.each([
    ['one text', ['/dev/zero']],
    ['several texts', ['anon_inode:[eventpoll]', '/dev/zero', '/dev/null']],
    ['a text nobody has', ['/dev/zero/x']],
    ['no text', []],
    [
      'more texts than one item has room for',
      [...Array.from({ length: 400 }, (_, i) => `pipe:[${i}0]`), '/dev/zero'],
    ],
    ['a text that cannot be said', ['/dev/zero', 'a\0b']],
  ])('%s', async (_, only) => {
    expect((await found(only)).sort()).toEqual(expected(only).sort());
  });

  it('keeps each directory’s own answer, also of one that is not there', async () => {
    const lists = await target.list([folder, '/proc/4194304/fd', folder], { only: ['/dev/zero'] });
    expect(lists.map((list) => (list.ok ? list.entries.length : list.errno))).toEqual([1, 'ENOENT', 1]);
  });

  it('opens no door: a path behind the path is only a text', async () => {
    const [list] = await target.list(['/etc'], { only: ['/proc'] });
    expect(list).toEqual({ ok: false, errno: 'EPERM' });
  });
});
