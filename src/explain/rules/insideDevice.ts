import type {
  BlockDevice,
  Finding,
  RemoteMount,
  Request,
  Resource,
  Ring,
  Sample,
  Severity,
} from '../../model/sample';
import type { Blocked } from '../blocking';
import { handedOn } from '../cancelling';
import { isListedExactly, isPlaced, isUnplaced } from '../certainty';
import { culpritOf, diskOf, diskSentence, hardwareRemedy, inFlightOf, resumeRemedy } from '../disks';
import { HOST_ADVICE, NFS_ADVICE } from '../functions/advice';
import { plightOf } from '../fuseServers';
import { directionOf, type HoldingLimit, holdingLimit, LIMIT_ADVICE } from '../ioLimits';
import { heldMounts, isInside, placesOf, type Place as RequestPlace } from '../listedRequests';
import { behindOverlay } from '../overlays';
import { remoteMountOf, remoteMountSentence, unansweredOf } from '../remoteMounts';
import { unexplained } from '../ringCounts';
import { before, type Rule, type Scene } from '../rule';
import { indexOf, resourceOf } from '../sampleIndex';
import { areOfHost, HOST_SERVER } from '../wording';
import { counted, duration, joined, operationCounts, processName, resourceName, sentence } from '../words';
import { countsAsStuck } from './stuckOnResource';

/**
 * "32 requests are inside the disk loop0, which has 32 in flight and has finished none in the last 1 s." For
 * requests in flight that no thread carries: direct I/O, readahead, FUSE requests sent in the background.
 */
export const insideDevice: Rule = {
  tag: 'inside-device',
  check(scene) {
    const { sample } = scene;
    const held = scene.blocked.filter(({ task, on }) => task.operation !== undefined && !on.idle);
    // What may as well queue behind held workers is told with them.
    if (held.length > 0 && !isPlaced(sample)) return [];
    const groups = requestsInside(scene, held);
    let again = false;
    const findings = groups.flatMap((group) => {
      const still = standsStill(scene, group.rings, group.place);
      if (still === undefined && !scene.last && !scene.other) again = true;
      return still === false ? [] : [finding(scene, group, still)];
    });
    return again ? 'look again' : findings;
  },
};

/** Requests of some rings in one place. */
interface Inside {
  readonly rings: readonly Ring[];
  readonly place: Place;
  readonly count: number;
  /** Indexes of those that have a row. */
  readonly requests: readonly number[];
}

/** By the files that the requests name, each with its disk or server; else all of them where the files of the process lead. */
function requestsInside(scene: Scene, held: readonly Blocked[]): readonly Inside[] {
  const { sample } = scene;
  const placed = isPlaced(sample);
  const rings = sample.rings.filter(
    (ring) => mayBeInside(sample, ring) > 0 && (isListedExactly(ring) || !hasPolls(scene, ring)),
  );
  const grave = held.filter(({ cause }) => countsAsStuck(cause)).map(({ task }) => task.tid);
  const told = heldMounts(sample, new Set(grave));
  const ids = new Set<number | null>(rings.map(({ id }) => id));
  const requests = placesOf(sample, (request) => ids.has(request.ring) && isInside(request));
  const files = new Map(requests.map(({ request, index }) => [index, resourceOf(sample, request)]));
  const named = byPlace(scene, requests, files, told);
  if (named.length > 0) return named.map((group) => ({ ...group, rings: ringsOf(sample, group, rings) }));
  const unnamed = [...files.values()].filter((file) => file === undefined).length;
  const count = rings.reduce((sum, ring) => sum + unexplained(ring), unnamed);
  const polled = !placed && rings.some((ring) => hasPolls(scene, ring));
  const place = held.length > 0 || polled || count === 0 ? undefined : findPlace(scene);
  return place ? [{ rings, place, count, requests: [] }] : [];
}

/** One group for each disk and server. A file whose disk has nothing to do leads nowhere. */
function byPlace(
  scene: Scene,
  requests: readonly RequestPlace[],
  files: ReadonlyMap<number, Resource | undefined>,
  told: ReadonlySet<string>,
): Omit<Inside, 'rings'>[] {
  const groups = new Map<string, { place: Place; requests: number[]; files: Set<Resource> }>();
  for (const { index, request } of requests) {
    const file = files.get(index);
    const place = file && !told.has(file.mount ?? '') ? placeOf(scene, file, request) : undefined;
    if (!file || !place) continue;
    const key =
      place.kind === 'disk'
        ? `disk ${place.disk.name} ${place.limit?.text ?? ''}`
        : `${place.kind} ${file.mount}`;
    const group = groups.get(key) ?? { place, requests: [], files: new Set() };
    groups.set(key, group);
    group.requests.push(index);
    group.files.add(file);
  }
  return [...groups.values()].map((group) => ({
    place: group.place.kind === 'disk' ? { ...group.place, files: [...group.files] } : group.place,
    count: group.requests.length,
    requests: group.requests,
  }));
}

