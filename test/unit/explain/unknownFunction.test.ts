import { describe, expect, it } from 'vitest';
import { explain } from '../../../src/explain/explain';
import { reportText } from '../../../src/explain/report';
import { ringOf, sampleOf, stackOf, taskOf, workerOf } from '../samples';

const STACK = ['schedule', 'frobnicate_wait', 'frobnicate_read', 'vfs_read'];

describe('a kernel function that nothing is known of', () => {
  it('is named with its stack where a thread is in uninterruptible sleep', () => {
    const stuck = taskOf({ state: 'D', blocked: 40, kernelStack: stackOf(...STACK) });
    const { sample } = explain(sampleOf({ tasks: [stuck] }), { last: true });
    expect(sample.findings[0]).toMatchObject({ severity: 'critical' });
    expect(sample.findings[0]?.summary).toContain(
      'is blocked in frobnicate_wait (unknown subsystem), 40 s so far',
    );
    expect(sample.findings[0]?.remedy).toContain('frobnicate_wait, frobnicate_read, vfs_read');
  });

  it('is named for the request that a worker carries', () => {
    const worker = workerOf(10, 'READ', ['frobnicate_wait', 'frobnicate_read'], 40);
    const rings = [ringOf({ sqHead: 1, sqTail: 1, inFlight: 1, explained: 1 })];
    const { sample } = explain(sampleOf({ tasks: [worker], rings }), { last: true });
    expect(sample.findings[0]).toMatchObject({ severity: 'critical', stuck: 1 });
    expect(sample.findings[0]?.summary).toMatch(
      /^1 read is blocked in frobnicate_wait \(unknown subsystem\)/,
    );
    expect(reportText(sample)).toContain('frobnicate_read');
  });

  it('is no fault of a thread that merely sleeps, yet named', () => {
    const sleeper = taskOf({ kernelStack: stackOf(...STACK) });
    const { sample } = explain(sampleOf({ tasks: [sleeper] }), { last: true });
    expect(sample.findings.map(({ severity }) => severity)).toEqual(['info']);
    expect(sample.findings[0]?.summary).toContain(
      '1 thread is blocked in frobnicate_wait (unknown subsystem)',
    );
  });

  it('says nothing of a worker that sleeps in it: it may have nothing to do', () => {
    const worker = taskOf({ tid: 9, kind: 'worker', kernelStack: stackOf(...STACK) });
    expect(explain(sampleOf({ tasks: [worker] })).sample.tasks[0]?.blockedOn).toBeUndefined();
  });
});
