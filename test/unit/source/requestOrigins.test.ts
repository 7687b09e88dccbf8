import { describe, expect, it } from 'vitest';
import type { Origin, Request, Sample } from '../../../src/model/sample';
import { Binaries } from '../../../src/source/binaries';
import { Origins } from '../../../src/source/origin/origins';
import { withRecordedOrigins } from '../../../src/source/recordedOrigins';
import { withOrigins, withStandingOrigins } from '../../../src/source/requestOrigins';
import { fakeTarget } from '../sample/fakeTarget';
import { sampleOf, taskOf } from '../samples';

const request = (parts: Partial<Request> = {}): Request => ({
  ring: 1,
  operation: 'READ',
  userData: '0x11',
  sequence: 4,
  state: 'polling',
  certainty: 'certain',
  sources: ['ring memory'],
  ...parts,
});
const callback: Origin = { kind: 'callback', function: 'done' };
const index: Origin = { kind: 'number', function: '17, an index or a count, not an address' };
const ring = { id: 1, fd: 5, owner: 7, setup: [], readable: true };

/** Links it in a process that has no memory: numbers alone are told. */
async function linked(sample: Sample, previous?: Sample): Promise<Sample> {
  const target = fakeTarget({});
  const origins = new Origins(target, new Binaries(target, { unpack: async () => 'cannot' }));
  return withOrigins(sample, previous, origins, async () => ({ pid: 7, mounts: [] }));
}

describe('origins that were recorded', () => {
  it('stand before what user_data leads to, and instead of what is surer by them', () => {
    const stack = [
      { function: 'submit', address: '0x1', trust: 'proven' as const, file: '/src/a.c', line: 3 },
    ];
    const submits = [{ ringFd: 5, operation: 'READ', userData: '0x11', stack }];
    const kindsWith = (origin: readonly Origin[]) =>
      withRecordedOrigins(sampleOf({ rings: [ring], requests: [request({ origin })] }), submits)
        .requests.flatMap((one) => one.origin ?? [])
        .map(({ kind }) => kind);
    expect(kindsWith([callback])).toEqual(['recorded', 'callback']);
    expect(kindsWith([index])).toEqual(['recorded']);
    expect(kindsWith([{ kind: 'submitted', function: 'submit' }])).toEqual(['recorded']);
  });
});

describe('origins of requests', () => {
  it('are told of each that has a user_data; the others stay the same objects', async () => {
    const plain = request({ userData: '0x0' });
    const { requests } = await linked(sampleOf({ rings: [ring], requests: [request(), plain] }));
    expect(requests[0]?.origin).toEqual([index]);
    expect(requests[1]).toBe(plain);
  });

  it('are not told of another process that shares the ring', async () => {
    const tasks = [taskOf({ tid: 7 })];
    const theirs = request({ submitter: 8 });
    const sample = sampleOf({ rings: [ring], tasks, requests: [theirs, request({ submitter: 7 })] });
    const { requests } = await linked(sample);
    expect(requests.map(({ origin }) => origin)).toEqual([undefined, [index]]);
    const foreign = sampleOf({ rings: [{ ...ring, owner: 9 }], requests: [request()] });
    expect(await linked(foreign)).toBe(foreign);
  });

  it('are taken over for as long as the request stands', async () => {
    const before = sampleOf({ rings: [ring], requests: [request({ origin: [callback] })] });
    const again = await linked(sampleOf({ rings: [ring], requests: [request()] }), before);
    expect(again.requests[0]?.origin).toBe(before.requests[0]?.origin);
    const next = await linked(sampleOf({ rings: [ring], requests: [request({ sequence: 5 })] }), before);
    expect(next.requests[0]?.origin).toEqual([index]);
    const process = { ...before.process, startTime: 6 };
    const other = await linked(sampleOf({ process, rings: [ring], requests: [request()] }), before);
    expect(other.requests[0]?.origin).toEqual([index]);
  });

  it('are there at once in a later look, but for those of who waits', () => {
    const sample = sampleOf({ requests: [request()] });
    const said = (origin: Origin) =>
      withStandingOrigins(sample, sampleOf({ requests: [request({ origin: [origin] })] }));
    expect(said(callback).requests[0]?.origin).toEqual([callback]);
    expect(said({ ...callback, kind: 'submitted' })).toBe(sample);
    expect(withStandingOrigins(sample, undefined)).toBe(sample);
  });
});
