import { describe, expect, it } from 'vitest';
import { explain } from '../../../src/explain/explain';
import { plightOf } from '../../../src/explain/fuseServers';
import type { FuseServer, Task } from '../../../src/model/sample';
import { fileOf, requestOf, ringOf, sampleOf, stackOf, taskOf, workerOf } from '../samples';

const holder = { pid: 812, name: 'sshfs' };
const server = (tasks: readonly Task[], parts: Partial<FuseServer> = {}): FuseServer => ({
  ...holder,
  tasks,
  calls: [],
  ...parts,
});
const plight = (tasks: readonly Task[], parts: Partial<FuseServer> = {}) =>
  plightOf(sampleOf({ fuseServers: [server(tasks, parts)] }), holder);

const thread = (tid: number, ...stack: readonly string[]) =>
  taskOf({ tid, name: 'sshfs', state: 'D', blocked: 40, kernelStack: stackOf(...stack) });
const ready = taskOf({ tid: 813, kernelStack: stackOf('fuse_dev_do_read', 'fuse_dev_read') });
const asksItself = thread(812, 'request_wait_answer', '__fuse_simple_request', 'fuse_lookup_name');
const calls = [{ tid: 812, path: '/mnt/data/db', ownMount: true }];

describe('what a FUSE server that owes answers does itself', () => {
  it('is to be stopped', () => {
    expect(plight([taskOf({ tid: 812, state: 'T' }), taskOf({ tid: 813, state: 'T' })])).toEqual({
      text: 'is stopped by a signal (SIGSTOP, Ctrl-Z)',
      remedy: 'Continue sshfs (812): kill -CONT 812, or in the debugger.',
    });
  });

  it('is to wait on its own mount, unless another thread of it takes requests', () => {
    expect(plight([asksItself], { calls })?.text).toBe('itself waits on its own mount (/mnt/data/db)');
    expect(plight([asksItself, ready], { calls })).toBeUndefined();
    expect(plight([asksItself, taskOf({ tid: 813, state: 'R' })], { calls })).toBeUndefined();
  });

  it('is to wait for something else that does not come', () => {
    expect(plight([thread(812, 'rpc_wait_bit_killable', 'nfs_file_read')])?.text).toBe(
      'itself waits for the NFS server’s answer',
    );
    const reads = thread(812, 'folio_wait_bit_common', 'filemap_get_pages');
    expect(plight([reads], { calls: [{ tid: 812, path: '/srv/a' }] })?.text).toBe(
      'itself waits for a page of /srv/a to be read in',
    );
    expect(plight([{ ...thread(812, 'rpc_wait_bit_killable'), blocked: 0.2 }])).toBeUndefined();
  });

  it('is nothing to tell while it waits for requests, or where nobody can see', () => {
    expect(plight([ready])).toBeUndefined();
    expect(plight([taskOf({ tid: 812, wchan: 'ep_poll' })])).toBeUndefined();
    expect(plight([taskOf({ tid: 812 })])).toBeUndefined();
    expect(plight([])).toBeUndefined();
    expect(plightOf(sampleOf(), holder)).toBeUndefined();
  });
});

describe('requests at a server that does not answer for a reason of its own', () => {
  const file = fileOf(6, '/mnt/data/db', {
    mount: '/mnt/data',
    fsType: 'fuse.sshfs',
    device: '0:45',
    holder,
    waiting: 1,
  });
  const worker = workerOf(10, 'READ', ['request_wait_answer', '__fuse_simple_request'], 31);
  const sample = sampleOf({
    tasks: [worker],
    rings: [ringOf({ inFlight: 1, live: 1, explained: 1 })],
    requests: [requestOf({ fd: 6, worker: 10 })],
    resources: [file],
    fuseServers: [server([asksItself], { calls })],
  });

  it('are told with it, and what helps', () => {
    const [finding] = explain(sample, { last: true }).sample.findings;
    expect(finding?.summary).toBe(
      '1 read of /mnt/data/db (fuse.sshfs) waits for the FUSE server sshfs (812), which itself waits on its own mount (/mnt/data/db), to answer, 31 s so far.',
    );
    expect(finding?.remedy).toMatch(/a FUSE server must not use its own mount.*connections\/45\/abort/);
  });

  it('are told with it also where no thread carries them, and below a disk', () => {
    const devices = [
      {
        name: 'loop0',
        inFlightReads: 1,
        completed: 5,
        backingFile: '/mnt/data/db',
        backing: { mount: '/mnt/data', fsType: 'fuse.sshfs', device: '0:45', holder, waiting: 1 },
      },
    ];
    const issued = [requestOf({ fd: 6, state: 'issued' })];
    const told = (parts: Partial<typeof sample>) => {
      const one = { ...sample, tasks: [], requests: issued, ...parts };
      return explain(one, { other: { ...one, host: { ...one.host, uptime: 999 } }, last: true }).sample
        .findings[0];
    };
    expect(told({})?.summary).toContain(
      'of /mnt/data/db, which itself waits on its own mount (/mnt/data/db), has 1 request unanswered and has completed none',
    );
    const onDisk = [fileOf(6, '/srv/db', { blockDevice: 'loop0' })];
    expect(told({ resources: onDisk, devices })?.summary).toContain(
      'the FUSE server sshfs (812) of /mnt/data/db, which itself waits on its own mount (/mnt/data/db) and has 1 unanswered request',
    );
  });
});

describe('reads at a server, some of which it has and some of which it does not take', () => {
  it('are one finding', () => {
    const file = fileOf(6, '/mnt/data/db', { mount: '/mnt/data', fsType: 'fuse.sshfs', holder });
    const tasks = [
      workerOf(10, 'READ', ['folio_wait_bit_common', 'filemap_get_pages'], 31),
      workerOf(11, 'READ', ['fuse_get_req', 'fuse_simple_background', 'fuse_readahead'], 31),
    ];
    const sample = sampleOf({
      tasks,
      rings: [ringOf({ inFlight: 2, live: 2, explained: 2 })],
      requests: tasks.map(({ tid }) => requestOf({ fd: 6, worker: tid })),
      resources: [file],
    });
    const findings = explain(sample, { last: true }).sample.findings;
    expect(findings.map(({ tag }) => tag)).toEqual(['stuck-on-resource']);
    expect(findings[0]?.summary).toBe(
      '2 reads of /mnt/data/db (fuse.sshfs) wait for the FUSE server sshfs (812) to answer, 31 s so far.',
    );
    expect(findings[0]?.explanation).toContain('1 waits until the FUSE server takes requests again');
  });
});
