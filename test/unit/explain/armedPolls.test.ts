import { describe, expect, it } from 'vitest';
import { explain } from '../../../src/explain/explain';
import type { ArmedPolls, Finding, Request, Sample } from '../../../src/model/sample';
import { requestsOf, ringOf, sampleOf } from '../samples';

function told(sample: Sample): readonly Finding[] {
  return explain(sample, { last: true }).sample.findings;
}

const armed = (count: number, polls: Partial<ArmedPolls>, request: Partial<Request> = {}): Sample =>
  sampleOf({
    rings: [
      ringOf({
        inFlight: count,
        explained: count,
        polls: { fd: 9, count, from: count, since: 100, at: 100, rises: 0, ...polls },
      }),
    ],
    requests: requestsOf(count, { state: 'polling', operation: 'RECV', fd: 9, ...request }),
    resources: [{ fd: 9, kind: 'eventfd' }],
  });

const growing = { from: 20, since: 100, at: 130, rises: 12 };

describe('polls that pile up on one file', () => {
  it('are told at once where they are polls and nothing else', () => {
    const [first, second] = told(armed(512, {}, { operation: 'POLL_ADD' }));
    expect(first).toMatchObject({ tag: 'armed-polls', severity: 'warning' });
    expect(first?.summary).toBe(
      '512 polls are armed on one file, the eventfd at descriptor 9: the program arms without cancelling.',
    );
    expect(first?.evidence).toContainEqual({ fd: 9 });
    expect(first?.evidence).toContainEqual({ request: 511 });
    expect(second?.summary).not.toContain('Nothing is broken');
  });

  it('are told of other operations when they grew in many looks', () => {
    const [first] = told(armed(60, growing));
    expect(first).toMatchObject({ tag: 'armed-polls', severity: 'warning' });
    expect(first?.summary).toBe(
      '60 recvs are armed on one file, the eventfd at descriptor 9, 40 more than 30 s ago and never fewer: the program arms without cancelling.',
    );
  });

  it.each([
    ['many receives on one socket at one look', armed(512, {})],
    ['few polls', armed(127, {}, { operation: 'POLL_ADD' })],
    ['few that grow', armed(31, growing)],
    ['growth in few looks', armed(60, { ...growing, rises: 5 })],
    ['growth in a short time', armed(60, { ...growing, at: 109 })],
    ['a thousand clients, each on a descriptor of its own', clients(1000)],
  ])('are no fault: %s', (_, sample) => {
    expect(told(sample).map(({ severity }) => severity)).toEqual(['info']);
  });
});

function clients(count: number): Sample {
  const requests = Array.from({ length: count }, (_, i) =>
    requestsOf(1, { state: 'polling', operation: 'POLL_ADD', fd: 10 + i }),
  ).flat();
  return sampleOf({ rings: [ringOf({ inFlight: count, explained: count })], requests });
}
