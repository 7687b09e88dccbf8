import type { Scenario } from './scenario';
import { FILES } from './scenarios/files';
import { HEALTHY } from './scenarios/healthy';
import { PATHS } from './scenarios/paths';
import { PROCESSES } from './scenarios/processes';
import { RINGS } from './scenarios/rings';
import { WAITS } from './scenarios/waits';

export const SCENARIOS: readonly Scenario[] = [
  ...RINGS,
  ...WAITS,
  ...FILES,
  ...PATHS,
  ...PROCESSES,
  ...HEALTHY,
];
