import type { Backing, BlockDevice, RemoteMount, Resource, SocketInfo } from '../model/sample';
import { parseFdinfo } from '../procfs/fdinfo';
import type { InetRow } from '../procfs/inet';
import { type MountinfoRow, parseMountinfo } from '../procfs/mountinfo';
import type { Target } from '../target/target';
import { hasInnerReader } from './container';
import type { Descriptor, DescriptorsFound } from './descriptors';
import { readDevices } from './devices';
import { addFuseWaiting } from './fuse';
import { MountTable } from './mounts';
import { findLayers, layerFiles } from './overlayLayers';
import { addPeers, type HolderSearch } from './peers';
import { readRemoteMounts } from './remoteMounts';
import { resourceOf } from './resources';
import { readSockets, type SocketTable } from './sockets';
import { textOf } from './text';

export interface Holdings {
  readonly resources: readonly Resource[];
  readonly devices: readonly BlockDevice[];
  readonly remoteMounts: readonly RemoteMount[];
  /** All TCP sockets of its network namespace, where it has sockets. */
  readonly tcp: readonly InetRow[];
  /** Socket tables that could not be read. */
  readonly missingSockets: readonly string[];
}

/** What earlier looks found: `resources` and `servers` a moment ago, `devices` whenever the last one was. */
export interface Known {
  readonly resources: readonly Resource[];
  readonly servers: readonly BlockDevice[];
  readonly devices: readonly BlockDevice[];
  /** By inode, whenever the last look was. */
  readonly protocols: ReadonlyMap<number, SocketInfo['protocol']>;
}

/** What sockets are, by inode. */
export function protocolsOf(resources: readonly Resource[]): Map<number, SocketInfo['protocol']> {
  return new Map(
    resources.flatMap(({ inode, socket }) =>
      inode === undefined || !socket ? [] : [[inode, socket.protocol] as const],
    ),
  );
}

const NO_SOCKETS: SocketTable = { byInode: new Map(), tcp: [], missing: [] };

export interface HoldingsAsked {
  /** Its descriptors, bare, and with their fdinfo once that is read. */
  readonly bare: readonly Descriptor[];
  readonly described: Promise<DescriptorsFound>;
  readonly rows: readonly MountinfoRow[];
  readonly search: HolderSearch;
  readonly known: Known;
  readonly ownInode: boolean;
}

/** What a process holds open: each descriptor with its mount, disk, socket, peers or server. */
export async function readResources(
  target: Target,
  pid: number,
  { bare: listed, described, rows, search, known, ownInode }: HoldingsAsked,
): Promise<Holdings> {
  const inodes = new Set(listed.flatMap(({ link }) => (link.kind === 'socket' ? [link.inode] : [])));
  const [{ descriptors }, sockets] = await Promise.all([
    described,
    inodes.size > 0 ? readSockets(target, pid, inodes, known.protocols) : NO_SOCKETS,
  ]);
  const mounts = await withOuter(target, new MountTable(rows), rows, descriptors);
  const bare = descriptors.map((descriptor) =>
    resourceOf(descriptor, { arch: target.arch, mounts, sockets }),
  );
  const found = await surroundingsOf(target, pid, bare, { rows, mounts, search, known, ownInode });
  return { ...found, tcp: sockets.tcp, missingSockets: sockets.missing };
}

/** Where files are open of mounts that the process itself has not, the inspector's own are looked through, too. */
async function withOuter(
  target: Target,
  own: MountTable,
  rows: readonly MountinfoRow[],
  descriptors: readonly Descriptor[],
): Promise<MountTable> {
  const isStrange = ({ link, info }: Descriptor) => {
    const id = link.kind === 'path' && info !== undefined ? parseFdinfo(info).mountId : undefined;
    return id !== undefined && !own.has(id);
  };
  if (target.self === undefined || rows.length === 0 || !descriptors.some(isStrange)) return own;
  return new MountTable(rows, await mountsOfReader(target, own));
}

/** What files are looked for with. */
export interface SurroundingsAsked {
  readonly rows: readonly MountinfoRow[];
  readonly mounts: MountTable;
  readonly search: HolderSearch;
  readonly known: Omit<Known, 'protocols'>;
  readonly ownInode: boolean;
}

/** Files whose mounts are known, with their peers, servers and disks. */
export async function surroundingsOf(
  target: Target,
  pid: number,
  own: readonly Resource[],
  { rows, mounts, search, known, ownInode }: SurroundingsAsked,
): Promise<Omit<Holdings, 'missingSockets' | 'tcp'>> {
  const layers = await findLayers(
    own,
    rows,
    () => mountsOfReader(target, mounts),
    () => hasInnerReader(target),
  );
  const bare = [...own, ...layers.files];
  const addServers = (resources: readonly Resource[], before: readonly Resource[]) =>
    addPeers(target, pid, resources, search, before, ownInode).then((found) => addFuseWaiting(target, found));
  const [withPeers, withDevices, remoteMounts] = await Promise.all([
    addServers(bare, [...known.resources, ...layerFiles(known.resources)]),
    readDevices(target, bare, { before: known.devices, mounts: () => mountsOfReader(target, mounts) }).then(
      async ({ resources, devices }) => {
        const files = backingFiles(devices);
        const served = files.length > 0 ? await addServers(files, backingFiles(known.servers)) : [];
        return { resources, devices: withServers(devices, served) };
      },
    ),
    readRemoteMounts(target, pid, rows, bare),
  ]);
  const resources = withPeers.map((resource, i): Resource => {
    const blockDevice = withDevices.resources[i]?.blockDevice;
    return blockDevice === undefined ? resource : { ...resource, blockDevice };
  });
  return { resources: layers.fold(resources), devices: withDevices.devices, remoteMounts };
}

/** Paths in /sys are told as their reader sees them, whose namespace may be another one than the process's. */
async function mountsOfReader(target: Target, own: MountTable): Promise<MountTable> {
  if (target.self === undefined) return own;
  const [file] = await target.read([`/proc/${target.self}/mountinfo`]);
  const text = textOf(file);
  return text === undefined ? own : new MountTable(parseMountinfo(text).rows);
}

/** The files of loop devices on FUSE as if the process held them, so that their servers are found in the same way. */
function backingFiles(devices: readonly BlockDevice[]): Resource[] {
  return devices.flatMap(({ backing, backingFile }, index) =>
    backing?.fsType?.startsWith('fuse') && backingFile !== undefined
      ? [{ ...backing, fd: -1 - index, kind: 'file' as const, path: backingFile }]
      : [],
  );
}

function withServers(devices: readonly BlockDevice[], served: readonly Resource[]): readonly BlockDevice[] {
  const byPath = new Map(served.map(({ path, holder, waiting }) => [path, { holder, waiting }]));
  return devices.map((device) => {
    const found = byPath.get(device.backingFile);
    if (!found || !device.backing) return device;
    const { holder, waiting } = found;
    const backing: Backing = {
      ...device.backing,
      ...(holder ? { holder } : {}),
      ...(waiting === undefined ? {} : { waiting }),
    };
    return { ...device, backing };
  });
}
