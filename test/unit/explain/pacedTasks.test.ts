import { describe, expect, it } from 'vitest';
import { explain } from '../../../src/explain/explain';
import type { BlockDevice, Sample, Task } from '../../../src/model/sample';
import { earlier, fileOf, sampleOf, stackOf, taskOf } from '../samples';

const DISK: BlockDevice = {
  name: 'loop3',
  device: '7:3',
  inFlightReads: 0,
  inFlightWrites: 8,
  completed: 50,
};
const FILE = fileOf(6, '/data/x', { mount: '/data', blockDevice: 'loop3', device: '7:3' });

/** Each sleeps for a moment only: it has run since the look before. */
const slowed = (...stack: string[]): Task =>
  taskOf({
    state: 'D',
    blocked: 0.1,
    lastRan: 1000,
    kernelStack: stackOf(...stack, 'vfs_write', 'ksys_write'),
  });
const WRITER = slowed('balance_dirty_pages', 'generic_perform_write');
const PAYER = slowed('ioc_rqos_throttle', 'blk_mq_submit_bio');

function look(task: Task, parts: Partial<Sample> = {}): Sample {
  return sampleOf({ tasks: [task], devices: [DISK], resources: [FILE], ...parts });
}

/** The findings above info, after a look that saw the same but for `before`. */
function graves(sample: Sample, before: Partial<Sample> = {}): string[] {
  const tasks = sample.tasks.map((task) => ({ ...task, lastRan: 999.5 }));
  const other = { ...earlier({ ...sample, tasks }), ...before };
  const { findings } = explain(sample, { other, last: true }).sample;
  return findings.flatMap(({ severity, tag, summary }) =>
    severity === 'info' ? [] : [`${severity} ${tag}: ${summary}`],
  );
}

describe('a writer that the kernel slows down', () => {
  it('waits for its disk where that has requests and finishes none', () => {
    expect(graves(look(WRITER))).toEqual([
      'critical stuck-on-resource: No io_uring here: thread server (7) on /data/x (ext4) is slowed down because too much written data is not on disk yet (disk loop3).',
    ]);
  });

  it.each<[string, Partial<Sample>]>([
    ['while its disk finishes requests', { devices: [{ ...DISK, completed: 40 }] }],
    ['that wrote a moment ago', { tasks: [taskOf({ state: 'D', kernelStack: stackOf('ext4_writepages') })] }],
    ['that was not there', { tasks: [] }],
  ])('is well %s', (_, before) => {
    expect(graves(look(WRITER), before)).toEqual([]);
  });

  it('is well while its disk has nothing to do', () => {
    expect(graves(look(WRITER, { devices: [{ ...DISK, inFlightWrites: 0 }] }))).toEqual([]);
  });

  it('is looked at again', () => {
    expect(explain(look(WRITER)).lookAgain).toBe(true);
    expect(graves(look(WRITER), { host: { ...look(WRITER).host, uptime: 999.95 } })).toEqual([]);
  });
});

describe('a task that pays for its I/O', () => {
  const IDLE = { ...DISK, inFlightWrites: 0 };
  const cgroup = { path: '/g', limits: [{ path: '/', file: 'io.cost.qos', limit: '7:3 enable=1' }] };

  it('is held back while its disk does nothing for it', () => {
    const [first, ...others] = graves(look(PAYER, { devices: [IDLE], cgroup }));
    expect(others).toEqual([]);
    expect(first).toMatch(/^warning throttled: .*cost control of its disk/);
  });

  it('is well while the disk finishes requests', () => {
    expect(graves(look(PAYER, { devices: [IDLE] }), { devices: [{ ...IDLE, completed: 49 }] })).toEqual([]);
  });
});

describe('a task that waits for memory of its cgroup', () => {
  const limits = [
    { path: '/a/b', file: 'memory.high', limit: '1073741824', used: '4096' },
    { path: '/a', file: 'memory.high', limit: '16777216', used: '18350080' },
    { path: '/a', file: 'memory.max', limit: '18350080', used: '18350080' },
  ];

  it('is told with the group that has the least left, and with no file or disk', () => {
    const task = slowed('mem_cgroup_handle_over_high', 'irqentry_exit_to_user_mode');
    const [first] = graves(look(task, { cgroup: { path: '/a/b', limits } }));
    expect(first).toBe(
      'warning throttled: No io_uring here: thread server (7) is slowed down because its cgroup uses more memory than it should: cgroup /a uses 17.5 MiB and may use 16 MiB (memory.high).',
    );
  });

  it('is critical where no killer will free any', () => {
    const task = { ...slowed('mem_cgroup_oom_synchronize', 'pagefault_out_of_memory'), blocked: 9 };
    const [first] = graves(look(task, { cgroup: { path: '/a/b', limits } }));
    expect(first).toMatch(
      /^critical stuck-on-resource: .*cgroup \/a uses 17\.5 MiB .*\(memory\.max\), 9 s so far\.$/,
    );
  });

  it('is told also where it frees memory itself', () => {
    const task = { ...slowed('reclaim_throttle', 'shrink_node', 'try_to_free_mem_cgroup_pages'), blocked: 9 };
    const [first] = graves(look(task, { cgroup: { path: '/a/b', limits } }));
    expect(first).toMatch(/^critical stuck-on-resource: .*: cgroup \/a uses 17\.5 MiB and may use 16 MiB/);
  });

  it('is told without numbers where they are not known', () => {
    const task = { ...slowed('mem_cgroup_oom_synchronize'), blocked: 9 };
    expect(graves(look(task))[0]).toMatch(/killer is off, 9 s so far\.$/);
  });
});
