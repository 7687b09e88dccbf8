import { describe, expect, it } from 'vitest';
import type { Request, Ring, Task, UserFrame } from '../../../../src/model/sample';
import { submittingOrigins } from '../../../../src/source/origin/submitting';
import { sampleOf, taskOf } from '../../samples';

const frame = (name: string, file?: string): UserFrame => ({
  function: name,
  address: '0x1',
  trust: 'proven',
  ...(file === undefined ? {} : { file, line: 9 }),
});
const thread = (parts: Partial<Task> = {}, args = ['0x5', '0x1', '0x1', '0x1', '0x0', '0x8']): Task =>
  taskOf({
    tid: 7,
    syscall: { number: 426, name: 'io_uring_enter', args },
    userStack: [
      frame('syscall'),
      frame('io_uring_submit_and_wait', '/usr/include/liburing.h'),
      frame('read_block', '/src/store.c'),
      frame('main', '/src/main.c'),
    ],
    ...parts,
  });
const ring = { id: 1, fd: 5, owner: 7, setup: [], inFlight: 1, readable: true } satisfies Ring;
const request: Request = {
  ring: 1,
  operation: 'READ',
  state: 'polling',
  certainty: 'certain',
  sources: ['ring memory'],
};
const found = (tasks: readonly Task[], requests: readonly Request[] = [request], inFlight = 1) =>
  submittingOrigins(sampleOf({ tasks, requests, rings: [{ ...ring, inFlight }] }));

describe('the code that waits in the call that has submitted a request', () => {
  it('is the nearest of the program’s own', () => {
    expect([...found([thread()])]).toEqual([
      [0, [{ kind: 'submitted', function: 'read_block', file: '/src/store.c', line: 9 }]],
    ]);
  });

  it.each([
    ['several are in flight', [thread()], [request, request], 2],
    ['the ring counts more than is listed', [thread()], [request], 2],
    ['it has submitted nothing in this call', [thread({}, ['0x5', '0x0', '0x1', '0x1'])], [request], 1],
    ['it waits for several', [thread({}, ['0x5', '0x1', '0x2', '0x1'])], [request], 1],
    ['it does not wait', [thread({}, ['0x5', '0x1', '0x1', '0x0'])], [request], 1],
    ['it is another ring', [thread({}, ['0x6', '0x1', '0x1', '0x1'])], [request], 1],
    ['the ring is named by a registered number', [thread({}, ['0x5', '0x1', '0x1', '0x11'])], [request], 1],
    ['another thread has submitted it', [thread()], [{ ...request, submitter: 8 }], 1],
    ['two threads wait', [thread(), thread({ tid: 8 })], [request], 1],
    ['its stack is unknown', [thread({ userStack: [] })], [request], 1],
  ] as const)('is not told where %s', (_, tasks, requests, inFlight) => {
    expect(found(tasks, requests, inFlight).size).toBe(0);
  });
});
