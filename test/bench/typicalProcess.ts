import { spawnSync } from 'node:child_process';
import type { Sample } from '../../src/model/sample';
import { takeSample } from '../../src/sample/takeSample';
import { actor } from '../real/support/actor';
import { alternate, type Benchmark, median, milliseconds, timed } from './figures';
import { withVictim } from './target';

const GOAL = 5;

/** Looks until the engine has compiled what is used often. */
const WARM_UP = 100;

/** Looks of a fresh inspector that count as its first ones. */
const FIRST = 10;

/**
 * One Sample of 20 threads and 2 rings. Starting the process is paid once: node, our program, the probe, and the engine, which runs
 * every line for the first time. What a Sample takes beyond that is told by the looks that follow. A whole look also searches all
 * processes of the host for the other ends of pipes; looks right after it do not.
 */
export const typicalProcess: Benchmark = ({ rounds }) =>
  withVictim('crowd', ['20', '2'], async ({ pid }, target) => {
    const { node, cli } = actor('root');
    const wall = (...args: string[]) =>
      timed(async () => {
        const run = spawnSync(node, [cli, ...args], { stdio: 'ignore' });
        if (run.status !== 0) throw new Error(`${cli} ${args.join(' ')} ended with ${run.status}`);
      });
    const looks: number[] = [];
    for (let round = 0; round < WARM_UP + rounds * 3; round++) {
      looks.push(await timed(() => takeSample(target, pid)));
    }
    const early = median(looks.slice(1, FIRST));
    const later = median(looks.slice(WARM_UP));
    const again: number[] = [];
    let previous: Sample | undefined;
    for (let round = 0; round < rounds * 3; round++) {
      again.push(
        await timed(async () => {
          previous = await takeSample(target, pid, { previous });
        }),
      );
    }
    const [whole, loading] = await alternate(
      Math.max(rounds, 1),
      () => wall(String(pid), '--json'),
      () => wall('--help'),
    );
    const beyond = median(whole.map((value, round) => value - (loading[round] ?? 0)));
    const further = median(again);
    const goal = `< ${GOAL} ms`;
    return [
      { name: 'node loads the command line (--help)', value: milliseconds(median(loading)) },
      { name: 'PID --json beyond that: starts the probe, all code cold', value: milliseconds(beyond) },
      { name: 'a whole look, the very first', value: milliseconds(looks[0] ?? Number.NaN) },
      { name: `a whole look, the 2nd to ${FIRST}th, with a search of the host`, value: milliseconds(early) },
      { name: `a whole look, after ${WARM_UP}, with a search of the host`, value: milliseconds(later) },
      { name: 'a Sample of an inspector that runs', value: milliseconds(further), goal, met: further < GOAL },
    ];
  });
