import type { Backing, BlockDevice, Resource } from '../model/sample';
import type { Target } from '../target/target';
import { type DeviceFound, finishedSince, readDevice } from './deviceFacts';
import type { MountTable } from './mounts';
import { textOf } from './text';

export interface DevicesFound {
  readonly devices: readonly BlockDevice[];
  /** The resources with `blockDevice` filled where it was found. */
  readonly resources: readonly Resource[];
}

/** File systems that keep their data on no device of this host. */
const NO_DEVICE =
  /^(fuse|nfs|cifs|smb|9p|ceph|tmpfs|proc|sysfs|devtmpfs|devpts|cgroup|overlay|pipefs|ramfs|virtiofs)/;

/** Levels of devices on devices that are followed; real stacks have five at most. */
const MOST_LEVELS = 16;
/** Devices of one process that are read. */
const MOST_DEVICES = 256;

/** What the look before knows of devices, and where a path lies that /sys/block tells. */
export interface DevicesAsked {
  readonly before: readonly BlockDevice[];
  /** Mounts as the reader of /sys sees them; asked for only where a loop device is found. */
  readonly mounts: () => Promise<MountTable>;
}

/**
 * Finds the block devices behind the process's files and all that those stand on: a partition's disk, the members of
 * device-mapper and RAID devices, the device below a loop device's file. Reads their state and counters from /sys/block.
 */
export async function readDevices(
  target: Target,
  resources: readonly Resource[],
  asked: DevicesAsked,
): Promise<DevicesFound> {
  const names = await deviceFinder(target, resources);
  const partitions = new Map<string, Set<string>>();
  const disks = new Set<string>();
  const add = (found: DeviceNames | undefined): string | undefined => {
    if (!found || (disks.size >= MOST_DEVICES && !disks.has(found.disk))) return undefined;
    disks.add(found.disk);
    if (found.own !== found.disk) {
      partitions.set(found.disk, (partitions.get(found.disk) ?? new Set()).add(found.own));
    }
    return found.disk;
  };
  const named = resources.map((resource): Resource => {
    const found = names(resource);
    add(found);
    return found ? { ...resource, blockDevice: found.own } : resource;
  });
  const devices: BlockDevice[] = [];
  let level = [...disks].sort();
  for (let depth = 0; level.length > 0 && depth < MOST_LEVELS; depth++) {
    const known = new Set(disks);
    const found = await Promise.all(level.map((disk) => readDevice(target, disk)));
    const present = found.filter((one) => one !== undefined);
    const [members, backings] = await Promise.all([
      membersOf(target, present),
      backingsOf(target, present, asked.mounts),
    ]);
    for (const { device, slaves } of present) {
      const below = slaves.map((slave) => add(members.get(slave))).filter((disk) => disk !== undefined);
      const backing = backings.get(device.name);
      add(backing?.names);
      devices.push({
        ...finishedSince(
          asked.before.find(({ name }) => name === device.name),
          device,
        ),
        ...(below.length > 0 ? { members: [...new Set(below)] } : {}),
        ...(backing ? { backing: backing.facts } : {}),
      });
    }
    level = [...disks].filter((disk) => !known.has(disk)).sort();
  }
  return {
    resources: named,
    devices: devices.map((device) => {
      const own = partitions.get(device.name);
      return own ? { ...device, partitions: [...own].sort() } : device;
    }),
  };
}

/** Tells the device of each of these resources: by number where the kernel knows it, else by the name of its source. */
async function deviceFinder(
  target: Target,
  resources: readonly Pick<Resource, 'kind' | 'path' | 'device' | 'fsType' | 'source'>[],
): Promise<(resource: (typeof resources)[number]) => DeviceNames | undefined> {
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
  return (resource) => deviceNames(resource, byNumber, mappers);
}

/** Members by name; one that is a partition leads to its disk. */
async function membersOf(target: Target, found: readonly DeviceFound[]): Promise<Map<string, DeviceNames>> {
  const slaves = [...new Set(found.flatMap((one) => one.slaves))];
  const links = slaves.length > 0 ? await target.link(slaves.map((name) => `/sys/class/block/${name}`)) : [];
  return new Map(
    slaves.map((name, index) => {
      const link = links[index];
      return [name, (link?.ok ? namesOf(link.target) : undefined) ?? { own: name, disk: name }];
    }),
  );
}

interface BackingFound {
  readonly facts: Backing;
  readonly names: DeviceNames | undefined;
}

/** What the files of loop devices lie on, by the name of the device. */
async function backingsOf(
  target: Target,
  found: readonly DeviceFound[],
  mounts: () => Promise<MountTable>,
): Promise<Map<string, BackingFound>> {
  if (found.every(({ device }) => device.backingFile === undefined)) return new Map();
  const table = await mounts();
  const files = found.flatMap(({ device: { name, backingFile } }) => {
    if (backingFile === undefined) return [];
    const path = backingFile.replace(/ \(deleted\)$/, '');
    const facts = table.find(undefined, path);
    const deleted = path === backingFile ? {} : { deleted: true };
    const kind: Resource['kind'] = path.startsWith('/dev/') ? 'device' : 'file';
    return facts ? [{ name, deleted, kind, path, ...facts }] : [];
  });
  const names = await deviceFinder(target, files);
  return new Map(
    files.map((file) => {
      const { name, deleted, kind: _kind, path: _path, ...facts } = file;
      const own = names(file);
      const blockDevice = own ? { blockDevice: own.own } : {};
      return [name, { facts: { ...facts, ...deleted, ...blockDevice }, names: own }];
    }),
  );
}

interface DeviceNames {
  /** The partition or device itself. */
  readonly own: string;
  /** What has counters in /sys/block. */
  readonly disk: string;
}

function mayHaveDevice(resource: Pick<Resource, 'fsType'>): boolean {
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
  resource: Pick<Resource, 'kind' | 'path' | 'device' | 'fsType' | 'source'>,
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

function sourceOf(resource: Pick<Resource, 'kind' | 'path' | 'source'>): string | undefined {
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
