import { describe, expect, it } from 'vitest';
import type { Resource, ResourceKind, Task } from '../../../../src/model/sample';
import type { Carried } from '../../../../src/sample/carried';
import { placePending, type Surroundings } from '../../../../src/sample/requests/placing';
import type { Remembered } from '../../../../src/sample/requests/remembered';

let next = 0;
const row = (operation: string, fd?: number, more: Partial<Remembered> = {}): Remembered => ({
  operation,
  ...(fd === undefined ? {} : { fd }),
  userData: `0x${(++next).toString(16)}`,
  certainty: 'certain',
  sources: ['ring memory'],
  ...more,
});

const KINDS: Record<number, ResourceKind> = { 3: 'file', 4: 'pipe', 5: 'socket' };
const resources = new Map(
  Object.entries(KINDS).map(([fd, kind]): [number, Resource] => [Number(fd), { fd: Number(fd), kind }]),
);
const worker = (tid: number, operation: string, blocked: number): Carried => {
  const task: Task = { tid, name: 'iou-wrk-1', kind: 'worker', state: 'D', blocked };
  return { task, operation, by: 'worker' };
};
const around = (more: Partial<Surroundings> = {}): Surroundings => ({ resources, carried: [], ...more });
const places = (rows: readonly Remembered[], surroundings: Surroundings) =>
  placePending(1, rows, surroundings).map(({ state, worker: tid, inferred }) => [
    state,
    tid,
    inferred?.join(),
  ]);

describe('where a pending request stands', () => {
  it('is sure for timers, futexes and what memory itself tells', () => {
    const rows = [
      row('TIMEOUT'),
      row('FUTEX_WAIT'),
      row('WAITID'),
      row('NOP', undefined, { state: 'linked' }),
    ];
    expect(places(rows, around())).toEqual([
      ['timeout', undefined, undefined],
      ['waiting', undefined, undefined],
      ['waiting', undefined, undefined],
      ['linked', undefined, undefined],
    ]);
  });

  it('is sure of armed polls where fdinfo counts as many of that operation', () => {
    expect(places([row('READ', 4), row('RECV', 5)], around({ polls: ['READ', 'RECV'] }))).toEqual([
      ['polling', undefined, undefined],
      ['polling', undefined, undefined],
    ]);
  });

  it('is the poll of what can be polled where fdinfo counts fewer', () => {
    const found = places([row('READ', 3), row('READ', 4)], around({ polls: ['READ'] }));
    expect(found).toEqual([
      ['issued', undefined, 'state'],
      ['polling', undefined, undefined],
    ]);
  });

  it('is guessed by the kind of file where fdinfo says nothing', () => {
    expect(places([row('READ', 4), row('ACCEPT'), row('READ', 3)], around())).toEqual([
      ['polling', undefined, 'state'],
      ['polling', undefined, 'state'],
      ['issued', undefined, 'state'],
    ]);
  });

  it('gives the oldest requests to the workers that stood longest; the rest queues behind them', () => {
    const rows = [row('READ', 3), row('READV', 3), row('READ_FIXED', 3), row('FSYNC', 3)];
    const carried = [worker(11, 'READ', 4), worker(10, 'READ', 9)];
    expect(places(rows, around({ polls: [], carried }))).toEqual([
      ['running', 10, 'state,worker'],
      ['running', 11, 'state,worker'],
      ['queued', undefined, 'state'],
      ['queued', undefined, 'state'],
    ]);
  });

  it('leaves what is left to a worker of which nothing is known', () => {
    const rows = [row('OPENAT'), row('SPLICE', 4)];
    const carried = [worker(10, 'UNKNOWN', 9), worker(11, 'OPENAT', 4)];
    expect(places(rows, around({ polls: [], carried })).map(([state, tid]) => [state, tid])).toEqual([
      ['running', 11],
      ['running', 10],
    ]);
  });

  it('takes the last fitting request for the one the submitting thread is inside of', () => {
    const rows = [row('READ', 3), row('READ', 3)];
    const carried: Carried[] = [{ ...worker(7, 'READ', 2), by: 'submitter' }];
    expect(places(rows, around({ polls: [], carried })).map(([state, tid]) => [state, tid])).toEqual([
      ['issued', undefined],
      ['running', 7],
    ]);
  });

  it('makes nothing more certain than memory is', () => {
    const [placed] = placePending(
      1,
      [row('READ', 4, { certainty: 'ambiguous' })],
      around({ polls: ['READ'] }),
    );
    expect(placed?.certainty).toBe('ambiguous');
  });
});
