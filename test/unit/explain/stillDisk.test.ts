import { describe, expect, it } from 'vitest';
import { explain } from '../../../src/explain/explain';
import type { Sample } from '../../../src/model/sample';
import { earlier, fileOf, sampleOf, stackOf, taskOf } from '../samples';

/** A thread that writes to a disk which takes what it is given at most now and then. */
function writer(lastRan: number, finished: number | undefined, inFlightWrites: number): Sample {
  const task = taskOf({
    state: 'D',
    blocked: 0.1,
    lastRan,
    kernelStack: stackOf('balance_dirty_pages', 'generic_perform_write', 'vfs_write'),
    syscall: { number: 1, name: 'write', args: ['0x3', '0x0', '0x1000', '0x0', '0x0', '0x0'] },
  });
  const disk = { name: 'vdb', inFlightWrites, ...(finished === undefined ? {} : { finished }) };
  return sampleOf({
    tasks: [task],
    resources: [fileOf(3, '/mnt/log', { blockDevice: 'vdb' })],
    devices: [disk],
  });
}

const severity = (now: Sample, before: Sample) =>
  explain(now, { other: earlier(before), last: true }).sample.findings[0]?.severity;

describe('a writer that is slowed down and looks again every now and then', () => {
  it('is held where the disk has finished nothing in between', () => {
    expect(severity(writer(20, 0, 8), writer(19, undefined, 8))).toBe('warning');
  });

  it('is well where the disk works, or has nothing to do', () => {
    expect(severity(writer(20, 3, 8), writer(19, undefined, 8))).toBe('info');
    expect(severity(writer(20, 0, 0), writer(19, undefined, 0))).toBe('info');
    expect(severity(writer(20, undefined, 8), writer(19, undefined, 8))).toBe('info');
  });

  it('is well where it was elsewhere before', () => {
    const before = writer(19, undefined, 8);
    expect(severity(writer(20, 0, 8), { ...before, tasks: [taskOf({ state: 'R' })] })).toBe('info');
  });
});
