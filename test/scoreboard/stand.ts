import { setTimeout as sleep } from 'node:timers/promises';
import { tasksOf, until } from '../real/support/proc';
import { startVictim, type Victim } from '../real/support/victim';
import type { Stage } from './scenario';

/** Milliseconds of standing still from which on a wait counts as stuck. */
const STILL = 1200;

/** A scene of ring_victim that has stood still for a second; `task`: once so many of its tasks are in state D. */
export async function ringVictim(stage: Stage, args: readonly string[], inD = 0): Promise<Victim> {
  return still(await startVictim(stage, stage.who, 'ring_victim', args), inD);
}

/** The same of `waits` or `kernel_waits`, which have no ring. */
export async function waiting(
  stage: Stage,
  args: readonly string[],
  inD = 0,
  program: 'waits' | 'kernel_waits' = 'waits',
): Promise<number> {
  const victim = await startVictim(stage, stage.who, program, args, { busy: true });
  return (await still(victim, inD)).pid;
}

/** The same of `mixed`, whose words are things that it does at once; `then` = once it is ready. */
export async function mixing(
  stage: Stage,
  words: readonly string[],
  inD = 0,
  then: () => void = () => undefined,
): Promise<number> {
  const victim = await startVictim(stage, stage.who, 'mixed', words, { busy: true });
  then();
  return (await still(victim, inD)).pid;
}

async function still(victim: Victim, inD: number): Promise<Victim> {
  const blocked = () => tasksOf(victim.pid).filter(({ state }) => state === 'D').length;
  await until(() => blocked() >= inD, `${inD} tasks of ${victim.pid} in state D`);
  await sleep(STILL);
  return victim;
}

export async function standStill(): Promise<void> {
  await sleep(STILL);
}
