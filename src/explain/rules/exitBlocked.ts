import type { Sample, Task } from '../../model/sample';
import { endsWithAio } from '../aio';
import type { Blocked } from '../blocking';
import { type Rule, type Scene, standsStill } from '../rule';
import { counted, inPlural, joined, operationCounts, processName, sentence } from '../words';

/** Kinds of waits that a sentence has room for. */
const MOST = 3;

/**
 * "Thread server (7) is ending and waits for its io-wq workers to end: 1 read waits for a timer." A process that cannot go,
 * even killed, because one of its workers cannot.
 */
export const exitBlocked: Rule = {
  tag: 'exit-blocked',
  check(scene) {
    const pollers = scene.sample.tasks.flatMap((task) => endingPoller(scene.sample, task) ?? []);
    const waiting = scene.blocked.filter(({ cause, task }) => cause === 'exit' && task.kind !== 'sqpoll');
    const ending = [...waiting, ...pollers];
    const stills = ending.map(({ task }) =>
      task.kind === 'sqpoll' ? goesOn(scene, task) : standsStill(scene, task),
    );
    if (stills.includes(undefined)) return 'look again';
    const stuck = ending.filter((_, index) => stills[index]);
    const [first] = stuck;
    if (!first) return [];
    const held = scene.blocked.filter(
      ({ task, on }) => task.kind === 'worker' && (!on.idle || task.operation !== undefined),
    );
    const who = stuck.length === 1 ? `thread ${nameOf(first.task)}` : counted(stuck.length, 'thread');
    const text = stuck.length === 1 ? first.on.text : inPlural(first.on.text);
    const waits = byWait(held);
    const told = waits.slice(0, MOST).map(([on, workers]) => wording(on, workers));
    const disk = endsWithAio(scene.sample, first);
    if (disk !== undefined) told.push(disk);
    const rest = waits.slice(MOST).reduce((sum, [, workers]) => sum + workers.length, 0);
    if (rest > 0) told.push(`${counted(rest, 'more worker')} ${rest === 1 ? 'waits' : 'wait'} elsewhere`);
    return [
      {
        tag: 'exit-blocked',
        severity: 'critical',
        summary: sentence(`${who} ${text}${told.length > 0 ? `: ${joined(told)}` : ''}.`),
        explanation: `${first.task.kind === 'sqpoll' ? 'The program itself has ended (state Z), its submission thread has not.' : `It is blocked in ${first.on.function}.`} A process ends only when the last of its requests has; a signal was delivered already and changes nothing.${held.length > 0 ? ` ${sentence(counted(held.length, 'io-wq worker'))} ${held.length === 1 ? 'is' : 'are'} still at work.` : ''}`,
        remedy: remedyFor(held[0]) ?? first.advice,
        evidence: [...stuck, ...held].map(({ task }) => ({ task: task.tid })),
      },
    ];
  },
};

/**
 * A submission thread that ends, and all of the program has: it wakes up time and again while it waits, for the signal that ends it is
 * pending (io_uring_cancel_generic, 6.18). What a running task is inside of is not read.
 */
export function endingPoller({ tasks }: Sample, task: Task): Blocked | undefined {
  // Before all threads are gone through: it is asked of each of thousands.
  if (task.kind !== 'sqpoll') return undefined;
  const threads = tasks.filter(({ kind }) => kind === 'thread');
  const ended = threads.length > 0 && threads.every(({ state }) => state === 'Z' || state === 'X');
  if (!ended) return undefined;
  return {
    task,
    on: {
      function: 'io_uring_cancel_generic',
      subsystem: 'io_uring exit',
      text: 'is ending and waits for its requests, keeping a processor busy',
      wake: 'uninterruptible',
    },
    cause: 'exit',
    advice: 'A request that cannot be cancelled holds up the end of the process.',
  };
}

function goesOn({ other, last }: Scene, { tid }: Task): boolean | undefined {
  if (!other) return last ? true : undefined;
  return other.tasks.some((task) => task.tid === tid && endingPoller(other, task) !== undefined);
}

/** Of a wait that is everyday elsewhere there is nothing to mend but that it outlasts its thread. */
function remedyFor(held: Blocked | undefined): string | undefined {
  if (!held?.on.idle) return held?.advice;
  return 'Let what the worker waits for happen. In the program: end or cancel requests (IORING_OP_ASYNC_CANCEL) before their thread ends.';
}

function byWait(held: readonly Blocked[]): [string, Blocked[]][] {
  const waits = new Map<string, Blocked[]>();
  for (const blocked of held) waits.set(blocked.on.text, [...(waits.get(blocked.on.text) ?? []), blocked]);
  return [...waits].sort((a, b) => b[1].length - a[1].length);
}

/** "worker 12 (read) waits for …", "3 reads wait for …". */
function wording(text: string, workers: readonly Blocked[]): string {
  const [only] = workers;
  const operations = operationCounts(workers.map(({ task }) => task.operation ?? 'UNKNOWN'));
  return workers.length === 1 && only
    ? `${operations} in worker ${only.task.tid} ${text}`
    : `${operations} ${inPlural(text)}`;
}

const nameOf = ({ tid, name }: Task): string => processName({ pid: tid, name });
