import { describe, expect, it } from 'vitest';
import { ACTORS, actor, actorMissing } from './support/actor';
import { answerOf, inspect } from './support/inspect';
import { frozenFileSystem } from './support/mounts';
import { tasksOf, until } from './support/proc';
import { needs, skipUnless } from './support/rights';
import { startVictim } from './support/victim';

interface Case {
  readonly how: 'plain' | 'ring';
  readonly operation: string;
  readonly file: string;
  readonly second?: string;
}

const CASES: readonly Case[] = [
  { how: 'plain', operation: 'mkdir', file: 'made' },
  { how: 'plain', operation: 'rename', file: 'data', second: 'moved' },
  { how: 'plain', operation: 'unlink', file: 'data' },
  { how: 'ring', operation: 'mkdir', file: 'made' },
  { how: 'ring', operation: 'rename', file: 'data', second: 'moved' },
  { how: 'ring', operation: 'symlink', file: 'data' },
];

describe.each(ACTORS)('as %s, what waits on a frozen file system', (name) => {
  for (const { how, operation, file, second } of CASES) {
    it(`is told with its path and its mount: ${how} ${operation}`, async (context) => {
      skipUnless(context, 'loop', 'freeze', 'ioUring');
      const missing = actorMissing(name);
      if (missing !== undefined) context.skip(missing);
      const directory = frozenFileSystem(context);
      const args = [how, operation, directory, file];
      const { pid } = await startVictim(context, actor(name), 'paths', args, { busy: true });
      const held = () => tasksOf(pid).find(({ state }) => state === 'D');
      await until(() => held() !== undefined, `${operation} waits`);

      const sample = await inspect(actor(name), pid);

      const [named, ...others] = sample.namedFiles ?? [];
      expect(others).toEqual([]);
      expect(named).toMatchObject({
        task: held()?.tid,
        path: `${directory}/${file}`,
        mount: directory,
        fsType: 'ext4',
        blockDevice: expect.stringMatching(/^loop\d+$/),
      });
      expect(named?.newPath).toBe(second && `${directory}/${second}`);
      // The kernel's own copy is as it was given; what the program's memory has may have changed since.
      const fromMemory = how === 'ring' && (name !== 'root' || needs.kernelMemory() !== undefined);
      expect(named?.later).toBe(fromMemory ? true : undefined);
      const { summary, severity } = answerOf(sample);
      expect(severity).toBe('critical');
      expect(summary).toContain(`${directory}/${file}`);
      expect(summary).toContain(`file system at ${directory} is frozen`);
    });
  }
});
