import type { Finding, Sample } from '../../model/sample';
import { type Chain, chainsOf } from '../chains';
import type { Rule, Scene } from '../rule';
import { indexOf, resourceOf } from '../sampleIndex';
import { counted, operationNoun, resourceName, sentence } from '../words';

/** Chains that are told one by one. */
const MOST = 3;

/**
 * "49 requests for /mnt/f queue behind the write that worker 12 carries out: writes to one file run one at a time." Hashed
 * work; what holds the worker is told by itself.
 */
export const hashedWrites: Rule = {
  tag: 'hashed-writes',
  check(scene) {
    const chains = chainsOf(scene.sample, ({ state }) => state === 'queued').filter(
      ({ head, behind }) => head.request.state === 'running' && behind.length > 0,
    );
    if (chains.length > 0 && !scene.other && !scene.last) return 'look again';
    return chains
      .filter((chain) => stoodBefore(scene, chain))
      .slice(0, MOST)
      .map((chain) => finding(scene, chain));
  },
};

/** The look before saw the same request in the worker; where there was none, this one stands. */
function stoodBefore({ other }: Scene, { head: { request } }: Chain): boolean {
  return (
    other === undefined ||
    other.requests.some(
      (before) =>
        before.state === 'running' &&
        before.worker === request.worker &&
        before.userData === request.userData &&
        before.offset === request.offset,
    )
  );
}

function finding({ sample, blocked }: Scene, { head, behind }: Chain): Finding {
  const { worker, operation } = head.request;
  const file = resourceOf(sample, head.request);
  const on = blocked.find(({ task }) => task.tid === worker)?.on;
  const queue = behind.length === 1 ? 'queues' : 'queue';
  const of = file ? ` for ${resourceName(file)}` : '';
  const holds = on ? `, which ${on.text}` : '';
  return {
    tag: 'hashed-writes',
    severity: 'info',
    summary: sentence(
      `${counted(behind.length, 'request')}${of} ${queue} behind the ${operationNoun(operation)}${carrier(sample, worker)}${holds}: buffered writes to one file run one at a time.`,
    ),
    explanation:
      'io-wq gives all buffered writes to one inode to one worker at a time (hashed work), so that they do not fight for the inode’s lock; more workers would not help.',
    remedy:
      'What holds the first write is the cause. Fewer, larger writes, O_DIRECT, or one file for each writer shorten the queue.',
    evidence: [
      ...(worker === undefined ? [] : [{ task: worker }]),
      { request: head.index },
      ...behind.map(({ index }) => ({ request: index })),
      ...(file ? [{ fd: file.fd }] : []),
    ],
  };
}

function carrier(sample: Sample, worker: number | undefined): string {
  return worker !== undefined && indexOf(sample).tasks.has(worker) ? ` in worker ${worker}` : '';
}
