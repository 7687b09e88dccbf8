import type { Request, Ring } from '../../model/sample';
import { requestAwaits, wakerSentence } from '../awaitedThings';
import { isUnplaced, unplaced } from '../certainty';
import { seenSentence } from '../requestAge';
import { isInFlight, isOnItsWay, statesWords, stateWords } from '../requestStates';
import { timersWords } from '../requestWords';
import { before, type Rule, type Scene } from '../rule';
import { indexOf } from '../sampleIndex';
import { counted, grouped, inPlural, joined, operationNoun, ringName, sentence } from '../words';

/**
 * "Only timers are pending: 2 requests of ring 1 (fd 3); the next fires in 59 min 0 s." The ordinary waits that are
 * listed one by one; said when no other rule explains them.
 */
export const pending: Rule = {
  tag: 'pending',
  check(scene) {
    const { sample } = scene;
    const of = (ring: Ring) => indexOf(sample).requests.get(ring.id) ?? [];
    const rings = sample.rings.filter((ring) => of(ring).some((request) => isTold(request)));
    const [first] = rings;
    // What nothing places is told by the rule for what is only counted.
    if (!first || sample.rings.some((ring) => unplaced(sample, ring) > 0)) return [];
    const requests = rings.flatMap((ring) => of(ring).filter(isInFlight));
    const timed = requests.every(({ state }) => state === 'timeout');
    const inside = requests.some(({ state }) => state === 'issued' || state === 'running');
    if (inside && !scene.other && !scene.last) return 'look again';
    const moved = rings.some((ring) => scene.other && before(scene, ring)?.cqTail !== ring.cqTail);
    const others = rings.length > 1 ? ` and ${counted(rings.length - 1, 'other ring')}` : '';
    const who = `${counted(requests.length, 'request')} of ${ringName(first)}${others}`;
    const are = requests.length === 1 ? 'is' : 'are';
    const timers = timersWords(requests);
    return [
      {
        tag: timed ? 'only-timers' : 'pending',
        severity: 'info',
        summary: timed
          ? `Only timers are pending: ${who}${timers.length > 0 ? `; ${joined(timers)}` : ''}.`
          : `${who} ${are} in flight${moved ? ', and completions keep coming' : ''}: ${whereTheyStand(scene, requests)}.`,
        explanation: [
          timed ? 'A timer ends by itself; until then nothing else of these rings is in flight.' : '',
          timed ? '' : timers.map((words) => `Of the timers, ${words}.`).join(' '),
          stages(requests),
          moved || timed ? '' : seenSentence(requests),
          wakerSentence(sample, requests),
          'No thread is blocked in what needs help.',
        ]
          .filter(Boolean)
          .join(' '),
        remedy: moved
          ? 'Nothing needs to be done.'
          : 'If they should have ended by now, look at what each of them waits for.',
        evidence: rings.map((ring) => ({ ring: ring.id })),
      },
    ];
  },
};

/** Armed polls have a rule of their own. */
function isTold(request: Request): boolean {
  return isInFlight(request) && request.state !== 'polling' && !isUnplaced(request);
}

/** Kinds of waits that a sentence has room for. */
const MOST = 4;

/** "1 futex wait, 2 fsyncs waiting behind a link". */
function whereTheyStand({ sample }: Scene, requests: readonly Request[]): string {
  const kinds = new Map<string, Request[]>();
  for (const request of requests) {
    const key = `${request.operation} ${stateWords(request, sample)} ${requestAwaits(sample, request) ?? ''}`;
    const alike = kinds.get(key);
    if (alike) alike.push(request);
    else kinds.set(key, [request]);
  }
  const sorted = [...kinds.values()].sort((a, b) => b.length - a.length);
  const told = sorted.slice(0, MOST).map((alike) => {
    const [first] = alike;
    const what = counted(alike.length, operationNoun(first?.operation ?? 'UNKNOWN'));
    const awaited = first && requestAwaits(sample, first);
    if (awaited !== undefined) return `${what} ${alike.length === 1 ? awaited : inPlural(awaited)}`;
    // The names of these operations say what they wait for.
    const named = first?.state === 'timeout' || first?.state === 'waiting';
    return named ? what : `${what} ${statesWords(alike, sample)}`;
  });
  const rest = sorted.slice(MOST).reduce((sum, alike) => sum + alike.length, 0);
  return joined(rest > 0 ? [...told, `${grouped(rest)} more`] : told);
}

/** What most of those that have left their device wait for: "3 requests: each waits for thread 7 to run its completion." */
function stages(requests: readonly Request[]): string {
  const counts = new Map<string, number>();
  for (const request of requests) {
    if (request.stage === undefined || !isOnItsWay(request)) continue;
    counts.set(request.stage, (counts.get(request.stage) ?? 0) + 1);
  }
  const [most] = [...counts].sort((a, b) => b[1] - a[1]);
  if (!most) return '';
  const [stage, count] = most;
  return sentence(`${counted(count, 'request')}: each ${stage}.`);
}
