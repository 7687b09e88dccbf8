import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { look } from '../../../src/inspect/look';
import { openDirectory } from '../../../src/target/directory';
import { readTree, unpackTree } from '../../golden/tree';

const CASES = join(import.meta.dirname, '../../golden/cases');
const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** A recorded process as somebody sees it from whom some of its files are withheld. */
async function seenWithout(name: string, withheld: RegExp) {
  const folder = mkdtempSync(join(tmpdir(), 'withheld-'));
  folders.push(folder);
  const files = readTree(readFileSync(join(CASES, name, 'tree.txt'), 'utf8'));
  const meta = files.find(({ path }) => path === 'meta')?.content.toString() ?? '';
  unpackTree(
    files.filter(({ path }) => !withheld.test(path)),
    folder,
  );
  return look(openDirectory(folder), Number(/^pids: (\d+)/m.exec(meta)?.[1]));
}

const RING_MEMORY = /\/ringmem\//;

describe('a thread that waits for completions', () => {
  it('of a ring whose descriptor is closed, and whose memory is withheld: what is pending is not guessed', async () => {
    const { findings } = await seenWithout('ring-fd-registered-closed', RING_MEMORY);
    expect(findings.map(({ severity, tag }) => `${severity} ${tag}`)).toEqual(['info waits-unseen']);
    expect(findings[0]?.summary).toBe(
      '1 thread waits for completions of ring 1, whose descriptor is closed: what is pending there cannot be seen here.',
    );
    expect(findings[0]?.evidence).toEqual([{ task: 4841 }, { ring: 1 }]);
  });

  it('of a ring whose fdinfo does not answer, as while its lock is held, on a kernel that gives no ring memory', async () => {
    const { findings } = await seenWithout('vm-5.10.0-accept', /\/fdinfo\/4$/);
    expect(findings.map(({ tag }) => tag)).toEqual(['waits-unseen']);
    expect(findings[0]?.summary).toBe(
      '1 thread waits for completions of ring 1 (fd 4), whose lock another task holds: what is pending there cannot be seen here.',
    );
  });

  it('is no riddle where the ring’s memory tells what is pending', async () => {
    const { findings } = await seenWithout('ring-fd-registered-closed', /^$/);
    expect(findings.map(({ tag }) => tag)).toEqual(['waits-for-peer']);
  });
});
