import type { BlockDevice, Resource } from '../model/sample';
import { parseBlockStat } from '../procfs/blockStat';
import { parseInflight } from '../procfs/inflight';
import type { Target } from '../target/target';
import { textOf } from './text';

export interface DevicesFound {
  readonly devices: readonly BlockDevice[];
  /** The resources with `blockDevice` filled where it was found. */
  readonly resources: readonly Resource[];
}

/** File systems that keep their data on no device of this host. */
const NO_DEVICE =
  /^(fuse|nfs|cifs|smb|9p|ceph|tmpfs|proc|sysfs|devtmpfs|devpts|cgroup|overlay|pipefs|ramfs|virtiofs)/;

/** Finds the block devices behind the process's files and reads their counters from /sys/block. */
export async function readDevices(target: Target, resources: readonly Resource[]): Promise<DevicesFound> {
  const numbers = new Set<string>();
  for (const resource of resources) {
    if (resource.device !== undefined && mayHaveDevice(resource)) numbers.add(resource.device);
  }
  const wanted = [...numbers];
  const links =
    wanted.length > 0 ? await target.link(wanted.map((number) => `/sys/dev/block/${number}`)) : [];
  const byNumber = new Map<string, DeviceNames>();
  wanted.forEach((number, index) => {
    const link = links[index];
    const names = link?.ok ? namesOf(link.target) : undefined;
    if (names) byNumber.set(number, names);
  });
  const mappers = resources.some((r) => sourceOf(r)?.startsWith('/dev/mapper/'))
    ? await readMappers(target)
    : new Map();
  const named = resources.map((resource): { resource: Resource; disk?: string } => {
    const names = deviceNames(resource, byNumber, mappers);
    return names ? { resource: { ...resource, blockDevice: names.own }, disk: names.disk } : { resource };
  });
  const disks = [...new Set(named.flatMap(({ disk }) => (disk === undefined ? [] : [disk])))].sort();
  const devices = await Promise.all(disks.map((disk) => readDevice(target, disk)));
  return {
    resources: named.map(({ resource }) => resource),
    devices: devices.filter((device) => device !== undefined),
  };
}

interface DeviceNames {
  /** The partition or device itself. */
  readonly own: string;
  /** What has counters in /sys/block. */
  readonly disk: string;
}

function mayHaveDevice(resource: Resource): boolean {
  return resource.fsType !== undefined && !NO_DEVICE.test(resource.fsType);
}

/** `../../devices/pci…/block/nvme0n1/nvme0n1p2`: a partition stands below its disk. */
function namesOf(link: string): DeviceNames | undefined {
  const parts = link.split('/');
  const own = parts.at(-1);
  if (own === undefined || own === '') return undefined;
  const parent = parts.at(-2);
  const partition = parent !== undefined && parts.at(-3) === 'block' && own.startsWith(parent);
  return { own, disk: partition ? parent : own };
}

function deviceNames(
  resource: Resource,
  byNumber: ReadonlyMap<string, DeviceNames>,
  mappers: ReadonlyMap<string, string>,
): DeviceNames | undefined {
  const direct = resource.kind === 'device' ? blockName(resource.path, mappers) : undefined;
  if (direct) return direct;
  if (resource.device !== undefined) {
    const names = byNumber.get(resource.device);
    if (names) return names;
  }
  return mayHaveDevice(resource) ? blockName(resource.source, mappers) : undefined;
}

function sourceOf(resource: Resource): string | undefined {
  return resource.kind === 'device' ? resource.path : resource.source;
}

/** `/dev/loop0` → loop0; `/dev/mapper/data` → its dm-N. Other nodes of /dev have no entry in /sys/block. */
function blockName(node: string | undefined, mappers: ReadonlyMap<string, string>): DeviceNames | undefined {
  if (node === undefined) return undefined;
  const mapper = /^\/dev\/mapper\/(.+)$/.exec(node)?.[1];
  if (mapper !== undefined) {
    const dm = mappers.get(mapper);
    return dm === undefined ? undefined : { own: dm, disk: dm };
  }
  const own =
    /^\/dev\/((?:sd|vd|xvd|hd|nvme|loop|nbd|dm-|md|zram|ram|mmcblk|sr|ublkb|rbd|drbd|bcache)[\w-]*)$/.exec(
      node,
    )?.[1];
  if (own === undefined) return undefined;
  const partition =
    /^((?:nvme\d+n\d+|mmcblk\d+|loop\d+|nbd\d+|md\d+))p\d+$|^((?:sd|vd|xvd|hd)[a-z]+)\d+$/.exec(own);
  return { own, disk: partition?.[1] ?? partition?.[2] ?? own };
}

/** Device-mapper names to dm-N. */
async function readMappers(target: Target): Promise<Map<string, string>> {
  const [block] = await target.list(['/sys/block']);
  const names = block?.ok
    ? block.entries.map((entry) => entry.name).filter((name) => name.startsWith('dm-'))
    : [];
  const files = await target.read(names.map((name) => `/sys/block/${name}/dm/name`));
  const mappers = new Map<string, string>();
  names.forEach((name, index) => {
    const mapper = textOf(files[index])?.trim();
    if (mapper) mappers.set(mapper, name);
  });
  return mappers;
}

async function readDevice(target: Target, name: string): Promise<BlockDevice | undefined> {
  const base = `/sys/block/${name}`;
  const files = ['stat', 'inflight', 'dev', 'loop/backing_file', 'dm/name', 'dm/suspended'];
  const results = await target.read(files.map((file) => `${base}/${file}`));
  const [statText, inflightText, number, backing, mapper, suspended] = results.map(textOf);
  if (statText === undefined && inflightText === undefined) return undefined;
  return {
    name,
    ...(number === undefined ? {} : { device: number.trim() }),
    ...counters(statText, inflightText),
    ...(backing === undefined ? {} : { backingFile: backing.replace(/\n$/, '') }),
    ...(mapper === undefined ? {} : { mapperName: mapper.trim() }),
    ...suspension(suspended),
  };
}

/** The devices of a moment ago with their counters of now; one that is gone keeps the old ones. */
export async function countAgain(target: Target, devices: readonly BlockDevice[]): Promise<BlockDevice[]> {
  const files = ['stat', 'inflight', 'dm/suspended'];
  const texts = await target.read(
    devices.flatMap(({ name }) => files.map((file) => `/sys/block/${name}/${file}`)),
  );
  return devices.map((device, index) => {
    const [stat, inflight, suspended] = texts
      .slice(index * files.length, (index + 1) * files.length)
      .map(textOf);
    return { ...device, ...counters(stat, inflight), ...suspension(suspended) };
  });
}

function counters(statText: string | undefined, inflightText: string | undefined): Partial<BlockDevice> {
  const stat = parseBlockStat(statText ?? '');
  const inFlight = parseInflight(inflightText ?? '');
  return {
    ...(inFlight ? { inFlightReads: inFlight.reads, inFlightWrites: inFlight.writes } : {}),
    ...(stat
      ? { completed: stat.readsCompleted + stat.writesCompleted + (stat.discards ?? 0) + (stat.flushes ?? 0) }
      : {}),
  };
}

function suspension(text: string | undefined): { suspended?: boolean } {
  return text === undefined ? {} : { suspended: text.trim() === '1' };
}
