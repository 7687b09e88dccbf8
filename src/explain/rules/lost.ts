import type { Finding, Request, Ring, Sample } from '../../model/sample';
import { awaitingOf } from '../awaiting';
import { type Place, placesOf } from '../listedRequests';
import { isOnItsWay } from '../requestStates';
import { before, type Rule, type Scene, standsStill } from '../rule';
import { resourceOf } from '../sampleIndex';
import { counted, operationNoun, resourceName, ringName, sentence } from '../words';

/** Operations that are done as soon as they are carried out: none waits for a device, a peer or a time. */
const AT_ONCE =
  /^(NOP|NOP128|SOCKET|BIND|LISTEN|PROVIDE_BUFFERS|REMOVE_BUFFERS|FILES_UPDATE|FIXED_FD_INSTALL)$/;

/** Of a socket’s commands only a time stamp is waited for (6.16). */
const SOCKET_COMMAND = /^SOCKET_URING_OP_(?!TX_TIMESTAMP)/;

/**
 * "1 socket command of TCP 0.0.0.0:80 is in flight, although it waits for nothing: nobody carries it." A completion that will never
 * come, most likely for a fault of the kernel. Only where a thread waits for it and no worker has anything to do.
 */
export const lost: Rule = {
  tag: 'lost',
  check(scene) {
    const { sample } = scene;
    const findings: Finding[] = [];
    const all = placesOf(sample, isLost);
    if (all.length === 0 || !allAtRest(scene)) return [];
    const waiters = scene.blocked.flatMap((one) => awaitingOf(sample, one) ?? []);
    for (const waiter of waiters) {
      const { ring } = waiter;
      const places = all.filter(({ request }) => request.ring === ring.id);
      if (places.length === 0 || waiters.find((one) => one.ring === ring) !== waiter) continue;
      const still = standsStill(scene, waiter.task);
      if (still === undefined) return 'look again';
      const moved = scene.other !== undefined && before(scene, ring)?.cqTail !== ring.cqTail;
      if (still && !moved) findings.push(finding(sample, ring, places, waiter.task.tid));
    }
    return findings;
  },
};

/** It stands by itself, for certain, and is to post a completion. */
function isLost(request: Request): boolean {
  const { state, certainty, flags = [], operands = [], worker, after } = request;
  if (state !== 'issued' && state !== 'queued') return false;
  if (certainty !== 'certain' || worker !== undefined || after !== undefined || isOnItsWay(request))
    return false;
  if (flags.includes('CQE_SKIP_SUCCESS')) return false;
  return AT_ONCE.test(request.operation) || operands.some(({ value }) => SOCKET_COMMAND.test(value));
}

/** No task runs or is held, and no worker carries a request: nobody could be about to do it. */
function allAtRest({ sample, blocked }: Scene): boolean {
  const idle = new Set(blocked.flatMap(({ task, on }) => (on.idle ? [task.tid] : [])));
  return sample.tasks.every(
    ({ tid, kind, operation }) => idle.has(tid) && (kind === 'thread' || operation === undefined),
  );
}

function finding(sample: Sample, ring: Ring, places: readonly Place[], waiter: number): Finding {
  const [first] = places;
  const count = places.length;
  const file = first && resourceOf(sample, first.request);
  const operations = new Set(places.map(({ request }) => request.operation));
  const noun =
    operations.size > 1 || !first
      ? 'request'
      : first.request.operation.startsWith('URING_CMD')
        ? 'socket command'
        : operationNoun(first.request.operation);
  const of = count === 1 && file ? ` on ${resourceName(file)}` : '';
  const [is, it] = count === 1 ? ['is', 'it'] : ['are', 'them'];
  return {
    tag: 'lost',
    severity: 'warning',
    summary: sentence(
      `${counted(count, noun)}${of} of ${ringName(ring)} ${is} in flight although nothing is to be waited for: no worker and no poll has ${it}, so no completion will come.`,
    ),
    explanation: `Such an operation is done at once where it is carried out. Every task of the process is at rest, thread ${waiter} waits for completions of the ring, and none came between two looks: most likely the kernel has lost ${it}.`,
    remedy:
      'Give such requests a linked timeout or cancel them; try without IOSQE_ASYNC, or make the plain system call. If a newer kernel does the same, report it with this Sample.',
    evidence: [{ task: waiter }, { ring: ring.id }, ...places.map(({ index }) => ({ request: index }))],
  };
}
