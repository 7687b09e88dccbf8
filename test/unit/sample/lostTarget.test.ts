import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { takeSample } from '../../../src/sample/takeSample';
import { openDirectory } from '../../../src/target/directory';
import type { Target } from '../../../src/target/target';
import { readTree, unpackTree } from '../../golden/tree';

const CASE = join(__dirname, '../../golden/cases/fuse-read-hang');

let folder = '';
let pid = 0;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'inspect-lost-'));
  const files = readTree(readFileSync(join(CASE, 'tree.txt'), 'utf8'));
  unpackTree(files, folder);
  const meta = files.find((file) => file.path === 'meta')?.content.toString() ?? '';
  pid = Number(/^pids: (\d+)/m.exec(meta)?.[1]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A target that answers so many questions and is lost then, as one behind a connection is. */
function lostAfter(answered: number, target: Target): Target & { readonly asked: () => number } {
  let asked = 0;
  const counted =
    <A extends unknown[], R>(ask: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      if (++asked <= answered) return ask(...args);
      await turn();
      throw new Error('lost');
    };
  return {
    label: target.label,
    frozen: target.frozen,
    rights: target.rights,
    arch: target.arch,
    read: counted((...args) => target.read(...args)),
    list: counted((...args) => target.list(...args)),
    link: counted((...args) => target.link(...args)),
    memory: counted((...args) => target.memory(...args)),
    dispose: () => target.dispose(),
    asked: () => asked,
  };
}

describe('a target that is lost in the middle of a look', () => {
  it('is one error, whatever was being asked: no rejection is left without a hearer', async () => {
    const unheard: unknown[] = [];
    const hear = (reason: unknown) => unheard.push(reason);
    process.on('unhandledRejection', hear);
    try {
      const whole = lostAfter(Number.POSITIVE_INFINITY, openDirectory(folder));
      await takeSample(whole, pid);
      expect(whole.asked()).toBeGreaterThan(5);
      for (let answered = 0; answered < whole.asked(); answered++) {
        await expect(takeSample(lostAfter(answered, openDirectory(folder)), pid)).rejects.toThrow('lost');
        await turn();
        await turn();
      }
    } finally {
      process.off('unhandledRejection', hear);
    }
    expect(unheard).toEqual([]);
  });
});
