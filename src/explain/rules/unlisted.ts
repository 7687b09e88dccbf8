import type { Ring, Sample } from '../../model/sample';
import { isListedExactly, isUnplaced, unlistedOf, unplaced } from '../certainty';
import { inFlightOf } from '../disks';
import { lost } from '../ringCounts';
import { before, type Rule } from '../rule';
import { indexOf } from '../sampleIndex';
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
        summary: `${counted(count, 'request')} of ${ringName(first)}${rings.length > 1 ? ` and ${counted(rings.length - 1, 'other ring')}` : ''} ${many} in flight${moved ? ', and completions keep coming' : ''}; ${nobody(scene.sample, rings, count === 1 ? 'it' : 'them')}.`,
        explanation: reasons(scene.sample, rings),
        remedy: moved
          ? 'Nothing needs to be done.'
          : 'If they should have ended by now, look at the files and devices below.',
        evidence: rings.map((ring) => ({ ring: ring.id })),
      },
    ];
  },
};

/** Who could have them and has not. */
function nobody(sample: Sample, rings: readonly Ring[], them: string): string {
  const blocked = `no thread is blocked in ${them}`;
  const disks = (sample.devices ?? []).some((device) => inFlightOf(device) > 0);
  const servers = sample.resources.some(({ waiting = 0 }) => waiting > 0);
  if (rings.some(isListedExactly) || disks || servers) return blocked;
  return `${blocked}, no poll is armed for ${them}, and no disk or file server of the process has ${them}`;
}

/** Why nothing tells where they stand. */
function reasons(sample: Sample, rings: readonly Ring[]): string {
  if (!rings.some(isListedExactly)) {
    return 'These are timers, futex or child waits, requests linked or drained behind others, or I/O that is inside a device or file system: /proc counts them without listing them.';
  }
  const gone = rings.reduce((sum, ring) => sum + lost(ring), 0);
  const known = rings.some((ring) => indexOf(sample).requests.get(ring.id)?.some(isUnplaced));
  return [
    known
      ? 'The ring’s memory lists them, but does not tell what is queued for a worker from what a device or file system has.'
      : '',
    gone > 0 ? `Of ${counted(gone, 'request')} the submission entry was overwritten.` : '',
    ...new Set(rings.flatMap((ring) => unlistedOf(ring)?.explanation ?? [])),
  ]
    .filter(Boolean)
    .join(' ');
}
