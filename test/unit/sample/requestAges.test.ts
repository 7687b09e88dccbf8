import { describe, expect, it } from 'vitest';
import { ageWords } from '../../../src/explain/requestAge';
import type { Request, Ring, Sample } from '../../../src/model/sample';
import { withRequestAges } from '../../../src/sample/requestAges';
import { sampleOf, workerOf } from '../samples';

const RING: Ring = { id: 1, fd: 3, owner: 7, setup: [], readable: true, cqTail: 10, overflowed: 0 };

function row(userData: string, more: Partial<Request> = {}): Request {
  return {
    ring: 1,
    operation: 'READ',
    fd: 4,
    userData,
    state: 'polling',
    certainty: 'certain',
    sources: ['kernel walk'],
    ...more,
  };
}

function at(uptime: number, requests: readonly Request[], ring: Partial<Ring> = {}): Sample {
  const sample = sampleOf({ requests, rings: [{ ...RING, ...ring }] });
  return { ...sample, host: { ...sample.host, uptime } };
}

const seen = ({ requests }: Sample) => requests.map((request) => request.seen);

/** The looks of one inspection, each told of the one before. */
function followed(...looks: readonly Sample[]): Sample {
  const [first, ...rest] = looks;
  if (!first) throw new Error('no look');
  return rest.reduce((before, look) => withRequestAges(look, before), withRequestAges(first, undefined));
}

