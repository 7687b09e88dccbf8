import { describe, expect, it } from 'vitest';
import { explain } from '../../../src/explain/explain';
import { reportText } from '../../../src/explain/report';
import type { NamedFile, Sample } from '../../../src/model/sample';
import { taskRow } from '../../../src/views/taskNodes';
import { fileOf, requestOf, ringOf, sampleOf, stackOf, taskOf, workerOf } from '../samples';

const EXT4 = { mount: '/mnt/data', fsType: 'ext4', source: '/dev/vdb', device: '254:16' };

function answer(parts: Partial<Sample>) {
  const { sample } = explain(sampleOf(parts), { last: true });
  return { first: sample.findings[0], summary: sample.findings[0]?.summary ?? '' };
}

const FROZEN = ['percpu_rwsem_wait', 'mnt_want_write', 'filename_create', 'do_mkdirat'];
const thread = taskOf({
  state: 'D',
  blocked: 5,
  kernelStack: stackOf(...FROZEN, '__x64_sys_mkdir'),
  syscall: { number: 83, name: 'mkdir', args: [] },
});

describe('a wait with a path', () => {
  it('names the path and the mount', () => {
    const { first, summary } = answer({
      tasks: [thread],
      resources: [fileOf(4, '/mnt/other', { mount: '/mnt' })],
      namedFiles: [{ task: 7, path: '/mnt/data/new', ...EXT4 }],
    });
    expect(summary).toMatch(
      /in mkdir of \/mnt\/data\/new \(ext4\) waits because the file system at \/mnt\/data is frozen/,
    );
    expect(first?.evidence).toEqual([{ task: 7 }]);
    expect(first?.explanation).toMatch(/told by the call itself, and the mount by it, no link followed/);
  });

  it('has the path below the task, in the report and in the tree', () => {
    const namedFiles = [{ task: 7, path: '/mnt/data/new', ...EXT4, blockDevice: 'vdb' }];
    const { sample } = explain(sampleOf({ tasks: [thread], namedFiles }), { last: true });
    const line = '/mnt/data/new · ext4 at /mnt/data · disk vdb';
    expect(reportText(sample, { color: false, width: 120 })).toContain(`names ${line}`);
    const rows = sample.tasks.flatMap((task) => taskRow(task, sample).children?.() ?? []);
    expect(rows).toContainEqual(expect.objectContaining({ label: 'names', description: line }));
  });

  it('names both of a rename that a worker carries, and says where it was read', () => {
    const { first, summary } = answer({
      rings: [ringOf({ inFlight: 1 })],
      tasks: [workerOf(8, 'RENAMEAT', FROZEN, 5)],
      requests: [requestOf({ operation: 'RENAMEAT', worker: 8 })],
      namedFiles: [{ task: 8, path: '/mnt/data/a', newPath: '/mnt/data/b', later: true, ...EXT4 }],
    });
    expect(summary).toMatch(/^1 rename of \/mnt\/data\/a to \/mnt\/data\/b \(ext4\) waits because/);
    expect(first?.explanation).toMatch(/the program may have used that memory again/);
  });

  it('names the mount that several share', () => {
    const named = (task: number, path: string): NamedFile => ({ task, path, ...EXT4 });
    const { summary } = answer({
      rings: [ringOf({ inFlight: 2 })],
      tasks: [workerOf(8, 'MKDIRAT', FROZEN, 5), workerOf(9, 'UNLINKAT', FROZEN, 5)],
      namedFiles: [named(8, '/mnt/data/a'), named(9, '/mnt/data/b')],
    });
    expect(summary).toMatch(/^1 mkdir and 1 unlink on \/mnt\/data wait/);
  });

  it('names the first paths where their mount says nothing', () => {
    const root = { mount: '/', fsType: 'ext4', source: '/dev/vda', device: '254:0' };
    const tids = [8, 9, 10];
    const { summary } = answer({
      rings: [ringOf({ inFlight: 3, live: 3, explained: 3 })],
      requests: tids.map((worker) => requestOf({ operation: 'OPENAT', worker })),
      tasks: tids.map((tid) => workerOf(tid, 'OPENAT', ['wait_for_partner', 'fifo_open'], 5)),
      namedFiles: tids.map((task) => ({ task, path: `/run/fifo${task}`, ...root })),
    });
    expect(summary).toMatch(/^3 opens of \/run\/fifo8, \/run\/fifo9 and 1 more wait for/);
  });

  it('believes the stack more than a mount that a link may lead away from', () => {
    const { summary } = answer({
      tasks: [
        { ...thread, kernelStack: stackOf('request_wait_answer', 'fuse_simple_request', 'fuse_lookup_name') },
      ],
      namedFiles: [{ task: 7, path: '/mnt/data/link/x', ...EXT4 }],
    });
    expect(summary).toMatch(/in mkdir of \/mnt\/data\/link\/x waits for the FUSE server/);
    expect(summary).not.toMatch(/ext4/);
  });
});
