import { programName } from '../../explain/programName';
import { printable } from '../../model/printable';
import type { Request, Sample, Task } from '../../model/sample';

/**
 * A Sample as collapsed stacks, a line "outermost;…;innermost COUNT" each, as flame graph programs read them: of every task with a
 * stack the user's frames and then the kernel's, marked `_[k]`; of every pending request that leads to code who waits for it.
 */
export function collapsedStacks(sample: Sample): string {
  const root = frame(programName(sample.process));
  const counts = new Map<string, number>();
  for (const stack of [...sample.tasks.flatMap(stackOf), ...sample.requests.flatMap(originOf)]) {
    const line = [root, ...stack].join(';');
    counts.set(line, (counts.get(line) ?? 0) + 1);
  }
  return [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([line, count]) => `${line} ${count}\n`)
    .join('');
}

function stackOf({ name, kind, userStack = [], kernelStack = [] }: Task): string[][] {
  if (userStack.length + kernelStack.length === 0) return [];
  const user = userStack.map((one) => frame(one.function)).reverse();
  const kernel = kernelStack.map((one) => `${frame(one.function)}_[k]`).reverse();
  return [[frame(kind === 'thread' ? name : kind), ...user, ...kernel]];
}

/** Who waits stands outermost, as in a call. */
function originOf({ operation, origin = [] }: Request): string[][] {
  const recorded = origin.filter(({ kind }) => kind === 'recorded');
  const told = recorded.length > 0 ? recorded : origin.filter(({ kind }) => kind !== 'number');
  const steps = told.map((step) => frame(step.function));
  return steps.length === 0 ? [] : [[...steps.reverse(), `[${frame(operation)} pending]`]];
}

/** Semicolons and line ends part frames and stacks; the count stands behind the last space. */
export function frame(name: string): string {
  return printable(name, 300).replaceAll(';', ':').trim() || '?';
}
