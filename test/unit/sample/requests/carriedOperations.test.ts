import { describe, expect, it } from 'vitest';
import type { Request } from '../../../../src/model/sample';
import { withOperations } from '../../../../src/sample/requests/carriedOperations';
import { requestOf, ringOf, taskOf } from '../../samples';

const unseen = (tid: number) => taskOf({ tid, kind: 'worker', state: 'D', operation: 'UNKNOWN' });

const row = (operation: string, parts: Partial<Request> = {}): Request =>
  requestOf({ operation, sources: ['ring memory'], inferred: ['state', 'worker'], ...parts });
const queued = (operation: string) => row(operation, { state: 'queued', inferred: ['state'] });

const operations = (requests: readonly Request[], lost = 0) =>
  withOperations([unseen(8), unseen(9)], requests, [ringOf({ lost })]).map(({ operation }) => operation);

describe('withOperations', () => {
  it('names the operation where all that may be carried is of one kind', () => {
    const rows = [row('READ', { worker: 8 }), row('READV', { worker: 9 }), queued('READ_FIXED')];
    expect(operations(rows)).toEqual(['READ', 'READ']);
  });

  it('names them where there is no more than there are workers', () => {
    expect(operations([row('READ', { worker: 8 }), row('FSYNC', { worker: 9 })])).toEqual(['READ', 'FSYNC']);
  });

  it.each([
    [
      'others may be carried as well',
      [row('READ', { worker: 8 }), row('READ', { worker: 9 }), queued('FSYNC')],
    ],
    ['a worker has no row', [row('READ', { worker: 8 })]],
    [
      'one may be finished',
      [row('READ', { worker: 8 }), row('FSYNC', { worker: 9, certainty: 'ambiguous' as const })],
    ],
  ])('names none where %s', (_, rows) => {
    expect(operations(rows)).toEqual(['UNKNOWN', 'UNKNOWN']);
  });

  it('names none where they wait in different places, for which has which is a guess', () => {
    const tasks = [{ ...unseen(8), wchan: 'percpu_rwsem_wait' }, unseen(9)];
    const named = (second: string) =>
      withOperations(tasks, [row('READ', { worker: 8 }), row(second, { worker: 9 })], [ringOf()]);
    expect(named('WRITE')).toEqual(tasks);
    expect(named('READ').map(({ operation }) => operation)).toEqual(['READ', 'READ']);
  });

  it('names none where requests are lost from memory', () => {
    expect(operations([row('READ', { worker: 8 }), row('READ', { worker: 9 })], 1)).toEqual([
      'UNKNOWN',
      'UNKNOWN',
    ]);
  });
});
