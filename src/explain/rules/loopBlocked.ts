import type { Ring, Sample } from '../../model/sample';
import type { Blocked } from '../blocking';
import { type Place, placesOf } from '../listedRequests';
import { type Rule, type Scene, standsStill } from '../rule';
import { indexOf, resourceOf } from '../sampleIndex';
import { counted, processName, resourceName, ringName, sentence } from '../words';

/**
 * "Thread lxc-start (7) is blocked in read on /dev/pts/0, for which ring 1 (fd 5) has a poll armed: until there is input nobody serves
 * the ring." An event loop that believed a readiness that was none, or was gone. Only where no other thread may serve the ring.
 */
export const loopBlocked: Rule = {
  tag: 'loop-blocked',
  check(scene) {
    for (const blocked of scene.blocked) {
      const polls = pollsOfSameFile(scene.sample, blocked);
      const ring = ringOf(scene.sample, polls);
      if (!ring || othersMayServe(scene, blocked)) continue;
      const still = standsStill(scene, blocked.task);
      if (still === undefined) return 'look again';
      if (still) return [finding(scene.sample, blocked, ring, polls)];
    }
    return [];
  },
};

/** Calls that ask for what a poll for input tells. */
const READS = /^(read|readv|pread64|preadv2?|recv|recvfrom|recvmsg|accept|accept4)$/;

function pollsOfSameFile(sample: Sample, { task, on }: Blocked): readonly Place[] {
  const { fd } = on;
  if (task.kind !== 'thread' || fd === undefined || !READS.test(task.syscall?.name ?? '')) return [];
  const file = indexOf(sample).resources.get(fd);
  if (!file) return [];
  return placesOf(sample, (request) => {
    if (request.state !== 'polling' || request.operation !== 'POLL_ADD') return false;
    return request.fd === fd || resourceOf(sample, request) === file;
  });
}

function ringOf({ rings }: Sample, [first]: readonly Place[]): Ring | undefined {
  return first && rings.find(({ id }) => id === first.request.ring);
}

/** Every other thread waits for one of its own program, as the threads of a pool do. */
function othersMayServe({ sample, blocked }: Scene, { task }: Blocked): boolean {
  const waits = new Set(blocked.flatMap((one) => (one.cause === 'futex' ? [one.task.tid] : [])));
  return sample.tasks.some(({ tid, kind }) => kind === 'thread' && tid !== task.tid && !waits.has(tid));
}

function finding(sample: Sample, { task, on }: Blocked, ring: Ring, polls: readonly Place[]) {
  const file = on.fd === undefined ? undefined : indexOf(sample).resources.get(on.fd);
  const name = file ? resourceName(file, sample.process.pid) : `descriptor ${on.fd}`;
  const many = polls.length === 1 ? 'a poll' : counted(polls.length, 'poll');
  return {
    tag: 'loop-blocked',
    severity: 'warning' as const,
    summary: sentence(
      `thread ${processName({ pid: task.tid, name: task.name })} is blocked in ${task.syscall?.name} on ${name}, for which ${ringName(ring)} has ${many} armed: until something comes nobody serves the ring.`,
    ),
    explanation: `It is blocked in ${on.function}. A poll says that a file was ready when it was looked at, and a multishot poll may say so once more than there is something to read; a blocking call then stops the whole event loop.`,
    remedy:
      'Make the descriptor non-blocking (O_NONBLOCK) and take EAGAIN for “not yet”, or let the ring itself read (IORING_OP_READ) instead of polling.',
    evidence: [
      { task: task.tid },
      { ring: ring.id },
      ...(on.fd === undefined ? [] : [{ fd: on.fd }]),
      ...polls.map(({ index }) => ({ request: index })),
    ],
  };
}