function ringsOf(sample: Sample, { requests }: Pick<Inside, 'requests'>, rings: readonly Ring[]): Ring[] {
  const ids = new Set(requests.map((index) => sample.requests[index]?.ring));
  return rings.filter(({ id }) => ids.has(id));
}

/** Requests that a device or file system may have: by the kernel's lists, else all of which nothing tells more. */
function mayBeInside(sample: Sample, ring: Ring): number {
  const rows = indexOf(sample).requests.get(ring.id) ?? [];
  return unexplained(ring) + rows.filter(isInside).length;
}

/** Where a file's requests go: undefined while its disk or server has none, and no limit holds them back before it. */
function placeOf(scene: Scene, named: Resource, request: Request): Place | undefined {
  const { sample } = scene;
  const file = behindOverlay(sample, named, false);
  const disk = diskOf(sample, file);
  const limit = disk && !disk.suspended ? limitOf(scene, disk, request) : undefined;
  if (disk && limit) return { kind: 'disk', disk, files: [file], limit };
  if (disk && (disk.suspended || inFlightOf(disk) > 0)) return { kind: 'disk', disk, files: [file] };
  if (file.fsType?.startsWith('fuse') && file.waiting !== 0) return { kind: 'fuse', file };
  if (areOfHost([file])) return { kind: 'fuse', file };
  const remote = remoteMountOf(sample, file);
  return remote && unansweredOf(remote) > 0 ? { kind: 'remote', remote, file } : undefined;
}

/**
 * The limit that a request which is pending for certain, and was so at the other look, stands behind. What the ring's memory alone
 * tells may have been read already, unless a thread waits for completions and so runs those there are.
 */
function limitOf({ sample, other, blocked }: Scene, disk: BlockDevice, request: Request) {
  if (!sample.cgroup?.limits.length || request.certainty === 'ambiguous') return undefined;
  if (isUnplaced(request) && !blocked.some(({ cause }) => cause === 'completions')) return undefined;
  if (other && !pendingIn(other).has(identityOf(request))) return undefined;
  return holdingLimit(sample, disk, directionOf(request));
}

const pendings = new WeakMap<Sample, ReadonlySet<string>>();

function pendingIn(sample: Sample): ReadonlySet<string> {
  const known = pendings.get(sample) ?? new Set(sample.requests.filter(isInside).map(identityOf));
  pendings.set(sample, known);
  return known;
}

function identityOf({ ring, operation, userData, sequence, offset }: Request): string {
  return [ring, operation, userData, sequence, offset].join(' ');
}

/** Where the requests are: at a disk, or held back before it by a limit, or with a server that has not answered. */
type Place =
  | {
      readonly kind: 'disk';
      readonly disk: BlockDevice;
      readonly files: readonly Resource[];
      readonly limit?: HoldingLimit;
    }
  | { readonly kind: 'remote'; readonly remote: RemoteMount; readonly file: Resource }
  | {
      readonly kind: 'fuse' /** Its `waiting` is not known where nobody has mounted fusectl. */;
      readonly file: Resource;
    };

function hasPolls(scene: Scene, ring: Ring): boolean {
  return scene.sample.requests.some((r) => r.ring === ring.id && r.state === 'polling');
}

function findPlace(scene: Scene): Place | undefined {
  const { sample } = scene;
  const files = sample.resources.filter((r) => r.fd > 2 && (r.kind === 'file' || r.kind === 'device'));
  const fuse = files.find((r) => r.fsType?.startsWith('fuse') && (r.waiting ?? 0) > 0);
  const disks = (sample.devices ?? []).filter((d) => d.suspended || inFlightOf(d) > 0);
  const own = disks.find((disk) => files.some((file) => diskOf(sample, file)?.name === disk.name));
  if (own) {
    return {
      kind: 'disk',
      disk: own,
      files: files.filter((file) => diskOf(sample, file)?.name === own.name),
    };
  }
  return fuse ? { kind: 'fuse', file: fuse } : undefined;
}

/** True = nothing completed between the looks; undefined = one look only. */
function standsStill(scene: Scene, rings: readonly Ring[], place: Place): boolean | undefined {
  const { other } = scene;
  if (place.kind === 'disk' && place.disk.suspended) return true;
  if (!other) return undefined;
  const moved = rings.some((ring) => before(scene, ring)?.cqTail !== ring.cqTail);
  if (moved) return false;
  if (place.kind === 'fuse') return true;
  if (place.kind === 'remote') {
    const earlier = remoteMountOf(other, place.file);
    return earlier?.calls?.answered === place.remote.calls?.answered;
  }
  if (place.limit) return true;
  const earlier = other.devices?.find((device) => device.name === place.disk.name);
  return earlier === undefined || earlier.completed === place.disk.completed;
}

