import type { Origin } from '../../model/request';
import type { Code } from './code';

export interface FutureFound {
  readonly origins: readonly Origin[];
  /** Debug information has confirmed it. */
  readonly isCertain: boolean;
}

export async function futureBehind(
  _code: Code,
  _table: number,
  _beside: readonly (number | undefined)[],
  _found: string,
): Promise<FutureFound | undefined> {
  return undefined;
}
