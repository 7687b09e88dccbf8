import { describe, expect, it } from 'vitest';
import { actor } from './support/actor';
import { ENGINES, INSIDE, startWith } from './support/engines';
import { answerOf, inspect, run, sampleFrom } from './support/inspect';
import { statusOf, tasksOf } from './support/proc';
import { skipUnless } from './support/rights';

const FIFOS = ['ring_victim', 'fifo-open'] as const;

describe.each(ENGINES.map((engine) => [engine.name, engine] as const))(
  'a process in a container of %s',
  (_, engine) => {
    it('is named with it, from outside by the host’s pids, and by its own through the engine', async (context) => {
      skipUnless(context, engine.need, 'ioUring');
      const who = actor('root');
      const { pid, label, enter } = await startWith(context, engine, FIFOS, 4);
      const sample = await inspect(who, pid);
      expect(sample.process).toMatchObject({
        container: expect.stringMatching(label),
        namespacePids: statusOf(pid, 'NSpid')?.split(/\s+/).map(Number),
      });
      expect(sample.process.namespacePids).toHaveLength(2);
      const workers = tasksOf(pid).filter(({ comm }) => comm.startsWith('iou-wrk-'));
      const carried = sample.requests.map(({ worker }) => worker).sort((a = 0, b = 0) => a - b);
      expect(carried).toEqual(workers.map(({ tid }) => tid));
      expect(answerOf(sample).summary).toContain(`4 opens on ${INSIDE} wait for another program`);
      expect(sample.notVisible).toEqual([]);

      if (enter === undefined) return;
      const command = ['--command', enter.join(' ')];
      const inside = sampleFrom(await run(who, ...command, '1', '--json'));
      expect(inside.process).toMatchObject({ pid: 1, name: 'ring_victim' });
      expect(inside.requests).toHaveLength(4);
      expect(answerOf(inside).summary).toMatch(/^4 opens/);
      expect(tasksOf(pid).length, 'the process runs on').toBe(5);
    });
  },
);
