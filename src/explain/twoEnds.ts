import type { Request, Resource, Sample, Task } from '../model/sample';
import { argumentOf } from '../procfs/syscall';
import { indexOf } from './sampleIndex';
import { resourceName } from './words';

/** What data is moved between by a splice, a tee or their like. */
export interface TwoEnds {
  readonly from: Resource;
  readonly into: Resource;
}

/** Descriptors of system calls that move data, by the place of their arguments: from, into. */
const CALLS: Readonly<Record<string, readonly [from: number, into: number]>> = {
  splice: [0, 2],
  tee: [0, 1],
  sendfile: [1, 0],
  copy_file_range: [0, 2],
};

/** The ends between which all of these tasks move data; undefined where they move none, or not between the same. */
export function twoEnds(sample: Sample, tasks: readonly Task[]): TwoEnds | undefined {
  const found = tasks.map((task) => descriptors(sample, task));
  const [first] = found;
  if (!first || found.some((one) => one?.[0] !== first[0] || one[1] !== first[1])) return undefined;
  const { resources } = indexOf(sample);
  const [from, into] = first.map((fd) => resources.get(fd));
  return from && into ? { from, into } : undefined;
}

function descriptors(sample: Sample, task: Task): readonly [number, number] | undefined {
  if (task.operation === 'SPLICE' || task.operation === 'TEE') {
    const own = sample.requests.find(({ worker, state }) => state === 'running' && worker === task.tid);
    const ends = own && requestDescriptors(own);
    // A worker that is only guessed may as well have what seems to be queued, or in another worker.
    const others = own?.inferred?.includes('worker')
      ? sample.requests.filter(
          ({ state, operation }) =>
            (state === 'queued' || state === 'running') && operation === own.operation,
        )
      : [];
    const alike = others.every((one) => requestDescriptors(one)?.join() === ends?.join());
    return alike ? ends : undefined;
  }
  const places = CALLS[task.syscall?.name ?? ''];
  if (!places) return undefined;
  const [from, into] = places.map((at) => Number(argumentOf(task.syscall?.args ?? [], at)));
  return from === undefined || into === undefined ? undefined : [from, into];
}

function requestDescriptors({ operation, fd, operands = [] }: Request) {
  const from = /^fd (\d+)$/.exec(operands.find(({ name }) => name === 'from')?.value ?? '')?.[1];
  const known = /^(?:SPLICE|TEE)$/.test(operation);
  return known && from !== undefined && typeof fd === 'number' ? ([Number(from), fd] as const) : undefined;
}

/** " from descriptor 4 into /srv/out". */
export function endsText({ from, into }: TwoEnds): string {
  return ` from ${shortName(from)} into ${shortName(into)}`;
}

function shortName(resource: Resource): string {
  return resource.path === undefined ? `descriptor ${resource.fd}` : resourceName(resource);
}

/** "waits for data in the pipe at descriptor 4, whose only writer is the process itself" in place of just any pipe. */
export function pipeText(text: string, { from, into }: TwoEnds, self: number): string {
  if (from.kind === 'pipe' && text === 'waits for data in a pipe')
    return `waits for data in ${resourceName(from, self)}`;
  return into.kind === 'pipe' && text.startsWith('waits for room in a full pipe')
    ? `waits for room in ${resourceName(into, self).replace('the pipe', 'the full pipe')}`
    : text;
}

/** Of both ends those that a wait can be about: files for what a file system holds up, the others for a peer. */
export function endsWaitedFor({ from, into }: TwoEnds, peer: boolean): Resource[] {
  return [from, into].filter(
    ({ kind }) => (kind === 'file' || kind === 'device' || kind === 'directory') !== peer,
  );
}
