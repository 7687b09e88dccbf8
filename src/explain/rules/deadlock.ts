import type { Finding, Task } from '../../model/sample';
import { isTimed, lockHolderOf } from '../awaitedThings';
import { type Rule, type Scene, standsStill } from '../rule';
import { counted, joined, processName, sentence } from '../words';

/** Threads that are named one by one. */
const MOST = 4;

/**
 * "Threads reader (8) and writer (9) wait for each other: each waits for a mutex that the next one holds." A circle of
 * mutexes whose words tell who holds them; a thread that locks twice is a circle of one.
 */
export const deadlock: Rule = {
  tag: 'deadlock',
  check(scene) {
    const circles = circlesOf(scene);
    if (circles.some((circle) => circle.some((task) => standsStill(scene, task) === undefined)))
      return 'look again';
    return circles
      .filter((circle) => circle.every((task) => standsStill(scene, task)))
      .map((circle) => finding(scene, circle));
  },
};

/** Each circle once, from the thread in it with the lowest number of a place. Timed waits end by themselves. */
function circlesOf({ sample, blocked }: Scene): Task[][] {
  const next = new Map<number, number>();
  const tasks = new Map<number, Task>();
  for (const { task, cause } of blocked) {
    const holder = task.kind === 'thread' && !isTimed(task) ? lockHolderOf(sample, task, cause) : undefined;
    if (!holder) continue;
    tasks.set(task.tid, task);
    next.set(task.tid, holder.pid);
  }
  const seen = new Set<number>();
  const circles: Task[][] = [];
  for (const start of next.keys()) {
    const path: number[] = [];
    let at: number | undefined = start;
    for (; at !== undefined && !seen.has(at); at = next.get(at)) {
      seen.add(at);
      path.push(at);
    }
    const from = at === undefined ? -1 : path.indexOf(at);
    if (from >= 0) circles.push(path.slice(from).flatMap((tid) => tasks.get(tid) ?? []));
  }
  return circles;
}

function finding({ sample, blocked }: Scene, circle: readonly Task[]): Finding {
  const who = circle.slice(0, MOST).map(({ tid, name }) => processName({ pid: tid, name }));
  const names = joined(circle.length > MOST ? [...who, `${circle.length - MOST} more`] : who);
  const inside = new Set(circle.map(({ tid }) => tid));
  const behind = blocked.filter(({ task, cause }) => {
    const holder = lockHolderOf(sample, task, cause);
    return !inside.has(task.tid) && holder !== undefined && inside.has(holder.pid);
  });
  const alone = circle.length === 1;
  const more =
    behind.length === 0
      ? ''
      : ` ${sentence(counted(behind.length, 'more thread'))} ${behind.length === 1 ? 'waits' : 'wait'} for a mutex that ${alone ? 'it holds' : 'one of them holds'}.`;
  return {
    tag: 'deadlock',
    severity: 'critical',
    summary: alone
      ? `Thread ${names} waits for a mutex that it holds itself: it would wait for ever.`
      : `Threads ${names} wait for each other, each for a mutex that the next one holds: they would wait for ever.`,
    explanation: `Who holds a mutex is told by its word in the program’s memory: the tid that the kernel, a robust mutex or the C library keeps there.${more}`,
    remedy: alone
      ? 'Do not lock it twice, or make it a recursive mutex (PTHREAD_MUTEX_RECURSIVE).'
      : 'Take the mutexes in the same order everywhere. Only the end of the process frees these threads.',
    evidence: [...circle, ...behind.map(({ task }) => task)].map(({ tid }) => ({ task: tid })),
  };
}
