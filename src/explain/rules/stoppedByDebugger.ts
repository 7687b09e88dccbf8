import type { Sample, Task } from '../../model/sample';
import { isInFlight } from '../requestStates';
import { type Rule, type Scene, standsStill } from '../rule';
import { counted, processName } from '../words';

/** A tracer that only watches (strace) lets go of it sooner. Seconds. */
const LEAST = 0.1;

/**
 * "server (7) is stopped by its debugger, process 9: the completions of its 3 pending requests wait until it continues." Somebody
 * means it to stand there, so it is no alarm. A ptrace stop (state t) runs no task work, in which the kernel ends most requests.
 */
export const stoppedByDebugger: Rule = {
  tag: 'in-debugger',
  check(scene) {
    const { sample } = scene;
    const stopped = sample.tasks.filter((task) => isStoppedByDebugger(task) && isHeld(scene, task));
    if (stopped.length === 0) return [];
    const threads = sample.tasks.filter(({ kind }) => kind === 'thread').length;
    const whole = stopped.length >= threads;
    const pending = requestsOf(sample, stopped);
    const who = whole
      ? processName(sample.process)
      : `${counted(stopped.length, 'thread')} of ${processName(sample.process)}`;
    const verb = whole || stopped.length === 1 ? 'is' : 'are';
    const { tracer } = sample.process;
    const by = tracer === undefined ? 'a debugger' : `its debugger, process ${tracer}`;
    return [
      {
        tag: 'in-debugger',
        severity: 'info',
        summary: `${who} ${verb} stopped by ${by}${waiting(pending.length, whole || stopped.length === 1)}.`,
        explanation: [
          'What is stopped by ptrace runs no task work, and in that the kernel ends most requests of io_uring: what gets ready meanwhile is completed once it continues.',
          wokenSentence(sample, pending),
        ]
          .filter(Boolean)
          .join(' '),
        remedy:
          'Continue it in the debugger. If nobody debugs it, look at what the tracing process waits for.',
        evidence: [...stopped.map(({ tid }) => ({ task: tid })), ...pending.map((request) => ({ request }))],
      },
    ];
  },
};

export function isStoppedByDebugger({ state }: Pick<Task, 'state'>): boolean {
  return state === 't';
}

function isHeld(scene: Scene, task: Task): boolean {
  return (task.blocked ?? 0) >= LEAST || standsStill(scene, task) === true;
}

function waiting(count: number, one: boolean): string {
  const it = one ? 'it continues' : 'they continue';
  if (count === 0)
    return one ? ', and runs nothing until it continues' : ', and run nothing until they continue';
  return count === 1
    ? `: the completion of its pending request waits until ${it}`
    : `: the completions of its ${counted(count, 'pending request')} wait until ${it}`;
}

/** Indexes of the requests that a stopped thread must end; a ring's submission thread (SQPOLL) is the kernel's and goes on. */
function requestsOf({ requests, rings }: Sample, stopped: readonly Task[]): readonly number[] {
  const tids = new Set(stopped.map(({ tid }) => tid));
  const polled = new Set(rings.flatMap(({ id, setup }) => (setup.includes('SQPOLL') ? [id] : [])));
  return requests.flatMap((request, index) => {
    const { ring, submitter } = request;
    const here = submitter === undefined ? ring === null || !polled.has(ring) : tids.has(submitter);
    return isInFlight(request) && here ? [index] : [];
  });
}

/** As the walk of the kernel's lists words the stage of what has work queued for its thread. */
const WOKEN = /^has been woken |to run its completion$/;

function wokenSentence({ requests }: Sample, pending: readonly number[]): string {
  const woken = pending.filter((index) => WOKEN.test(requests[index]?.stage ?? '')).length;
  if (woken === 0) return '';
  return woken === 1
    ? 'One of them has been woken already and waits for just that.'
    : `${woken} of them have been woken already and wait for just that.`;
}
