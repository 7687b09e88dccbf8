import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Linking } from '../../../src/inspect/linking';
import { look } from '../../../src/inspect/look';
import { UserError } from '../../../src/model/errors';
import { openDirectory } from '../../../src/target/directory';
import type { Target } from '../../../src/target/target';
import { readTree, unpackTree } from '../../golden/tree';

const CASE = join(import.meta.dirname, '../../golden/cases/pipe-read/tree.txt');

let folder = '';
let pid = 0;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'look-'));
  const files = readTree(readFileSync(CASE, 'utf8'));
  unpackTree(files, folder);
  const meta = files.find(({ path }) => path === 'meta')?.content.toString() ?? '';
  pid = Number(/^pids: (\d+)/m.exec(meta)?.[1]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A recorded process, with binaries as if it were live. */
function recorded(): Target {
  const none = () => Promise.reject(new Error('not asked for'));
  return Object.assign(openDirectory(folder), { binaries: { read: none, identify: none } });
}

const named: Linking = {
  link: async (_, sample) => ({ ...sample, process: { ...sample.process, name: 'linked' } }),
};

describe('a look', () => {
  it('links its Sample where there are binaries', async () => {
    expect((await look(recorded(), pid, { links: named })).process.name).toBe('linked');
    expect((await look(openDirectory(folder), pid, { links: named })).process.name).not.toBe('linked');
    expect((await look(recorded(), pid)).process.name).not.toBe('linked');
  });

  it.each([
    [new TypeError('x is not a function'), 'x is not a function'],
    [
      new UserError('probe-gone', 'The probe is gone.', 'It was killed.'),
      'The probe is gone. It was killed.',
    ],
  ])('does not fail where that does: %s', async (error, why) => {
    const { process, notVisible } = await look(recorded(), pid, {
      links: { link: () => Promise.reject(error) },
    });
    expect(process.pid).toBe(pid);
    expect(notVisible.at(-1)).toEqual({
      what: 'where the program waits in its source',
      why: `reading its binaries has failed: ${why}`,
    });
  });
});
