import { describe, expect, it } from 'vitest';
import { readCrowdFacts } from '../../../src/sample/crowd';
import { taskOf } from '../samples';
import { fakeTarget } from './fakeTarget';

const LIMITS = [
  'Limit                     Soft Limit           Hard Limit           Units     ',
  'Max processes             96365                96365                processes ',
  '',
].join('\n');

const target = (limits: string) =>
  fakeTarget({
    '/proc/7/task/10/status': 'Name:\tiou-wrk-7\nCpus_allowed_list:\t1\n',
    '/proc/7/limits': limits,
  });

const workers = (count: number) =>
  Array.from({ length: count }, (_, i) => taskOf({ tid: 10 + i, kind: 'worker' }));

describe('why there may be so many workers', () => {
  it('is asked of one of them and of the limits', async () => {
    expect(await readCrowdFacts(target(LIMITS), 7, [taskOf(), ...workers(64)])).toEqual({
      workerCpusAllowed: '1',
      maxProcesses: 96_365,
    });
  });

  it('is not asked where there are few', async () => {
    expect(await readCrowdFacts(target(LIMITS), 7, [...workers(63), taskOf()])).toEqual({});
  });

  it('leaves out what does not end, and what cannot be read', async () => {
    const unlimited = LIMITS.replaceAll('96365', 'unlimited');
    expect(await readCrowdFacts(target(unlimited), 7, workers(64))).toEqual({ workerCpusAllowed: '1' });
    expect(await readCrowdFacts(fakeTarget({}), 7, workers(64))).toEqual({});
  });
});
