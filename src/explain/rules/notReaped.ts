import type { Evidence, Finding, Ring } from '../../model/sample';
import { before, type Rule, type Scene } from '../rule';
import { indexOf } from '../sampleIndex';
import { counted, ringName } from '../words';

/**
 * "Six operations have finished; the program has not collected them." With overflow: "8 completions are in the
 * queue, 32 more overflowed"; or the overflowed ones stay where they are while the queue itself is emptied.
 */
export const notReaped: Rule = {
  tag: 'not-reaped',
  check(scene) {
    const findings: Finding[] = [];
    for (const ring of scene.sample.rings) {
      const ready = unread(ring);
      const overflowed = ring.overflowed ?? 0;
      if (ready + overflowed === 0) continue;
      if (overflowed === 0 && ready < awaited(scene, ring)) continue;
      if (!scene.other && !scene.last) return 'look again';
      const earlier = before(scene, ring);
      const stays = earlier !== undefined && earlier.cqHead === ring.cqHead && unread(earlier) > 0;
      if (!scene.other || stays) findings.push(finding(scene, ring, ready, overflowed));
      else if (starves(scene, ring)) findings.push(starving(ring, overflowed, completions(scene, ring)));
    }
    return findings;
  },
};

function unread(ring: Ring): number {
  return ring.cqTail === undefined || ring.cqHead === undefined ? 0 : (ring.cqTail - ring.cqHead) >>> 0;
}

/** How many completions a thread that waits on the ring asked for (io_uring_enter’s min_complete). */
function awaited(scene: Scene, ring: Ring): number {
  let least = 0;
  for (const { task, cause } of scene.blocked) {
    if (cause !== 'completions' || task.syscall?.name !== 'io_uring_enter') continue;
    const [fd, , minComplete] = task.syscall.args;
    if (Number(fd) === ring.fd || scene.sample.rings.length === 1)
      least = Math.max(least, Number(minComplete));
  }
  return least;
}

/** Overflowed completions that are looked at; they stand in the order in which they come to be fetched. */
const OLDEST = 8;

/** The oldest overflowed completions are the same in both looks, and can be told from one another or have become more. */
function starves(scene: Scene, ring: Ring): boolean {
  const earlier = before(scene, ring);
  if (!scene.other || !ring.overflowed || !earlier?.overflowed || ring.overflowed < earlier.overflowed)
    return false;
  const [were, are] = [scene.other, scene.sample].map((look) =>
    (indexOf(look).requests.get(ring.id) ?? [])
      .filter(({ state }) => state === 'overflowed')
      .slice(0, OLDEST)
      .map(({ userData }) => userData),
  );
  const distinct = new Set(are).size > 1 || ring.overflowed > earlier.overflowed;
  return (
    distinct && were !== undefined && were.length > 0 && were.join() === are?.slice(0, were.length).join()
  );
}

function starving(ring: Ring, overflowed: number, evidence: readonly Evidence[]): Finding {
  return {
    tag: 'cq-overflow',
    severity: 'warning',
    summary: `${counted(overflowed, 'completion')} of ${ringName(ring)} overflowed and ${overflowed === 1 ? 'stays' : 'stay'} in the kernel: the program empties its queue, but never enters the kernel to fetch them.`,
    explanation:
      'Two looks found the same completions on the kernel’s overflow list. They come into the queue only when io_uring_enter is called to get events (IORING_ENTER_GETEVENTS); in 5.19 not even then where the call submits what fills the queue again.',
    remedy:
      'When IORING_SQ_CQ_OVERFLOW is set in the ring’s flags (io_uring_cq_has_overflow), call io_uring_get_events, or io_uring_enter with IORING_ENTER_GETEVENTS and nothing to submit; make the CQ larger (IORING_SETUP_CQSIZE).',
    evidence: [{ ring: ring.id }, ...evidence],
  };
}

function completions({ sample }: Scene, ring: Ring): Evidence[] {
  return sample.requests.flatMap((request, index) =>
    request.ring === ring.id && (request.state === 'completed' || request.state === 'overflowed')
      ? [{ request: index }]
      : [],
  );
}

function finding(scene: Scene, ring: Ring, ready: number, overflowed: number): Finding {
  const evidence = completions(scene, ring);
  const common = { severity: 'warning' as const, evidence: [{ ring: ring.id }, ...evidence] };
  const nothing = ring.inFlight === 0 && !ring.ambiguous ? ' Nothing is pending in the kernel.' : '';
  if (overflowed > 0) {
    return {
      ...common,
      tag: 'cq-overflow',
      summary: `The program does not collect its completions: ${ready} in the queue of ${ringName(ring)}, ${overflowed} more overflowed.`,
      explanation: `The completion queue of ${counted(ring.cqEntries ?? 0, 'entry').replace('entrys', 'entries')} is full; the kernel keeps the rest on a list, which slows every completion.${nothing}`,
      remedy:
        'Reap completions (io_uring_for_each_cqe, io_uring_cq_advance) and enter the kernel once to flush the overflow; make the CQ larger (IORING_SETUP_CQSIZE) if bursts are normal.',
    };
  }
  return {
    ...common,
    tag: 'not-reaped',
    summary: `${counted(ready, 'operation')} ${ready === 1 ? 'has' : 'have'} finished; the program has not collected ${ready === 1 ? 'its completion' : 'their completions'} from ${ringName(ring)}.`,
    explanation: `The kernel is done: the completions lie in the queue since the last time the program looked.${nothing}`,
    remedy:
      'See why the program does not come back to its completion queue: a thread that should reap is busy, ended or waits for something else.',
  };
}
