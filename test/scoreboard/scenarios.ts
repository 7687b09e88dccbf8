import type { Scenario } from './scenario';
import { AT_WORK } from './scenarios/atWork';
import { FILES } from './scenarios/files';
import { HEALTHY } from './scenarios/healthy';
import { MIXED } from './scenarios/mixed';
import { PROCESSES } from './scenarios/processes';
import { RINGS } from './scenarios/rings';
import { WAITS } from './scenarios/waits';

export const SCENARIOS: readonly Scenario[] = [
  ...RINGS,
  ...WAITS,
  ...FILES,
  ...PROCESSES,
  ...MIXED,
  ...HEALTHY,
  ...AT_WORK,
];
