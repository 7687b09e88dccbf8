import { describe, expect, it } from 'vitest';
import type { Request, Ring, Sample } from '../../../src/model/sample';
import { compare } from '../../real/support/compare';
import type { TruthRow } from '../../real/support/truth';
import { ringOf, sampleOf } from '../samples';

const told = (parts: Partial<TruthRow> = {}): TruthRow => ({
  ring: 3,
  user_data: '0x1000',
  operation: 'READ',
  fd: 6,
  fixed: null,
  offset: 0,
  length: 512,
  address: '0x7f00',
  path: '/data/db',
  flags: [],
  state: 'polling',
  alternatives: [],
  operands: {},
  submitter: 7,
  ...parts,
});

const row = (parts: Partial<Request> = {}): Request => ({
  ring: 1,
  operation: 'READ',
  fd: 6,
  offset: 0,
  length: 512,
  address: '0x7f00',
  userData: '0x1000',
  flags: [],
  state: 'polling',
  certainty: 'certain',
  sources: ['ring memory'],
  ...parts,
});

const sample = (requests: readonly Request[], ring: Partial<Ring> = {}, walk = false): Sample =>
  sampleOf({
    rights: { uid: 0, kernelStacks: true, kernelWalk: walk, tracing: false },
    rings: [ringOf(ring)],
    requests,
  });

const second = { user_data: '0x1001', length: 513 } as const;

