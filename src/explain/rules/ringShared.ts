import type { Rule } from '../rule';
import { joined, processName, ringName, sentence } from '../words';

/** Processes that a sentence has room for. */
const MOST = 3;

/**
 * "Ring 1 (fd 3) is also held by worker (8): it lives on when this process ends." A descriptor that went to a child with fork, or to
 * another program over a socket.
 */
export const ringShared: Rule = {
  tag: 'ring-shared',
  check({ sample }) {
    return sample.rings.flatMap((ring) => {
      const holders = sample.resources.find(({ fd }) => fd === ring.fd)?.peers ?? [];
      if (ring.fd === null || holders.length === 0) return [];
      const named = holders.slice(0, MOST).map(processName);
      if (holders.length > MOST) named.push(`${holders.length - MOST} more`);
      return [
        {
          tag: 'ring-shared',
          severity: 'info' as const,
          summary: sentence(
            `${ringName(ring)} is also held by ${joined(named)}: its requests and their files live on until ${holders.length === 1 ? 'that process closes' : 'those processes close'} it, too.`,
          ),
          explanation:
            'The ring is the same one in each of them: each may submit to it and take its completions. A child gets it with fork; exec closes it.',
          remedy:
            'Where that is not meant, close the ring’s descriptor in the child, and unmap it (io_uring_queue_exit, io_uring_ring_dontfork).',
          evidence: [{ ring: ring.id }, { fd: ring.fd }],
        },
      ];
    });
  },
};
