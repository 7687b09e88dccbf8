import type { Task } from '../../model/sample';
import type { Blocked } from '../blocking';
import { type Rule, standsStill } from '../rule';
import { counted, operationNoun, processName, sentence } from '../words';

/**
 * "Thread b (8) waits for the lock of its ring, which thread a (7) holds while its read waits for the disk." The holder is
 * the task that is blocked below io_submit_sqes.
 */
export const ringLock: Rule = {
  tag: 'ring-lock',
  check(scene) {
    const waiters = scene.blocked.filter(({ cause }) => cause === 'ring lock');
    const stills = waiters.map(({ task }) => standsStill(scene, task));
    if (stills.includes(undefined)) return 'look again';
    const stuck = waiters.filter((_, index) => stills[index]);
    const [first] = stuck;
    if (!first) return [];
    const tids = new Set(waiters.map(({ task }) => task.tid));
    const holders = scene.blocked.filter(
      ({ task }) => !tids.has(task.tid) && submits(task) && stuck.some((one) => mayShareRing(one.task, task)),
    );
    const [holder] = holders;
    const named = holders.length === 1 && holder ? holder : undefined;
    const who =
      stuck.length === 1 ? `thread ${nameOf(first.task)} waits` : `${counted(stuck.length, 'thread')} wait`;
    const what =
      first.on.subsystem === 'io_uring SQPOLL' ? 'the submission thread' : 'the lock of an io_uring ring';
    const by = named ? `, which thread ${nameOf(named.task)} holds while ${doing(named)}` : '';
    return [
      {
        tag: 'ring-lock',
        severity: 'critical',
        summary: sentence(`${who} for ${what}${by}.`),
        explanation: `${sentence(counted(stuck.length, 'task'))} ${stuck.length === 1 ? 'is' : 'are'} blocked in ${first.on.function}, uninterruptibly. One task at a time may submit to a ring; while the one inside does not come back, nobody can submit to it and /proc prints nothing of it.`,
        remedy: named
          ? `What thread ${named.task.tid} waits for is the cause. IOSQE_ASYNC hands such requests to a worker, which holds no lock.`
          : first.advice,
        evidence: [...stuck, ...holders].map(({ task }) => ({ task: task.tid })),
      },
    ];
  },
};

function submits({ kernelStack = [], operation }: Task): boolean {
  return operation !== undefined && kernelStack.some((frame) => frame.function.startsWith('io_submit_sqes'));
}

/** False where both name their ring by another number: a descriptor, or an index among registered ones. */
function mayShareRing(a: Task, b: Task): boolean {
  const [one, other] = [a, b].map(({ syscall }) =>
    syscall?.name?.startsWith('io_uring_') ? syscall.args[0] : undefined,
  );
  return one === undefined || other === undefined || one === other;
}

/** "its read waits for …". */
function doing({ task, on }: Blocked): string {
  return `its ${operationNoun(task.operation ?? 'UNKNOWN')} ${on.text}`;
}

const nameOf = ({ tid, name }: Task): string => processName({ pid: tid, name });
