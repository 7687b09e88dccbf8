import type { BlockDevice, Finding, Resource, Ring, Severity } from '../../model/sample';
import { diskOf, diskSentence, inFlightOf } from '../disks';
import { unexplained } from '../ringCounts';
import { before, type Rule, type Scene } from '../rule';
import { counted, duration, processName, resourceName, sentence } from '../words';

/**
 * "32 requests are inside the disk loop0, which has 32 in flight and has finished none in the last 1 s." For
 * requests in flight that no thread carries: direct I/O, readahead, FUSE requests sent in the background.
 */
export const insideDevice: Rule = {
  tag: 'inside-device',
  check(scene) {
    const held = scene.blocked.some(({ task, on }) => task.operation !== undefined && !on.idle);
    const rings = scene.sample.rings.filter((ring) => unexplained(ring) > 0 && !hasPolls(scene, ring));
    if (held || rings.length === 0) return [];
    const place = findPlace(scene);
    if (!place) return [];
    const still = standsStill(scene, rings, place);
    if (still === undefined && !scene.last && !scene.other) return 'look again';
    if (still === false) return [];
    return [finding(scene, rings, place, still)];
  },
};

/** Where the requests are: a disk, or a FUSE server that has not answered. */
type Place =
  | { readonly kind: 'disk'; readonly disk: BlockDevice; readonly files: readonly Resource[] }
  | { readonly kind: 'fuse'; readonly file: Resource; readonly waiting: number };

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
  return fuse ? { kind: 'fuse', file: fuse, waiting: fuse.waiting ?? 0 } : undefined;
}

/** True = nothing completed between the looks; undefined = one look only. */
function standsStill(scene: Scene, rings: readonly Ring[], place: Place): boolean | undefined {
  const { other } = scene;
  if (place.kind === 'disk' && place.disk.suspended) return true;
  if (!other) return undefined;
  const moved = rings.some((ring) => before(scene, ring)?.cqTail !== ring.cqTail);
  if (moved) return false;
  if (place.kind === 'fuse') return true;
  const earlier = other.devices?.find((device) => device.name === place.disk.name);
  return earlier === undefined || earlier.completed === place.disk.completed;
}

function finding(scene: Scene, rings: readonly Ring[], place: Place, still: boolean | undefined): Finding {
  const count = rings.reduce((sum, ring) => sum + unexplained(ring), 0);
  const since = scene.between === undefined ? '' : ` in the last ${duration(scene.between)}`;
  const severity: Severity = still ? 'critical' : 'info';
  const are = count === 1 ? 'is' : 'are';
  const common = {
    tag: 'inside-device',
    severity,
    evidence: [...rings.map((ring) => ({ ring: ring.id })), ...evidenceOf(place)],
    ...(still ? { stuck: count } : {}),
  };
  const nobody =
    'No thread of the process is blocked in them: they were handed on and nothing in /proc/PID/stack shows them.';
  if (place.kind === 'fuse') {
    const server = place.file.holder ? ` ${processName(place.file.holder)}` : '';
    const file = resourceName(place.file);
    return {
      ...common,
      summary: `${sentence(counted(count, 'request'))} ${are} with the FUSE server${server} of ${file}, which has ${counted(place.waiting, 'request')} unanswered${still ? ` and has completed none${since}` : ''}.`,
      explanation: `${nobody} The requests of the ring and the server’s unanswered ones stand still together.`,
      remedy:
        'Look at the FUSE server: is it alive, and what does it wait for? Aborting the connection ends the requests with an error.',
    };
  }
  const { disk, files } = place;
  const name = files.length === 1 && files[0] ? ` of ${resourceName(files[0])}` : '';
  const state = disk.suspended
    ? `which is suspended${disk.mapperName === undefined ? '' : ` (device-mapper ${disk.mapperName})`}`
    : `which has ${inFlightOf(disk)} in flight${still ? ` and has finished none${since}` : ''}`;
  return {
    ...common,
    summary: `${sentence(counted(count, 'request'))}${name} ${are} inside the disk ${disk.name}, ${state}.`,
    explanation: `${nobody} ${diskSentence(disk)}${still ? '' : ' Whether it moves, one look cannot tell.'}`,
    remedy: disk.suspended
      ? 'Resume it: dmsetup resume NAME. Until then nothing completes, and no cancel or timeout can end the requests.'
      : 'See the kernel log for the device, and what stands behind it (a loop file’s file system, a network block device’s server, a path).',
  };
}

function evidenceOf(place: Place) {
  if (place.kind === 'fuse') return [{ fd: place.file.fd }];
  return [{ device: place.disk.name }, ...place.files.map(({ fd }) => ({ fd }))];
}
