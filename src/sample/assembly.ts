import type { BlockDevice, Host, Process, Request, Resource, Rights, Sample } from '../model/sample';
import { SCHEMA } from '../model/sample';
import { blindnessOf, type Trouble } from './blindness';
import { carriedRequests, countExplained } from './carried';
import type { RingsFound } from './rings';
import type { TasksFound } from './tasks';

/** What a look found, before it is put together. */
export interface Gathered {
  readonly takenAt: string;
  readonly host: Host;
  readonly rights: Rights;
  readonly process: Process;
  readonly tasks: TasksFound;
  readonly rings: RingsFound;
  readonly resources: readonly Resource[];
  readonly devices: readonly BlockDevice[];
  readonly trouble: Omit<Trouble, 'rings' | 'tasks' | 'ended'>;
}

/** One Sample of what was gathered: requests of all sources in one list, and what could not be seen. */
export function assemble(gathered: Gathered): Sample {
  const { tasks, ended, timedOut } = gathered.tasks;
  const { resources, devices, trouble } = gathered;
  const carried = carriedRequests(tasks, gathered.rings.rings, gathered.rings.requests);
  const requests = withPaths([...gathered.rings.requests, ...carried], resources);
  const rings = countExplained(gathered.rings.rings, requests);
  const { stackErrno, ...other } = trouble;
  const stacksSeen = tasks.some((task) => task.kernelStack !== undefined);
  return {
    schema: SCHEMA,
    takenAt: gathered.takenAt,
    host: gathered.host,
    rights: gathered.rights,
    process: gathered.process,
    tasks,
    rings,
    requests,
    resources,
    devices,
    findings: [],
    notVisible: blindnessOf({
      ...other,
      ...(stackErrno === undefined || stacksSeen ? {} : { stackErrno }),
      rings,
      tasks,
      ended,
      timedOut: [...timedOut, ...trouble.timedOut],
    }),
  };
}

/** The path behind a request's descriptor. */
function withPaths(requests: readonly Request[], resources: readonly Resource[]): Request[] {
  if (requests.length === 0) return [];
  const paths = new Map(
    resources.flatMap(({ fd, path }) => (path === undefined ? [] : [[fd, path] as const])),
  );
  return requests.map((request) => {
    if (request.fd == null) return request;
    const path = paths.get(request.fd);
    return path === undefined ? request : { ...request, path };
  });
}
