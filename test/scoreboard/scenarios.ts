import type { Scenario } from './scenario';
import { AIO } from './scenarios/aio';
import { AT_WORK } from './scenarios/atWork';
import { CASES } from './scenarios/cases';
import { CONTAINERS } from './scenarios/containers';
import { FILES } from './scenarios/files';
import { HEALTHY } from './scenarios/healthy';
import { KERNEL_WAITS } from './scenarios/kernelWaits';
import { LIMITS } from './scenarios/limits';
import { MIXED } from './scenarios/mixed';
import { OPERATIONS } from './scenarios/operations';
import { PATHS } from './scenarios/paths';
import { PEERS } from './scenarios/peers';
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
  ...KERNEL_WAITS,
  ...AIO,
  ...LIMITS,
  ...CASES,
  ...PEERS,
  ...CONTAINERS,
  ...MIXED,
  ...HEALTHY,
  ...AT_WORK,
];
