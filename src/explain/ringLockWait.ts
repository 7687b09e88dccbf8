import type { KernelFrame, Task } from '../model/sample';
import { plainName } from '../ring/issueFunctions';
import type { Blocked } from './blocking';
import { innermostFrame } from './functions/table';

/**
 * Functions of io_uring that take the ring's lock and wait uninterruptibly for nothing else. The kernel leaves the frames
 * of the mutex itself out of /proc/PID/stack and wchan (6.18), so that the caller stands innermost.
 */
const TAKE_LOCK = new Set([
  '__do_sys_io_uring_enter',
  '__do_sys_io_uring_register',
  'io_uring_alloc_task_context',
  'io_ring_submit_lock',
  'io_poll_task_func',
  'io_req_task_submit',
  'io_handle_tw_list',
  'ctx_flush_and_put',
  'tctx_task_work_run',
  '__io_sq_thread',
]);

/** A task in state D whose innermost frame takes the lock of a ring. */
export function ringLockWait(task: Task, stack: readonly KernelFrame[]): Blocked | undefined {
  const frame = task.state === 'D' ? innermostFrame(stack) : undefined;
  if (frame === undefined || !TAKE_LOCK.has(plainName(frame))) return undefined;
  return {
    task,
    on: {
      function: frame,
      subsystem: 'io_uring',
      text: 'waits for the ring’s lock, which another task holds while it submits',
      wake: 'uninterruptible',
    },
    cause: 'ring lock',
    advice: 'Look at the task that is blocked below io_submit_sqes: it holds the lock.',
  };
}
