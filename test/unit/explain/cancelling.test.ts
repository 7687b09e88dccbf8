import { describe, expect, it } from 'vitest';
import { cancelling } from '../../../src/explain/cancelling';
import { explain } from '../../../src/explain/explain';
import { reportText } from '../../../src/explain/report';
import type { Request, Sample } from '../../../src/model/sample';
import { fileOf, requestOf, ringOf, sampleOf, stackOf, taskOf, workerOf } from '../samples';

const PAGE = ['folio_wait_bit_common', 'filemap_get_pages'];
const fuse = fileOf(6, '/mnt/db', { fsType: 'fuse.sshfs' });

function of(request: Request, parts: Partial<Sample> = {}) {
  return cancelling(sampleOf({ requests: [request], ...parts }), request);
}

/** A request that a worker carries, blocked in a stack. */
const carried = (stack: readonly string[], parts: Partial<Request> = {}) =>
  of(requestOf({ fd: 6, worker: 9, ...parts }), {
    tasks: [workerOf(9, 'READ', stack, 5)],
    resources: [fuse],
  });

describe('whether a request can be cancelled', () => {
  it('follows from the wait of its worker', () => {
    expect(carried(PAGE)).toEqual({
      ending: 'kill',
      text: 'cannot be cancelled or timed out until the FUSE server answers or the mount is aborted; only killing the process ends it earlier',
    });
    expect(carried(['request_wait_answer'])).toEqual({
      ending: 'never',
      text: 'cannot be cancelled or timed out until the FUSE server answers or the mount is aborted; killing the process ends it only while the server has not read the request',
    });
    expect(carried(['blk_mq_get_tag'])?.text).toBe(
      'cannot be cancelled or timed out until the disk answers; killing the process does not end it',
    );
  });

  it('is told where nothing is known of the worker, or the request has ended, by silence', () => {
    expect(of(requestOf({ worker: 9 }))).toBeUndefined();
    expect(of(requestOf({ state: 'completed' }))).toBeUndefined();
    expect(of(requestOf({ state: 'prepared' }))).toBeUndefined();
    expect(
      of(requestOf({ state: 'issued', stage: 'waits for thread 7 to run its completion' })),
    ).toBeUndefined();
  });

  it('needs a signal where the submitting thread carries it: no cancel gets past the ring’s lock', () => {
    const kernelStack = stackOf('pipe_read', 'io_read', 'io_submit_sqes');
    const request = requestOf({ worker: 7 });
    expect(of(request, { tasks: [taskOf({ kernelStack, operation: 'READ' })] })).toEqual({
      ending: 'kill',
      text: 'cannot be cancelled or timed out until the other end acts; a signal to its thread ends it earlier',
    });
  });

  it('is no for what a driver has, until the process ends', () => {
    expect(of(requestOf({ operation: 'URING_CMD', state: 'waiting' }))?.ending).toBe('kill');
    expect(of(requestOf({ operation: 'FUTEX_WAITV', state: 'waiting' }))?.ending).toBe('cancel');
  });

  it('is yes in the queue, unless a worker has taken it along, and says that its timer was not started', () => {
    const behind = 'waits behind another write to the same file';
    expect(of(requestOf({ state: 'queued', stage: behind }))?.ending).toBe('cancel');
    expect(of(requestOf({ state: 'queued', stage: `${behind}, taken along by its worker` }))?.ending).toBe(
      'head',
    );
    const queued = requestOf({ state: 'queued' });
    const limit = requestOf({ operation: 'LINK_TIMEOUT', state: 'linked', after: 0 });
    expect(of(queued, { requests: [queued, limit] })?.text).toContain('linked timeout has not been started');
    expect(of(queued, { requests: [queued, { ...limit, state: 'timeout' }] })?.text).toBe(
      'can be cancelled now',
    );
  });

  it('names what must be cancelled instead of a linked request', () => {
    const head = requestOf({ state: 'polling' });
    const tail = requestOf({ operation: 'FSYNC', state: 'linked', after: 0 });
    expect(of(tail, { requests: [head, tail] })?.text).toContain('cancel the READ before it');
  });

  it('stands in the answer and in the verbose report', () => {
    const requests = [requestOf({ fd: 6, path: '/mnt/db', worker: 9, userData: '0x1' })];
    const tasks = [workerOf(9, 'READ', PAGE, 31)];
    const rings = [ringOf({ inFlight: 1, explained: 1, live: 1 })];
    const { sample } = explain(sampleOf({ requests, tasks, rings, resources: [fuse] }), { last: true });
    expect(sample.findings[0]).toMatchObject({ learnMore: 'findings/stuck-on-resource.md' });
    expect(sample.findings[0]?.explanation).toContain(
      'It cannot be cancelled or timed out until the FUSE server answers',
    );
    const said = 'cannot be cancelled or timed out until the FUSE server answers';
    const rows = (verbose: boolean) => reportText({ ...sample, findings: [] }, { width: 1000, verbose });
    expect(rows(true)).toContain(said);
    expect(rows(false)).not.toContain(said);
  });
});
