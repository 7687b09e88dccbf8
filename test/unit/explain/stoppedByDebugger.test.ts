import { describe, expect, it } from 'vitest';
import { explain } from '../../../src/explain/explain';
import { headline } from '../../../src/explain/summary';
import type { Request, Sample, Task } from '../../../src/model/sample';
import { requestOf, ringOf, sampleOf, stackOf, taskOf } from '../samples';

const stopped = (parts: Partial<Task> = {}): Task =>
  taskOf({ state: 't', blocked: 3, kernelStack: stackOf('ptrace_stop', 'get_signal'), ...parts });
const read = (parts: Partial<Request> = {}): Request =>
  requestOf({ state: 'polling', operation: 'READ', submitter: 7, ...parts });
const traced = (parts: Partial<Sample>): Sample => {
  const sample = sampleOf({ rings: [ringOf()], ...parts });
  return explain({ ...sample, process: { ...sample.process, tracer: 9 } }, { last: true }).sample;
};
const answer = (sample: Sample) => sample.findings[0];

describe('a process that its debugger has stopped', () => {
  it('is told as that, with what waits for it, and raises no alarm', () => {
    const sample = traced({ tasks: [stopped()], requests: [read(), read()] });
    expect(answer(sample)).toMatchObject({
      tag: 'in-debugger',
      severity: 'info',
      summary:
        'server (7) is stopped by its debugger, process 9: the completions of its 2 pending requests wait until it continues.',
      evidence: [{ task: 7 }, { request: 0 }, { request: 1 }],
    });
    expect(sample.findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
    expect(headline(sample)).toBe('stopped by its debugger');
    expect(sample.tasks[0]?.blockedOn?.function).toBe('ptrace_stop');
  });

  it('says which requests have been woken and wait for just that', () => {
    const woken = read({ stage: 'has been woken and waits for thread 7 to go on with it' });
    const done = read({ state: 'issued', stage: 'waits for thread 7 to run its completion' });
    const of = (...requests: Request[]) => answer(traced({ tasks: [stopped()], requests }))?.explanation;
    expect(of(read(), woken, done)).toMatch(/2 of them have been woken already and wait for just that\.$/);
    expect(of(read(), woken)).toMatch(/One of them has been woken already and waits for just that\.$/);
    expect(of(read())).not.toMatch(/woken/);
  });

  it('does not hold up what a thread that runs, or the kernel’s submission thread, has submitted', () => {
    const tasks = [stopped(), taskOf({ tid: 8, state: 'R' })];
    expect(answer(traced({ tasks, requests: [read(), read({ submitter: 8 })] }))).toMatchObject({
      summary:
        '1 thread of server (7) is stopped by its debugger, process 9: the completion of its pending request waits until it continues.',
      evidence: [{ task: 7 }, { request: 0 }],
    });
    const { submitter, ...unknown } = read();
    const polled = { tasks: [stopped()], rings: [ringOf({ setup: ['SQPOLL'] })], requests: [unknown] };
    expect(submitter).toBe(7);
    expect(answer(traced(polled))?.summary).toMatch(/ process 9, and runs nothing until it continues\.$/);
  });

  it('is not said of one that a tracer holds for a moment', () => {
    const sample = traced({ tasks: [stopped({ blocked: 0.01 })], requests: [read()] });
    expect(sample.findings.map(({ tag }) => tag)).not.toContain('in-debugger');
  });

  it('keeps nothing graver from being the answer', () => {
    const held = taskOf({
      tid: 8,
      state: 'D',
      blocked: 30,
      kernelStack: stackOf('request_wait_answer', 'fuse_simple_request'),
    });
    const sample = traced({ tasks: [stopped(), held], requests: [] });
    expect(sample.findings.map(({ severity }) => severity)).toEqual(['critical', 'info']);
    expect(sample.findings[1]?.tag).toBe('in-debugger');
  });
});
