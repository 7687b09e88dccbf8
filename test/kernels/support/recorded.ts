import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Sample } from '../../../src/model/sample';
import { stacksOf } from '../../scoreboard/stacks';

const FILE = join(import.meta.dirname, '../stacks.txt');
const HEAD = '# Kernel stacks of processes stuck on test machines: RECORD=1 npm run test:kernels';

const known = new Map<string, string>();

/** Keeps the stacks of a Sample, each the first time it is seen; with $RECORD, which writes all of the run. */
export function record(release: string, name: string, sample: Sample): void {
  if (process.env['RECORD'] === undefined) return;
  const version = /^\d+\.\d+/.exec(release)?.[0] ?? release;
  for (const stack of stacksOf(sample)) if (!known.has(stack)) known.set(stack, `${version} ${name}`);
  const lines = [...known].map(([stack, whose]) => `${whose}: ${stack}`);
  writeFileSync(FILE, `${[HEAD, ...lines].join('\n')}\n`);
}