describe('the comparison with the truth', () => {
  it('finds nothing where all is right', () => {
    const both = [row(), row({ userData: '0x1001', length: 513 })];
    expect(compare(sample(both), [told(), told(second)])).toEqual([]);
    expect(compare(sample(both, { live: 2 }, true), [told(), told(second)])).toEqual([]);
  });

  it.each<[string, Partial<Request>]>([
    ['operation', { operation: 'WRITE' }],
    ['state', { state: 'running' }],
    ['fd', { fd: 7 }],
    ['fd', { fd: null }],
    ['registered file', { fixedFile: 0 }],
    ['offset', { offset: 4096 }],
    ['length', { length: 511 }],
    ['address', { address: '0x7f01' }],
    ['path', { path: '/data/log' }],
    ['flags', { flags: ['ASYNC'] }],
    ['submitter', { submitter: 8 }],
    ['ring', { ring: 2 }],
  ])('names a wrong %s', (name, wrong) => {
    const rings = [ringOf(), ringOf({ id: 2, fd: 4 })];
    const found = compare({ ...sample([row(wrong)]), rings }, [told()]);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(`READ 0x1000 (certain): ${name} is `);
  });

  it('holds operands to the truth, in any order of their words', () => {
    const opened = told({ operands: { 'open flags': 'O_RDONLY|O_CLOEXEC' } });
    const says = (value: string) => row({ operands: [{ name: 'open flags', value }] });
    expect(compare(sample([says('O_LARGEFILE|O_CLOEXEC|O_RDONLY')]), [opened])).toEqual([]);
    expect(compare(sample([says('O_RDONLY')]), [opened])).toHaveLength(1);
    expect(compare(sample([row()]), [opened])).toEqual([]);
    expect(compare(sample([row()], {}, true), [opened])).toEqual([
      'READ 0x1000: nothing is said of its open flags',
    ]);
  });

  it('takes an operand from memory of now for the one that was given', () => {
    const connect = told({ operands: { peer: '127.0.0.1:80' } });
    const says = (value: string) => row({ operands: [{ name: 'peer, now', value }] });
    expect(compare(sample([says('127.0.0.1:80')], {}, true), [connect])).toEqual([]);
    expect(compare(sample([says('127.0.0.1:81')], {}, true), [connect])).toHaveLength(1);
  });

  it('lets the kernel alone have reasons to call a request ASYNC', () => {
    const walked = row({ flags: ['ASYNC'], sources: ['kernel walk'] });
    expect(compare(sample([walked]), [told()])).toEqual([]);
    expect(compare(sample([{ ...walked, flags: ['IO_LINK'] }]), [told()])).toHaveLength(1);
    expect(compare(sample([{ ...walked, flags: [] }]), [told({ flags: ['ASYNC'] })])).toHaveLength(1);
    const both = row({ flags: ['ASYNC'], sources: ['kernel walk', 'ring memory'] });
    expect(compare(sample([both]), [told()])).toHaveLength(1);
  });

  it('takes each state that is right', () => {
    const either = told({ state: 'issued', alternatives: ['polling'] });
    expect(compare(sample([row()]), [either])).toEqual([]);
    expect(compare(sample([row({ state: 'queued' })]), [either])).toHaveLength(1);
  });

  it('does not hold what is not claimed', () => {
    const poll: Request = {
      ring: 1,
      operation: 'READ',
      state: 'polling',
      certainty: 'certain',
      sources: ['fdinfo'],
    };
    expect(compare(sample([poll]), [told()])).toEqual([]);
    expect(compare(sample([poll], {}, true), [told()])).toEqual(['READ 0x1000: its row has no user_data']);
    expect(compare(sample([{ ...poll, operation: 'RECV' }], { lost: 1 }), [told()])).toHaveLength(1);
  });

  it('takes AT_FDCWD and no descriptor for the same', () => {
    const opened = told({ operation: 'OPENAT', fd: null });
    for (const fd of [null, -100])
      expect(compare(sample([row({ operation: 'OPENAT', fd })]), [opened])).toEqual([]);
    expect(compare(sample([row({ operation: 'OPENAT', fd: 0 })]), [opened])).toHaveLength(1);
  });

  it('names who is missing, unless its ring has counted it as lost', () => {
    expect(compare(sample([row()]), [told(), told(second)])).toEqual(['READ 0x1001 (polling) is missing']);
    expect(compare(sample([row()], { lost: 1 }), [told(), told(second)])).toEqual([]);
    expect(compare(sample([], { lost: 1 }), [told(), told(second)])).toHaveLength(1);
    const doubtful = row({ userData: '0x9', certainty: 'ambiguous' });
    expect(compare(sample([row(), doubtful]), [told(), told(second)])).toEqual([]);
    expect(compare(sample([doubtful]), [told(), told(second)])).toHaveLength(1);
    expect(compare(sample([row()], { lost: 1 }, true), [told(), told(second)])).toHaveLength(1);
  });

  it('excuses nobody who waits in the queues: these can always be read', () => {
    for (const state of ['prepared', 'completed', 'overflowed'] as const)
      expect(compare(sample([], { lost: 1 }), [told({ state })])).toHaveLength(1);
    expect(compare(sample([], { readable: false }), [told({ state: 'overflowed' })])).toEqual([]);
  });

  it('names a row too many, unless it is called ambiguous', () => {
    const extra = row({ userData: '0x9' });
    expect(compare(sample([row(), extra]), [told()])).toEqual([
      'READ 0x9 (certain, polling) was not submitted, or is over',
    ]);
    const doubtful: Request = { ...extra, certainty: 'ambiguous' };
    expect(compare(sample([row(), { ...extra, certainty: 'inferred' }]), [told()])).toHaveLength(1);
    expect(compare(sample([row(), doubtful]), [told()])).toEqual([]);
    expect(compare(sample([row(), doubtful], {}, true), [told()])).toHaveLength(1);
  });

  it('lets an ambiguous row err, and an inferred one in where it stands', () => {
    const wrong = { state: 'running', fd: 9 } as const;
    expect(compare(sample([row({ ...wrong, certainty: 'ambiguous' })]), [told()])).toEqual([]);
    expect(compare(sample([row({ state: 'running', certainty: 'inferred' })]), [told()])).toEqual([]);
    expect(compare(sample([row({ ...wrong, certainty: 'inferred' })]), [told()])).toHaveLength(1);
    expect(compare(sample([row({ ...wrong, certainty: 'inferred' })], {}, true), [told()])).toHaveLength(2);
  });

  it('tells requests of one user_data apart by the rest', () => {
    const truth = [100, 101, 102].map((length) => told({ user_data: '0x0', length }));
    const rows = [102, 100, 101].map((length) => row({ userData: '0x0', length }));
    expect(compare(sample(rows), truth)).toEqual([]);
    expect(compare(sample([...rows, row({ userData: '0x0', length: 100 })]), truth)).toHaveLength(1);
    expect(compare(sample(rows.slice(1)), truth)).toHaveLength(1);
    expect(compare(sample([...rows.slice(1), row({ userData: '0x0', length: 7 })]), truth)).toHaveLength(1);
  });

  it('tells the completion of a multishot request from the request', () => {
    const truth = [told(), told({ state: 'completed', result: 1 })];
    const completion = row({ state: 'completed', operation: 'UNKNOWN', result: 1 });
    expect(compare(sample([completion, row()]), truth)).toEqual([]);
    expect(compare(sample([{ ...completion, result: 2 }, row()]), truth)).toHaveLength(1);
    expect(compare(sample([completion, completion]), truth)).toHaveLength(1);
  });

  it("holds the walk's own count to the truth", () => {
    expect(compare(sample([row()], { live: 2 }, true), [told()])).toEqual([
      'ring 1 has 2 live requests and not 1',
    ]);
  });
});
