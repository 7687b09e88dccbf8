import type { BlockDevice, Resource } from '../model/sample';
import type { ListResult } from '../probe/protocol';
import { parseMountinfo } from '../procfs/mountinfo';
import type { Target } from '../target/target';
import type { DescriptorsFound } from './descriptors';
import { readDevices } from './devices';
import { addFuseWaiting } from './fuse';
import { MountTable } from './mounts';
import { addPeers } from './peers';
import { resourceOf } from './resources';
import { readSockets, type SocketTable } from './sockets';

export interface Holdings {
  readonly resources: readonly Resource[];
  readonly devices: readonly BlockDevice[];
  /** Socket tables that could not be read. */
  readonly missingSockets: readonly string[];
}

const NO_SOCKETS: SocketTable = { byInode: new Map(), missing: [] };

/** What a process holds open: each descriptor with its mount, disk, socket, peers or server. `processes` lists /proc; `known` is what a look a
 * moment ago found. */
export async function readResources(
  target: Target,
  pid: number,
  { descriptors }: DescriptorsFound,
  mountinfo: string,
  processes: ListResult | undefined,
  known: readonly Resource[],
  ownInode: boolean,
): Promise<Holdings> {
  const mounts = new MountTable(parseMountinfo(mountinfo).rows);
  const inodes = new Set(descriptors.flatMap(({ link }) => (link.kind === 'socket' ? [link.inode] : [])));
  const sockets = inodes.size > 0 ? await readSockets(target, pid, inodes) : NO_SOCKETS;
  const bare = descriptors.map((descriptor) =>
    resourceOf(descriptor, { arch: target.arch, mounts, sockets }),
  );
  const [withPeers, withDevices] = await Promise.all([
    addPeers(target, pid, bare, processes, known, ownInode).then((resources) =>
      addFuseWaiting(target, resources),
    ),
    readDevices(target, bare),
  ]);
  const resources = withPeers.map((resource, i): Resource => {
    const blockDevice = withDevices.resources[i]?.blockDevice;
    return blockDevice === undefined ? resource : { ...resource, blockDevice };
  });
  return { resources, devices: withDevices.devices, missingSockets: sockets.missing };
}
