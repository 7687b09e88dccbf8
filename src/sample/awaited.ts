import type { Sample } from '../model/sample';
import type { Target } from '../target/target';
import { awaitsChild, readChildren } from './children';
import { awaitedWords, readFutexes } from './futexes';

/** The children and the words of memory that something of the process waits for. Nothing is read where nothing waits. */
export async function readAwaited(
  target: Target,
  sample: Sample,
): Promise<Pick<Sample, 'children' | 'futexes'>> {
  const [children, futexes] = await Promise.all([
    awaitsChild(sample) ? readChildren(target, sample) : [],
    awaitedWords(sample).length > 0 ? readFutexes(target, sample) : [],
  ]);
  return {
    ...(children.length > 0 ? { children } : {}),
    ...(futexes.length > 0 ? { futexes } : {}),
  };
}
