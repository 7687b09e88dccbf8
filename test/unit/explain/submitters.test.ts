import { describe, expect, it } from 'vitest';
import { explain } from '../../../src/explain/explain';
import type { Ring, Task } from '../../../src/model/sample';
import { earlier, ringOf, sampleOf, stackOf, taskOf } from '../samples';

const STACK = stackOf('request_wait_answer', '__fuse_simple_request', 'io_read', 'io_submit_sqes');
const held: Partial<Task> = { operation: 'READ', kernelStack: STACK, blocked: 31 };
const submitter = taskOf({
  ...held,
  syscall: { number: 426, name: 'io_uring_enter', args: ['0x3', '0x3', '0x0', '0x0', '0x0', '0x8'] },
});
const poller = taskOf({ ...held, tid: 9, kind: 'sqpoll', name: 'iou-sqp-7' });
const queue = { sqHead: 1, sqTail: 3, inFlight: 1, explained: 1 };

function told(tasks: readonly Task[], rings: readonly Ring[]) {
  const sample = sampleOf({ tasks, rings });
  const { findings } = explain(sample, { other: earlier(sample), last: true }).sample;
  return { tags: findings.map(({ tag }) => tag), first: findings[0] };
}

describe('what stands in the submission queue behind a request that holds up its submission', () => {
  it('is counted with it, and the program is not said to have forgotten it', () => {
    const { tags, first } = told([submitter], [ringOf(queue)]);
    expect(tags).toEqual(['submitter-stuck']);
    expect(first?.summary).toMatch(/; 2 more requests in the submission queue stand behind it\.$/);
  });

  it('is so with an SQPOLL thread, which is not said to sleep', () => {
    const { tags, first } = told([poller], [ringOf({ ...queue, setup: ['SQPOLL'], sqpollTid: 9 })]);
    expect(tags).toEqual(['stuck-on-resource']);
    expect(first?.summary).toContain('; 2 more requests in the submission queue stand behind it');
    expect(first?.explanation).toContain('It is the kernel’s submission thread (SQPOLL)');
  });

  it('is forgotten all the same in another ring', () => {
    const other = ringOf({ ...queue, id: 2, fd: 4, inFlight: 0, explained: 0 });
    const { tags, first } = told([submitter], [ringOf({ ...queue, sqHead: 3 }), other]);
    expect(tags).toEqual(['submitter-stuck', 'not-submitted']);
    expect(first?.summary).not.toContain('submission queue');
  });
});
