import { describe, expect, it } from 'vitest';
import { look } from '../../src/inspect/look';
import type { Sample } from '../../src/model/sample';
import { beyondSight, expectTruth } from '../real/support/expectTruth';
import type { TruthRow } from '../real/support/truth';
import { nameOf, TRUTH_SCENES, type TruthScene } from '../real/support/truthScenes';
import type { Facts } from './support/facts';
import { mountHangfs } from './support/mounts';
import { onKernels } from './support/onKernels';
import { startTruth } from './support/truth';

/** One of each kind, where a kernel is looked at in passing; all of them where it was asked for. */
const QUICK = {
  root: [
    ...[
      'polls',
      'queued',
      'link-timeouts',
      'drain',
      'zero-copy',
      'operands',
      'fixed',
      'forked',
      'overflowed',
    ],
    ...['half-overwritten', 'skip-success', 'shared-user-data', 'hashed', 'buffered', 'issued', 'mix'],
    ...['issued-overwritten', 'mix sqe128', 'mix sqpoll cqe32 closedfd', 'task-work defer'],
  ],
  user: ['mix', 'overflowed', 'half-overwritten', 'mix sqpoll cqe32 closedfd'],
};

onKernels((kernel) => {
  describe.each(['root', 'user'] as const)('as %s, the list of requests is the truth of', (who) => {
    const wanted = TRUTH_SCENES.filter((scene) => kernel.thorough || QUICK[who].includes(nameOf(scene)));
    const cases = wanted.map((scene) => [nameOf(scene), scene] as const);

    it.for(cases)('%s', async ([, scene], context) => {
      const machine = await kernel.machine(context);
      const { file } = scene;
      if (file !== undefined && who === 'user') context.skip('needs root: only root mounts here');
      const path = file && `${(await mountHangfs(context, machine)).mount}/${file}1`;
      const words = [scene.scene, ...(path === undefined ? [] : [path]), ...scene.setup];
      const as = who === 'user' ? { as: who } : {};
      const truth = await startTruth(context, machine, words, as);
      const target = who === 'user' ? await machine.asUser() : machine.target;

      for (const pid of [truth.pid, ...truth.also]) {
        const sample = await look(target, pid, { walk: { search: {} } });
        expect(sample.rights.kernelWalk).toBe(who === 'root' && kernel.facts.walk);
        const reason = beyondSight(sample, scene);
        if (reason !== undefined) context.skip(reason);
        const rows = inOrderOf(kernel.facts, scene, truth.rows);
        if (kernel.facts.listsOverflow) expectTruth(sample, rows, scene);
        else expectWithoutOverflow(sample, rows, scene);
      }
    });
  });
});

/** What was tried again and cannot be done at once goes to the workers: there the last may be the first. */
function inOrderOf(facts: Facts, { file }: TruthScene, rows: readonly TruthRow[]): readonly TruthRow[] {
  if (file !== 'hang' || !facts.retriesNewestFirst) return rows;
  return rows.map((row, index) => ({ ...row, state: rows.at(-1 - index)?.state ?? row.state }));
}

/** Nothing lists what found no room in the queue: it says so, and what the ring still holds of it stays in doubt. */
function expectWithoutOverflow(sample: Sample, rows: readonly TruthRow[], scene: TruthScene): void {
  const listed = rows.filter(({ state }) => state !== 'overflowed');
  const hidden = rows.length - listed.length;
  expectTruth(sample, listed, hidden === 0 ? scene : { ...scene, doubtful: hidden });
  const untold = sample.notVisible.filter(({ what }) => what.startsWith('completions without room'));
  expect(untold).toHaveLength(hidden === 0 ? 0 : 1);
}