describe('how long a request has been seen', () => {
  it('is told from the second look on, and adds up', () => {
    const rows = [row('0x1'), row('0x2')];
    expect(seen(followed(at(100, rows)))).toEqual([undefined, undefined]);
    expect(seen(followed(at(100, rows), at(102, rows), at(105.5, [...rows, row('0x3')])))).toEqual([
      5.5,
      5.5,
      undefined,
    ]);
  });

  it('is not told of one that stands where another of its kind may have stood: the ring has posted a completion', () => {
    expect(seen(followed(at(100, [row('0x1')]), at(102, [row('0x1')], { cqTail: 11 })))).toEqual([undefined]);
    expect(seen(followed(at(100, [row('0x1')]), at(102, [row('0x1')], { overflowed: 1 })))).toEqual([
      undefined,
    ]);
  });

  it('is told in a ring that moves where the place of its SQE is certain', () => {
    const [same, other] = [row('0x1', { sequence: 5 }), row('0x1', { sequence: 6 })];
    expect(seen(followed(at(100, [same]), at(102, [same], { cqTail: 11 })))).toEqual([2]);
    expect(seen(followed(at(100, [same]), at(102, [other], { cqTail: 11 })))).toEqual([undefined]);
    const guessed = row('0x1', { sequence: 5, certainty: 'inferred' });
    expect(seen(followed(at(100, [guessed]), at(102, [guessed], { cqTail: 11 })))).toEqual([undefined]);
  });

  it('is told in a ring that moves of what a worker carries that has not run since', () => {
    const carried = row('0x1', { state: 'running', worker: 9 });
    const look = (uptime: number, cqTail: number, lastRan: number, more: Partial<Request> = {}): Sample => ({
      ...at(uptime, [{ ...carried, ...more }], { cqTail, sqHead: cqTail }),
      tasks: [workerOf(9, 'READ', ['request_wait_answer'], 1)].map((task) => ({ ...task, lastRan })),
    });
    expect(seen(followed(look(100, 10, 3), look(102, 90, 3), look(104, 200, 3)))).toEqual([4]);
    expect(seen(followed(look(100, 10, 3), look(102, 90, 3.5)))).toEqual([undefined]);
    expect(seen(followed(look(100, 10, 3), look(102, 90, 3, { userData: '0x2' })))).toEqual([undefined]);
    const torn: Partial<Request> = { inferred: ['state', 'worker'] };
    expect(seen(followed(look(100, 10, 3, torn), look(102, 90, 3, torn)))).toEqual([2]);
    const guess: Partial<Request> = { inferred: ['worker'], sources: ['ring memory'] };
    expect(seen(followed(look(100, 10, 3, guess), look(102, 90, 3, guess)))).toEqual([undefined]);
    // Of a worker alone it is known what it carries, as long as it stands.
    const alone: Partial<Request> = { ring: null, certainty: 'inferred', sources: ['stack'] };
    expect(seen(followed(look(100, 10, 3, alone), look(102, 10, 3, alone)))).toEqual([2]);
    expect(seen(followed(look(100, 10, 3, alone), look(102, 10, 4, alone)))).toEqual([undefined]);
  });

  it('gives what a worker is known to carry to no other of its kind', () => {
    const [first, second] = [row('0x1', { worker: 9 }), row('0x1')];
    const look = (uptime: number, requests: readonly Request[]): Sample => ({
      ...at(uptime, requests),
      tasks: [{ ...workerOf(9, 'READ', ['request_wait_answer'], 1), lastRan: 3 }],
    });
    expect(
      seen(followed(look(100, [first]), look(110, [second, first]), look(111, [second, first]))),
    ).toEqual([1, 11]);
    expect(seen(followed(look(100, [first]), look(110, [second, first])))).toEqual([undefined, 10]);
  });

  it('is told where completions come but the ring has taken no submission: nothing new can be pending', () => {
    const silent = row('0x1', { flags: ['CQE_SKIP_SUCCESS'] });
    const look = (uptime: number, cqTail: number, more: Partial<Ring> = {}, request = silent) =>
      at(uptime, [request], { sqHead: 50, cqTail, ...more });
    expect(seen(followed(look(100, 10), look(102, 11)))).toEqual([2]);
    expect(seen(followed(look(100, 10), look(102, 11, { sqHead: 51 })))).toEqual([undefined]);
    const rewinds = { setup: ['SQ_REWIND'] };
    expect(seen(followed(look(100, 10, rewinds), look(102, 11, rewinds)))).toEqual([undefined]);
    // The lists moved while they were walked: it may have come after the counter was read.
    const torn = row('0x1', { certainty: 'inferred' });
    expect(seen(followed(look(100, 10, {}, torn), look(102, 11, {}, torn)))).toEqual([undefined]);
  });

  it('is not told after an exec, nor of a ring whose counters went back: the descriptor is another one’s', () => {
    const run = (executable: string) => {
      const sample = at(100, [row('0x1')]);
      return { ...sample, process: { ...sample.process, executable } };
    };
    const later = (sample: Sample): Sample => ({ ...sample, host: { ...sample.host, uptime: 102 } });
    expect(seen(followed(run('/bin/a'), later(run('/bin/b'))))).toEqual([undefined]);
    expect(seen(followed(run('/bin/a'), later(run('/bin/a (deleted)'))))).toEqual([2]);
    const same = { sqHead: 5 };
    expect(
      seen(
        followed(
          at(100, [row('0x1')], { ...same, cqTail: 9 }),
          at(102, [row('0x1')], { ...same, cqTail: 3 }),
        ),
      ),
    ).toEqual([undefined]);
  });

  it('makes none of several that are alike older than it can be', () => {
    const [a, b] = [row('0x1'), row('0x1')];
    expect(seen(followed(at(100, [a]), at(102, [a, b]), at(103, [a, b, row('0x1')])))).toEqual([
      1,
      3,
      undefined,
    ]);
  });

  it('is not told of one that leaves no completion, of another ring or process, or when the clock went back', () => {
    const silent = row('0x1', { flags: ['CQE_SKIP_SUCCESS'] });
    expect(seen(followed(at(100, [silent]), at(102, [silent])))).toEqual([undefined]);
    expect(seen(followed(at(100, [row('0x1')]), at(102, [row('0x1')], { fd: 9 })))).toEqual([undefined]);
    expect(seen(followed(at(100, [row('0x1')]), at(99, [row('0x1')])))).toEqual([undefined]);
    const again = at(102, [row('0x1')]);
    const reborn = { ...again, process: { ...again.process, startTime: 4711 } };
    expect(seen(followed(at(100, [row('0x1')]), reborn))).toEqual([undefined]);
  });

  it('is said as what it is: no age, but at least that', () => {
    expect(ageWords([row('0x1')])).toBeUndefined();
    expect(ageWords([row('0x1', { seen: 0.4 })])).toBeUndefined();
    expect(ageWords([row('0x1', { seen: 31 }), row('0x2', { age: 12 })])).toBe('over 31 s');
    expect(ageWords([row('0x1', { seen: 31, age: 31.2 })])).toBe('31 s');
  });
});
