import type { KernelFrame, Request, Resource, Ring, Sample, Task } from '../../src/model/sample';

/** A Sample of a process that does nothing, with what a test wants instead. */
export function sampleOf(parts: Partial<Sample> = {}): Sample {
  return {
    schema: 1,
    takenAt: '2026-01-02T03:04:05.000Z',
    host: { name: 'db1', kernel: '6.18.0', arch: 'x86_64', uptime: 1000, cpus: 2 },
    rights: { uid: 0, kernelStacks: true, kernelWalk: false, tracing: false },
    process: { pid: 7, startTime: 5, name: 'server', command: ['./server'] },
    tasks: [],
    rings: [],
    requests: [],
    resources: [],
    devices: [],
    findings: [],
    notVisible: [],
    ...parts,
  };
}

/** The same look, taken so many seconds earlier. */
export function earlier(sample: Sample, seconds = 1): Sample {
  return { ...sample, host: { ...sample.host, uptime: (sample.host.uptime ?? 0) - seconds } };
}

/** Frames by name, innermost first. */
export function stackOf(...names: string[]): KernelFrame[] {
  return names.map((name) => ({ function: name, offset: 16, size: 64, module: null }));
}

export function taskOf(parts: Partial<Task> = {}): Task {
  return { tid: 7, name: 'server', kind: 'thread', state: 'S', ...parts };
}

/** An io-wq worker held in a function, carrying an operation. */
export function workerOf(tid: number, operation: string, stack: readonly string[], blocked: number): Task {
  const kernelStack = stackOf(
    ...stack,
    `io_${operation.toLowerCase()}`,
    'io_issue_sqe',
    'io_wq_submit_work',
    'io_wq_worker',
  );
  return { tid, name: 'iou-wrk-7', kind: 'worker', state: 'D', blocked, operation, kernelStack };
}

export function ringOf(parts: Partial<Ring> = {}): Ring {
  return {
    id: 1,
    fd: 3,
    owner: 7,
    setup: [],
    readable: true,
    sqEntries: 64,
    cqEntries: 128,
    sqHead: 0,
    sqTail: 0,
    cqHead: 0,
    cqTail: 0,
    overflowed: 0,
    inFlight: 0,
    explained: 0,
    ...parts,
  };
}

export function fileOf(fd: number, path: string, parts: Partial<Resource> = {}): Resource {
  return {
    fd,
    kind: 'file',
    path,
    mount: '/mnt',
    fsType: 'ext4',
    source: '/dev/vdb',
    device: '254:16',
    ...parts,
  };
}

/** A request as the kernel walk tells it. */
export function requestOf(parts: Partial<Request> = {}): Request {
  return {
    ring: 1,
    operation: 'READ',
    state: 'running',
    certainty: 'certain',
    sources: ['kernel walk', 'ring memory'],
    ...parts,
  };
}

/** So many alike. */
export function requestsOf(count: number, parts: Partial<Request> = {}): Request[] {
  return Array.from({ length: count }, () => requestOf(parts));
}
