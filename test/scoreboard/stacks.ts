import { readFileSync, writeFileSync } from 'node:fs';
import type { Sample } from '../../src/model/sample';

/** A real kernel stack: of which scenario, and its functions from the innermost one outwards. */
export interface RecordedStack {
  readonly scenario: string;
  readonly functions: readonly string[];
}

/** Lines of "scenario: function < function"; lines that start with # say where they are from. */
export function readStacks(file: string): RecordedStack[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [scenario = '', stack = ''] = line.split(': ');
      return { scenario, functions: stack.split(' < ') };
    });
}

/** The stacks of everything that sleeps in a Sample, each once. */
export function stacksOf(sample: Sample): string[] {
  const stacks = sample.tasks
    .filter(({ state }) => state !== 'R')
    .map(({ kernelStack = [] }) => kernelStack.map((frame) => frame.function).join(' < '));
  return [...new Set(stacks)].filter((stack) => stack !== '');
}

export function writeStacks(file: string, kernel: string, stacks: readonly string[]): void {
  const head = `# Kernel stacks of the scoreboard's scenarios, Linux ${kernel}: npm run scoreboard -- --record`;
  writeFileSync(file, `${[head, ...stacks].join('\n')}\n`);
}
