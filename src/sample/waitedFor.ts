import type { Resource, Sample, Task } from '../model/sample';

/** System calls whose first argument is the descriptor that they wait for. */
const ON_DESCRIPTOR =
  /^(?:p?(?:read|write)v?(?:64|2)?|recv\w+|send\w+|accept4?|connect|splice|tee|mq_timed\w+)$/;
/** Functions of the kernel in which reading or writing a pipe waits. */
const IN_PIPE = /^(?:(?:anon_|fifo_)?pipe_(?:read|write)|pipe_wait_(?:readable|writable))(?:\.|$)/;
/** File systems whose files never let a request wait for readiness, unless they are FIFOs. */
const NEVER_POLLED = /^(?:ext[234]|xfs|btrfs|f2fs|tmpfs|overlay|zfs)$/;

/** What somebody waits for, a thread or a request, and what the wait tells of its kind. */
export interface WaitedFor {
  readonly resource: Resource;
  /** A FIFO, whose link does not differ from that of a file; a POSIX message queue, whose name is no path. */
  readonly kind: Resource['kind'];
  /** A task that waits for it in a system call. */
  readonly task?: Task;
}

/** The descriptors that the process's threads and requests wait for, the threads' first; at most `most`. */
export function waitedFor({ tasks, requests, resources }: Sample, most: number): WaitedFor[] {
  const byFd = new Map(resources.map((resource) => [resource.fd, resource]));
  const found = new Map<number, WaitedFor>();
  for (const task of tasks) {
    const { syscall, state } = task;
    if (state !== 'S' && state !== 'D') continue;
    const fds = ON_DESCRIPTOR.test(syscall?.name ?? '') ? [Number(syscall?.args[0])] : (syscall?.polls ?? []);
    for (const fd of fds) {
      const resource = byFd.get(fd);
      if (resource && found.size < most && !found.has(fd))
        found.set(fd, { resource, kind: kindFor(task, resource), task });
    }
  }
  for (const { fd, state } of requests) {
    if (found.size >= most) break;
    if (fd == null || found.has(fd) || state === 'completed' || state === 'overflowed') continue;
    const resource = byFd.get(fd);
    if (!resource) continue;
    const fifo = state === 'polling' && resource.kind === 'file' && NEVER_POLLED.test(resource.fsType ?? '');
    found.set(fd, { resource, kind: fifo ? 'fifo' : resource.kind });
  }
  return [...found.values()];
}

function kindFor({ syscall, wchan, kernelStack }: Task, { kind }: Resource): Resource['kind'] {
  if (kind !== 'file' && kind !== 'device') return kind;
  if (syscall?.name?.startsWith('mq_')) return 'mqueue';
  const inPipe = kernelStack?.some((frame) => IN_PIPE.test(frame.function)) || IN_PIPE.test(wchan ?? '');
  return inPipe ? 'fifo' : kind;
}
