import { isLastOfTruth, type ToldTruth, truthFrom } from '../../real/support/truth';
import type { Machine } from './machine';
import { startProgram, type Testing, type VictimOptions } from './victim';

/**
 * Starts `truth SCENE …` on a test machine and waits until all is in place. It is ended when the test is; the test is
 * skipped by the program's own reason when this kernel cannot have the scene. `words`: what stands behind `truth`.
 */
export async function startTruth(
  running: Testing,
  machine: Machine,
  words: readonly string[],
  options: Pick<VictimOptions, 'as'> = {},
): Promise<ToldTruth> {
  const { lines } = await startProgram(running, machine, ['truth', ...words], {
    ...options,
    isLast: isLastOfTruth,
  });
  return truthFrom(running, lines);
}
