import { spawnSync } from 'node:child_process';
import type { Sample } from '../../src/model/sample';
import { takeSample } from '../../src/sample/takeSample';
import { actor } from '../real/support/actor';
import { alternate, type Benchmark, median, milliseconds, timed } from './figures';
import { withVictim } from './target';

const GOAL = 5;

/** Looks until the engine has compiled what is used often. */
const WARM_UP = 100;

/** One Sample of 20 threads and 2 rings: what the command line takes beyond loading itself, and what a further look takes. */
export const typicalProcess: Benchmark = ({ rounds }) =>
  withVictim('crowd', ['20', '2'], async ({ pid }, target) => {
    const { node, cli } = actor('root');
    const wall = (...args: string[]) =>
      timed(async () => {
        const run = spawnSync(node, [cli, ...args], { stdio: 'ignore' });
        if (run.status !== 0) throw new Error(`${cli} ${args.join(' ')} ended with ${run.status}`);
      });
    const [whole, loading] = await alternate(
      Math.max(rounds, 1),
      () => wall(String(pid), '--json'),
      () => wall('--help'),
    );
    const beyond = median(whole.map((value, round) => value - (loading[round] ?? 0)));
    const looks: number[] = [];
    let previous: Sample | undefined;
    for (let round = 0; round < WARM_UP + rounds * 3; round++) {
      looks.push(
        await timed(async () => {
          previous = await takeSample(target, pid, { previous });
        }),
      );
    }
    const further = median(looks.slice(WARM_UP));
    return [
      { name: 'node loads the command line (--help)', value: milliseconds(median(loading)) },
      {
        name: 'PID --json beyond that (20 threads, 2 rings)',
        value: milliseconds(beyond),
        goal: `< ${GOAL} ms`,
        met: beyond < GOAL,
      },
      {
        name: `a further look of an inspector that runs (after ${WARM_UP})`,
        value: milliseconds(further),
        goal: `< ${GOAL} ms`,
        met: further < GOAL,
      },
    ];
  });