function finding(
  scene: Scene,
  { rings, place, count, requests }: Inside,
  still: boolean | undefined,
): Finding {
  const since = scene.between === undefined ? '' : ` in the last ${duration(scene.between)}`;
  const severity: Severity = still ? 'critical' : 'info';
  const are = count === 1 ? 'is' : 'are';
  const common = {
    tag: 'inside-device',
    severity,
    evidence: [
      ...rings.map((ring) => ({ ring: ring.id })),
      ...evidenceOf(place),
      ...requests.map((request) => ({ request })),
    ],
    ...(still ? { stuck: count } : {}),
  };
  const ending = endingSentence(place, count > 1);
  const nobody =
    'No thread of the process is blocked in them: they were handed on and nothing in /proc/PID/stack shows them.';
  if (place.kind === 'remote') {
    const { remote, file } = place;
    const server = remote.server === undefined ? '' : ` ${remote.server}`;
    const none = still ? `, which has answered nothing${since}` : '';
    return {
      ...common,
      summary: `${sentence(counted(count, 'request'))} of ${resourceName(file)} ${are} with the NFS server${server}${none}.`,
      explanation: `${nobody} ${remoteMountSentence(remote)}${still ? '' : ' Whether it answers, one look cannot tell.'}${ending}`,
      remedy: NFS_ADVICE,
    };
  }
  if (place.kind === 'fuse') {
    const { holder, waiting } = place.file;
    const ofHost = areOfHost([place.file]);
    const server = ofHost ? HOST_SERVER : `the FUSE server${holder ? ` ${processName(holder)}` : ''}`;
    const of = ` of ${resourceName(place.file)}`;
    const unanswered = waiting === undefined ? '' : `has ${counted(waiting, 'request')} unanswered`;
    const none = still ? `has completed none${since}` : '';
    const plight = plightOf(scene.sample, holder);
    const state = joined([plight?.text ?? '', unanswered, none].filter(Boolean));
    return {
      ...common,
      summary: `${sentence(counted(count, 'request'))}${ofHost ? of : ''} ${are} with ${server}${ofHost ? '' : of}${state === '' ? '' : `, which ${state}`}.`,
      explanation:
        waiting === undefined
          ? `${nobody}${ending}`
          : `${nobody} The requests of the ring and the server’s unanswered ones stand still together.${ending}`,
      remedy: ofHost
        ? HOST_ADVICE
        : (plight?.remedy ??
          'Look at the FUSE server: is it alive, and what does it wait for? Aborting the connection ends the requests with an error.'),
    };
  }
  const { disk, files, limit } = place;
  const name = files.length === 1 && files[0] ? ` of ${resourceName(files[0])}` : '';
  if (limit) {
    const what = operationCounts(
      requests.map((index) => scene.sample.requests[index]?.operation ?? 'UNKNOWN'),
    );
    return {
      ...common,
      tag: 'throttled',
      severity: still ? 'warning' : 'info',
      summary: `${what}${name} ${count === 1 ? 'waits' : 'wait'} inside ${limit.text}: the disk itself has nothing in flight.`,
      explanation: `The kernel holds them back before it gives them to the disk, until the limit allows it; no thread is blocked in them.${still ? ` None of the ring’s requests has completed${since}.` : ' Whether they go on, one look cannot tell.'} ${diskSentence(disk, scene.sample, scene.between)}${ending}`,
      remedy: LIMIT_ADVICE,
    };
  }
  const state = disk.suspended
    ? `which is suspended${disk.mapperName === undefined ? '' : ` (device-mapper ${disk.mapperName})`}`
    : `which has ${inFlightOf(disk)} in flight${still ? ` and has finished none${since}` : ''}`;
  const culprit = culpritOf(scene.sample, disk);
  const behind = culprit ? `; behind it stands ${culprit.text}` : '';
  return {
    ...common,
    summary: `${sentence(counted(count, 'request'))}${name} ${are} inside the disk ${disk.name}, ${state}${behind}.`,
    explanation: `${nobody} ${diskSentence(disk, scene.sample, scene.between)}${still ? '' : ' Whether it moves, one look cannot tell.'}${ending}`,
    remedy: disk.suspended
      ? `${resumeRemedy(disk)} Until then nothing completes, and no cancel or timeout can end the requests.`
      : culprit
        ? culprit.remedy
        : (hardwareRemedy(disk) ??
          'See the kernel log for the device, and what stands behind it (a loop file’s file system, a network block device’s server, a path).'),
  };
}

/** " They cannot be cancelled or timed out until the disk loop0 answers: …", as the row of each says. */
function endingSentence(place: Place, many: boolean): string {
  const where =
    place.kind === 'disk'
      ? { disk: place.disk, limited: place.limit !== undefined }
      : { file: place.file, limited: false };
  return ` ${many ? 'They' : 'It'} ${handedOn(where, many)}.`;
}

function evidenceOf(place: Place) {
  if (place.kind !== 'disk') return [{ fd: place.file.fd }];
  return [{ device: place.disk.name }, ...place.files.map(({ fd }) => ({ fd }))];
}
