import type { Scenario } from './scenario';
import { FILES } from './scenarios/files';
import { HEALTHY } from './scenarios/healthy';
import { OPERATIONS } from './scenarios/operations';
import { PATHS } from './scenarios/paths';
import { PROCESSES } from './scenarios/processes';
import { RINGS } from './scenarios/rings';
import { WAITS } from './scenarios/waits';

export const SCENARIOS: readonly Scenario[] = [
  ...RINGS,
  ...WAITS,
  ...FILES,
  ...PATHS,
  ...OPERATIONS,
  ...PROCESSES,
  ...HEALTHY,
];
