import type { Finding, Request, Ring, Sample } from '../../model/sample';
import { type Chain, chainsOf } from '../chains';
import { type Place, placesOf } from '../listedRequests';
import { isInFlight, stateWords } from '../requestStates';
import { before, type Rule, type Scene } from '../rule';
import { indexOf, resourceOf } from '../sampleIndex';
import { counted, operationNoun, resourceName, ringName, sentence } from '../words';

/** Heads that are told one by one. */
const MOST = 3;

/**
 * "2 linked requests of ring 1 (fd 3) wait behind a read of the pipe at descriptor 4 (waiting for readiness)." Links and drains that
 * did not move between two looks, by what stands before them.
 */
export const heldBack: Rule = {
  tag: 'held-back',
  check(scene) {
    const { sample } = scene;
    const links = chainsOf(sample, ({ state }) => state === 'linked');
    const drains = sample.rings.flatMap((ring) => drainOf(sample, ring) ?? []);
    if (links.length + drains.length === 0) return [];
    if (!scene.other && !scene.last) return 'look again';
    const still = (ring: number | null) => stoodStill(scene, ring);
    return [
      ...links
        .filter(({ head }) => still(head.request.ring))
        .slice(0, MOST)
        .map((chain) => linked(sample, chain)),
      ...drains.filter(({ ring }) => still(ring.id)).map((drain) => drained(sample, drain)),
    ];
  },
};

/** The ring completed nothing between the looks. */
function stoodStill(scene: Scene, id: number | null): boolean {
  if (!scene.other) return true;
  const ring = scene.sample.rings.find((one) => one.id === id);
  return ring !== undefined && before(scene, ring)?.cqTail === ring.cqTail;
}

interface Drain {
  readonly ring: Ring;
  readonly held: readonly Place[];
  readonly heads: readonly Place[];
}

/** What a drain holds back, and what it waits for: all that was submitted before it. */
function drainOf(sample: Sample, ring: Ring): Drain | undefined {
  if (
    !indexOf(sample)
      .requests.get(ring.id)
      ?.some(({ state }) => state === 'drained')
  )
    return undefined;
  const held = placesOf(sample, (request) => request.ring === ring.id && request.state === 'drained');
  const [first] = held;
  if (!first) return undefined;
  const heads = placesOf(
    sample,
    (request) =>
      request.ring === ring.id &&
      isInFlight(request) &&
      request.state !== 'drained' &&
      request.state !== 'linked',
  );
  return heads.length === 0 ? undefined : { ring, held, heads };
}

function linked(sample: Sample, { head, behind }: Chain): Finding {
  const ring = sample.rings.find(({ id }) => id === head.request.ring);
  const of = ring ? ` of ${ringName(ring)}` : '';
  return {
    ...common([head], behind),
    summary: sentence(
      `${counted(behind.length, 'linked request')}${of} ${behind.length === 1 ? 'waits' : 'wait'} behind ${described(sample, head.request)}.`,
    ),
    explanation: 'A linked request (IOSQE_IO_LINK) is started when the one before it has completed.',
  };
}

function drained(sample: Sample, { ring, held, heads }: Drain): Finding {
  const [only] = heads;
  const what =
    heads.length === 1 && only ? described(sample, only.request) : counted(heads.length, 'other request');
  return {
    ...common(heads.slice(0, MOST), held),
    summary: sentence(
      `a drain holds back ${counted(held.length, 'request')} of ${ringName(ring)} until ${what} ${heads.length === 1 ? 'is' : 'are'} done.`,
    ),
    explanation:
      'A request with IOSQE_IO_DRAIN is started when all before it in its ring have completed, and those after it wait for it.',
  };
}

function common(heads: readonly Place[], held: readonly Place[]) {
  return {
    tag: 'held-back',
    severity: 'info' as const,
    remedy: 'What stands before them is the cause. Cancelling it lets a drain go on and ends a link.',
    evidence: [...heads, ...held].map(({ index }) => ({ request: index })),
  };
}

/** "a read of /mnt/db (in the device or file system)". */
function described(sample: Sample, request: Request): string {
  const file = resourceOf(sample, request);
  const noun = operationNoun(request.operation);
  const carrier = request.worker === undefined ? undefined : indexOf(sample).tasks.get(request.worker);
  const state = carrier?.kind === 'worker' ? `in worker ${carrier.tid}` : stateWords(request, sample);
  return `${/^[aeiou]/.test(noun) ? 'an' : 'a'} ${noun}${file ? ` of ${resourceName(file)}` : ''} (${state})`;
}
