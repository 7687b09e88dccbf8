import type { ArmedPolls, Finding, Ring, Sample } from '../../model/sample';
import { type Place, placesOf } from '../listedRequests';
import type { Rule } from '../rule';
import { resourceOf } from '../sampleIndex';
import { counted, duration, grouped, operationNoun, resourceName, ringName } from '../words';

/** Polls by themselves (POLL_ADD) on one file: a second one tells the program nothing that the first does not. */
const MANY = 128;

/** A pile that never got fewer is a leak from so many on, after so many looks that found more, over so many seconds. */
const LEAK = 32;
const LEAST_RISES = 6;
const LEAST_SECONDS = 10;

/**
 * "512 polls are armed on the socket TCP 10.0.0.1:80 → …: the program arms without cancelling." From one look, or from several
 * in which their number rose and never fell. Of one file only: a server that gains clients has each poll on another.
 */
export const armedPolls: Rule = {
  tag: 'armed-polls',
  check({ sample }) {
    return sample.rings.flatMap((ring) => {
      const { polls } = ring;
      const places = polls ? pileOf(sample, ring, polls) : undefined;
      return polls && places ? [finding(sample, ring, polls, places)] : [];
    });
  },
};

/** Whether the polls of a ring pile up on one of its files. */
export function pilesUp(sample: Sample, ring: Ring): boolean {
  return ring.polls !== undefined && pileOf(sample, ring, ring.polls) !== undefined;
}

/** The requests of a pile that is a fault. */
function pileOf(sample: Sample, ring: Ring, polls: ArmedPolls): Place[] | undefined {
  if (polls.count < LEAK) return undefined;
  const places = placesOf(sample, (request) => isOf(request, ring, polls));
  const bare = places.filter(({ request }) => request.operation === 'POLL_ADD').length;
  return bare >= MANY || grewFor(polls) !== undefined ? places : undefined;
}

/** Seconds for which they grew and never got fewer, where that was seen often enough. */
function grewFor({ rises, since = 0, at = 0 }: ArmedPolls): number | undefined {
  return rises >= LEAST_RISES && at - since >= LEAST_SECONDS ? at - since : undefined;
}

function isOf(
  { state, ring, certainty, fd, fixedFile }: Place['request'],
  { id }: Ring,
  polls: ArmedPolls,
): boolean {
  if (state !== 'polling' || ring !== id || certainty === 'ambiguous') return false;
  return polls.fixedFile === undefined ? fd === polls.fd : fixedFile === polls.fixedFile;
}

function finding(sample: Sample, ring: Ring, polls: ArmedPolls, places: readonly Place[]): Finding {
  const seconds = grewFor(polls);
  const [first] = places;
  const resource = first && resourceOf(sample, first.request);
  const operations = new Set(places.map(({ request }) => request.operation));
  const noun = operations.size === 1 && first ? operationNoun(first.request.operation) : 'poll';
  const alike = counted(polls.count, noun);
  const file = resource
    ? resourceName(resource, sample.process.pid)
    : polls.fixedFile === undefined
      ? `descriptor ${polls.fd}`
      : `registered file ${polls.fixedFile}`;
  const grew =
    seconds === undefined
      ? ''
      : `, ${grouped(polls.count - polls.from)} more than ${duration(seconds)} ago and never fewer`;
  return {
    tag: 'armed-polls',
    severity: 'warning',
    summary: `${alike} are armed on one file, ${file}${grew}: the program arms without cancelling.`,
    explanation: `All are of ${ringName(ring)} and wait for the same file. ${
      seconds === undefined
        ? 'One armed poll would tell the program the same.'
        : `In ${grouped(polls.rises)} looks there were more of them than in the look before.`
    } Each holds memory and its file, and one event completes them all at once, which may overflow the completion queue.`,
    remedy:
      'Cancel what is given up (IORING_OP_ASYNC_CANCEL, or a linked timeout), look at the result of the cancel and submit it also when the submission queue is full; arm a multishot poll once instead of one poll for each wait.',
    evidence: [
      { ring: ring.id },
      ...(resource ? [{ fd: resource.fd }] : []),
      ...places.map(({ index }) => ({ request: index })),
    ],
  };
}
