import { unplaced } from '../certainty';
import { before, type Rule } from '../rule';
import { counted, ringName } from '../words';

/** "8 requests are in flight, which /proc only counts." Said when no other rule explains them. */
export const unlisted: Rule = {
  tag: 'unlisted',
  check(scene) {
    const rings = scene.sample.rings.filter(
      (ring) =>
        unplaced(scene.sample, ring) > 0 &&
        !scene.sample.requests.some((r) => r.ring === ring.id && r.state === 'polling'),
    );
    const [first] = rings;
    if (!first || scene.blocked.some(({ task, on }) => task.operation !== undefined && !on.idle)) return [];
    if (!scene.other && !scene.last) return 'look again';
    const count = rings.reduce((sum, ring) => sum + unplaced(scene.sample, ring), 0);
    const moved = rings.some((ring) => scene.other && before(scene, ring)?.cqTail !== ring.cqTail);
    const many = count === 1 ? 'is' : 'are';
    return [
      {
        tag: 'unlisted',
        severity: 'info',
        summary: `${counted(count, 'request')} of ${ringName(first)}${rings.length > 1 ? ` and ${counted(rings.length - 1, 'other ring')}` : ''} ${many} in flight${moved ? ', and completions keep coming' : ''}; no thread is blocked in ${count === 1 ? 'it' : 'them'}.`,
        explanation:
          'These are timers, futex or child waits, requests linked or drained behind others, or I/O that is inside a device or file system: /proc counts them without listing them.',
        remedy: moved
          ? 'Nothing needs to be done.'
          : 'If they should have ended by now, look at the files and devices below.',
        evidence: rings.map((ring) => ({ ring: ring.id })),
      },
    ];
  },
};
