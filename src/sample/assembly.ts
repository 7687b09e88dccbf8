import type {
  BlockDevice,
  Cgroup,
  FileLock,
  FuseServer,
  Host,
  Process,
  ProcessName,
  RemoteMount,
  Request,
  Resource,
  Rights,
  Sample,
} from '../model/sample';
import { SCHEMA } from '../model/sample';
import { mapped, type Steps } from '../target/turns';
import { type AioFound, finishedContexts } from './aio';
import type { AioSubmissions } from './aioSubmissions';
import { blindnessOf, type Trouble } from './blindness';
import { withBufferFiles } from './bufferFiles';
import type { PendingSources } from './pendingSources';
import { withRegisteredFiles } from './registeredFiles';
import { namedSlots, slotNames } from './registeredSlots';
import { withOperations } from './requests/carriedOperations';
import { mergeRings } from './requests/mergeRings';
import { withFields } from './requests/withFields';
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
  readonly pending: PendingSources;
  /** /proc/PID/maps. */
  readonly maps: string;
  readonly aio: AioFound;
  readonly submissions: AioSubmissions;
  readonly resources: readonly Resource[];
  readonly devices: readonly BlockDevice[];
  readonly remoteMounts: readonly RemoteMount[];
  readonly awaitedLocks: readonly FileLock[];
  readonly faultHandlers: readonly ProcessName[];
  readonly fuseServers: readonly FuseServer[];
  readonly cgroup: Cgroup | undefined;
  readonly trouble: Omit<Trouble, 'rings' | 'requests' | 'tasks' | 'pending' | 'ended'>;
}

/** One Sample of what was gathered: requests of all sources in one list, and what could not be seen. */
export function* assemble(gathered: Gathered): Steps<Sample> {
  const { tasks, ended, timedOut } = gathered.tasks;
  const {
    resources,
    devices,
    remoteMounts,
    awaitedLocks,
    faultHandlers,
    fuseServers,
    cgroup,
    trouble,
    pending,
    aio,
  } = gathered;
  const { walk } = pending;
  const merged = yield* mergeRings({
    told: gathered.rings,
    tasks,
    resources,
    owner: gathered.process.pid,
    ...pending,
  });
  const rings = merged.rings.map((ring) => namedSlots(ring, resources));
  const named = withRegisteredFiles(
    yield* withPaths(merged.requests, resources),
    slotNames(gathered.rings.registered, rings),
    resources,
  );
  yield;
  const requests = withBufferFiles(named, tasks, gathered.maps);
  yield;
  const { stackErrno, ...other } = trouble;
  const stacksSeen = tasks.some((task) => task.kernelStack !== undefined);
  return {
    schema: SCHEMA,
    takenAt: gathered.takenAt,
    host: gathered.host,
    ...(pending.countedAt === undefined ? {} : { countedAt: pending.countedAt }),
    rights: {
      ...gathered.rights,
      kernelWalk: gathered.rights.kernelWalk || walk !== undefined || aio.walked,
    },
    process: gathered.process,
    tasks: withOperations(tasks, requests, rings),
    rings,
    requests,
    ...(walk ? { workerPools: walk.pools.map(({ pid: _, ...pool }) => pool) } : {}),
    ...(aio.contexts.length > 0
      ? { aio: finishedContexts(aio.contexts, gathered.submissions, resources) }
      : {}),
    resources,
    devices,
    ...(remoteMounts.length > 0 ? { remoteMounts } : {}),
    ...(awaitedLocks.length > 0 ? { awaitedLocks } : {}),
    ...(faultHandlers.length > 0 ? { faultHandlers } : {}),
    ...(fuseServers.length > 0 ? { fuseServers } : {}),
    ...(cgroup ? { cgroup } : {}),
    findings: [],
    notVisible: [
      ...blindnessOf({
        ...other,
        ...(stackErrno === undefined || stacksSeen ? {} : { stackErrno }),
        rings,
        requests,
        tasks,
        pending,
        ended,
        timedOut: [...timedOut, ...trouble.timedOut],
      }),
      ...aio.blind,
    ],
  };
}

/** The path behind a request's descriptor. */
function* withPaths(requests: readonly Request[], resources: readonly Resource[]): Steps<Request[]> {
  if (requests.length === 0) return [];
  const paths = new Map(
    resources.flatMap(({ fd, path }) => (path === undefined ? [] : [[fd, path] as const])),
  );
  return yield* mapped(requests, (request) => {
    if (request.fd == null || request.path !== undefined) return request;
    const path = paths.get(request.fd);
    return path === undefined ? request : withFields(request, { path });
  });
}
