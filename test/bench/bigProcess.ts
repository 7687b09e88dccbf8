import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { takeSample } from '../../src/sample/takeSample';
import { PROGRAMS } from '../real/support/programs';
import { alternate, type Benchmark, median, milliseconds, timed } from './figures';
import { recording, withVictim } from './target';

const GOAL = 1.5;
const FILES = { walk: false } as const;
/** Looks until the engine has compiled what is used often. */
const WARM_UP = 20;

/**
 * One Sample of 1,000 threads and 100 rings against a C program that reads the same files and does nothing else. The kernel's own
 * structures are no files: what walking them takes beyond that is told apart.
 */
export const bigProcess: Benchmark = ({ rounds }) =>
  withVictim('crowd', ['1000', '100'], async ({ pid }, target) => {
    const steps: string[] = [];
    const begun = performance.now();
    const sample = await takeSample(recording(target, steps), pid, FILES);
    const first = performance.now() - begun;
    if (sample.tasks.length < 1000 || sample.rings.length !== 100)
      throw new Error(`the Sample has ${sample.tasks.length} tasks and ${sample.rings.length} rings`);
    const reader = startReadproc(steps);
    try {
      for (let round = 0; round < WARM_UP; round++) await takeSample(target, pid, FILES);
      const [ours, theirs] = await alternate(
        rounds * 3,
        () => timed(() => takeSample(target, pid, FILES)),
        () => reader.round(),
      );
      const ratio = median(ours) / median(theirs);
      for (let round = 0; round < WARM_UP; round++) await takeSample(target, pid);
      const walked: number[] = [];
      for (let round = 0; round < rounds; round++) walked.push(await timed(() => takeSample(target, pid)));
      return [
        { name: `readproc.c: ${steps.length} reads in /proc`, value: milliseconds(median(theirs)) },
        { name: 'the first Sample, while the engine still compiles us', value: milliseconds(first) },
        { name: 'a Sample after some (1,000 threads, 100 rings)', value: milliseconds(median(ours)) },
        { name: 'ratio of the latter', value: ratio.toFixed(2), goal: `≤ ${GOAL}`, met: ratio <= GOAL },
        { name: 'with a walk of the kernel’s structures', value: milliseconds(median(walked)) },
      ];
    } finally {
      reader.end();
    }
  });

/** The C program, which goes through the steps once for each line it gets. */
function startReadproc(steps: readonly string[]) {
  const child = spawn(join(PROGRAMS, 'readproc'), [], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  child.stdin.write(`${steps.join('\n')}\n\n`);
  return {
    round: async (): Promise<number> => {
      child.stdin.write('again\n');
      const { value, done } = await lines.next();
      if (done === true) throw new Error('readproc ended');
      return Number(value);
    },
    end: () => child.stdin.end(),
  };
}
