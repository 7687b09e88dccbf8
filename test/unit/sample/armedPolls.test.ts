import { describe, expect, it } from 'vitest';
import type { Request, Sample } from '../../../src/model/sample';
import { withArmedPolls } from '../../../src/sample/armedPolls';
import { parseSample, serialize } from '../../../src/sample/savedSample';
import { requestsOf, ringOf, sampleOf } from '../samples';

const polled: Partial<Request> = { state: 'polling', operation: 'POLL_ADD' };

function lookOf(uptime: number, requests: readonly Request[], fd = 3): Sample {
  const host = { name: 'db1', kernel: '6.18.0', arch: 'x86_64', uptime };
  return sampleOf({ host, rings: [ringOf({ fd })], requests });
}

/** The history that so many polls of descriptor 9 leave, a look for each number, so many seconds apart. */
function followed(counts: readonly number[], apart = 2): Sample | undefined {
  return counts.reduce<Sample | undefined>(
    (before, count, index) =>
      withArmedPolls(lookOf(100 + index * apart, requestsOf(count, { ...polled, fd: 9 })), before),
    undefined,
  );
}

describe('the polls that are armed on one file', () => {
  it('are those of the file that has the most', () => {
    const requests = [
      ...requestsOf(2, { ...polled, fd: 4 }),
      ...requestsOf(3, { ...polled, fd: 5 }),
      ...requestsOf(9, { ...polled, fd: 6, certainty: 'ambiguous' }),
      ...requestsOf(9, { ...polled, fd: 7, state: 'running' }),
      ...requestsOf(9, { ...polled, fd: -1 }),
    ];
    const [ring] = withArmedPolls(lookOf(100, requests), undefined).rings;
    expect(ring?.polls).toEqual({ fd: 5, count: 3, from: 3, since: 100, at: 100, rises: 0 });
  });

  it('of a registered file are told by its index', () => {
    const requests = requestsOf(2, { ...polled, fd: 4, fixedFile: 1 });
    expect(withArmedPolls(lookOf(100, requests), undefined).rings[0]?.polls).toMatchObject({ fixedFile: 1 });
  });

  it('are nothing to remember where each is on a file of its own', () => {
    const requests = [4, 5, 6].flatMap((fd) => requestsOf(1, { ...polled, fd }));
    expect(withArmedPolls(lookOf(100, requests), undefined).rings[0]?.polls).toBeUndefined();
  });

  it('are followed for as long as they never get fewer', () => {
    expect(followed([5, 6, 6, 9])?.rings[0]?.polls).toMatchObject({
      count: 9,
      from: 5,
      rises: 2,
      since: 100,
    });
    expect(followed([5, 6, 4, 9])?.rings[0]?.polls).toMatchObject({
      count: 9,
      from: 4,
      rises: 1,
      since: 104,
    });
  });

  it('begin anew in another process, in another ring and after a reboot', () => {
    const before = followed([5, 6, 7]);
    const requests = requestsOf(8, { ...polled, fd: 9 });
    const process = { pid: 7, startTime: 6, name: 'other', command: [] };
    for (const look of [
      { ...lookOf(110, requests), process },
      lookOf(110, requests, 8),
      lookOf(3, requests),
    ]) {
      expect(withArmedPolls(look, before).rings[0]?.polls).toMatchObject({ from: 8, rises: 0 });
    }
  });

  it('take looks in short order for one', () => {
    expect(followed([5, 6, 7, 8], 0.3)?.rings[0]?.polls).toMatchObject({ count: 5, rises: 0 });
  });

  it('outlive being saved', () => {
    const sample = followed([5, 6]);
    if (!sample) throw new Error('no sample');
    expect(parseSample(serialize(sample))).toEqual(sample);
    const broken = serialize(sample).replace(/"rises": \d+/, '"rises": "many"');
    expect(() => parseSample(broken)).toThrow(/rings\.polls\.rises/);
  });
});
