import type { OtherFiles } from './otherFiles';
import { counted } from './words';

/** "all 8 workers are taken"; where others than the `held` ones hold some: "…, 1 of them by this". */
export function allTaken(taken: number, held: number): string {
  const by = held < taken ? `, ${held} of them by this` : '';
  return `all ${counted(taken, 'worker')} ${taken === 1 ? 'is' : 'are'} taken${by}`;
}

/** "92 more requests cannot start before one is free, 40 of those for other files: /srv/a and /srv/b". */
export function cannotStart(count: number, { text, names }: OtherFiles): string {
  const others = text === '' ? '' : `, ${text}${names}`;
  return `${counted(count, 'more request')} cannot start before one is free${others}`;
}
