import type { Task } from '../../model/sample';
import type { Blocked } from '../blocking';
import { kernelAdvice } from '../kernelFaults';
import { type Rule, type Scene, standsStill } from '../rule';
import { counted, operationNoun, processName, sentence } from '../words';

/**
 * "Thread b (8) waits for the lock of its ring, which thread a (7) holds while its read waits for the disk." The holder is
 * the task that is blocked below io_submit_sqes. Where no task of the process can be it, the kernel itself may have lost the lock.
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
    const lost = holders.length === 0 && nobodyInside(scene, tids);
    const by = named
      ? `, which thread ${nameOf(named.task)} holds while ${doing(named)}`
      : lost
        ? ', which no other task of the process holds'
        : '';
    const advice = kernelAdvice(scene.sample.host, 'ring-lock');
    return [
      {
        tag: 'ring-lock',
        severity: 'critical',
        summary: sentence(`${who} for ${what}${by}.`),
        explanation: `${sentence(counted(stuck.length, 'task'))} ${stuck.length === 1 ? 'is' : 'are'} blocked in ${first.on.function}, uninterruptibly. One task at a time may submit to a ring; while the one inside does not come back, nobody can submit to it and /proc prints nothing of it.${lost ? ' None of the other tasks is inside it and could let go: most likely the kernel has lost the lock, and the process can neither go on nor be killed.' : ''}${overflows(scene)}`,
        remedy: [
          named
            ? `What thread ${named.task.tid} waits for is the cause. IOSQE_ASYNC hands such requests to a worker, which holds no lock.`
            : lost
              ? 'Look for a task of the kernel itself below io_ring_exit_work (echo w > /proc/sysrq-trigger lists what is blocked); if there is none, only a restart of the machine ends it.'
              : first.advice,
          lost ? advice : undefined,
        ]
          .filter(Boolean)
          .join(' '),
        evidence: [...stuck, ...holders].map(({ task }) => ({ task: task.tid })),
      },
    ];
  },
};

/** Stacks were read, and every other task waits elsewhere or for work; nor has another process the ring. */
function nobodyInside({ sample, blocked }: Scene, waiters: ReadonlySet<number>): boolean {
  if (
    !sample.rights.kernelStacks ||
    sample.resources.some(({ kind, peers = [] }) => kind === 'io_uring' && peers.length > 0)
  )
    return false;
  const outside = new Set(
    blocked.flatMap(({ task, on }) =>
      task.kernelStack && on.subsystem !== 'unknown' && !submits(task) ? [task.tid] : [],
    ),
  );
  return sample.tasks.every(({ tid }) => waiters.has(tid) || outside.has(tid));
}

/** The overflow list stands still with the lock. */
function overflows({ sample }: Scene): string {
  const count = sample.rings.reduce((sum, ring) => sum + (ring.overflowed ?? 0), 0);
  return count > 0 ? ` ${sentence(counted(count, 'completion'))} had overflowed the completion queue.` : '';
}

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
