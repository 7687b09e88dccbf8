import { duration, processName } from '../explain/words';
import { printable } from '../model/printable';
import type { BlockDevice, ProcessName, Resource, ResourceKind, Sample } from '../model/sample';
import { markdownCode, markdownText } from './escape';
import { type Node, paged } from './node';
import { dots, grouped, shown } from './words';

const ICONS: Record<ResourceKind, string> = {
  file: 'file',
  directory: 'folder',
  device: 'database',
  pipe: 'arrow-swap',
  fifo: 'arrow-swap',
  socket: 'plug',
  io_uring: 'sync',
  epoll: 'list-tree',
  eventfd: 'bell',
  timerfd: 'clock',
  signalfd: 'bell',
  inotify: 'eye',
  fanotify: 'eye',
  pidfd: 'server-process',
  userfaultfd: 'chip',
  memfd: 'chip',
  anonymous: 'circle-outline',
  unknown: 'question',
};

export function resourceNodes({ resources, devices }: Sample): readonly Node[] {
  const rows: Node[] = [];
  if (resources.length > 0) {
    rows.push({
      id: 'resources',
      label: `Files and sockets (${grouped(resources.length)})`,
      icon: { id: 'files' },
      children: () => paged(resources, resourceRow),
    });
  }
  if (devices && devices.length > 0) {
    rows.push({
      id: 'devices',
      label: `Block devices (${devices.length})`,
      icon: { id: 'database' },
      children: () => paged(devices, deviceRow),
    });
  }
  return rows;
}

export function resourceRow(resource: Resource): Node {
  return {
    id: `fd-${resource.fd}`,
    label: `fd ${resource.fd}  ${name(resource)}`,
    description: facts(resource),
    icon: { id: ICONS[resource.kind] ?? 'question' },
    tooltip: () => tooltip(resource),
  };
}

function name({ path, socket, link, kind }: Resource): string {
  if (path !== undefined) return shown(path);
  if (socket) {
    const ends = [socket.local, socket.peer].filter((end) => end !== undefined).map((end) => shown(end));
    return [socket.protocol, ends.join(' → ')].filter(Boolean).join(' ');
  }
  return link === undefined ? kind : shown(link);
}

function facts(resource: Resource): string {
  const { kind, fsType, mount, source, holder, peers, end, socket, watches, timeLeft, target, waiting } =
    resource;
  return dots(
    kind !== 'file' && kind !== 'socket' && kind,
    resource.deleted === true && 'deleted',
    fsType !== undefined && `${shown(fsType)}${mount === undefined ? '' : ` on ${shown(mount)}`}`,
    source !== undefined && source !== fsType && `from ${shown(source)}`,
    holder && `served by ${processName(holder)}`,
    waiting !== undefined && waiting > 0 && `${grouped(waiting)} not answered`,
    socket?.state !== undefined && shown(socket.state),
    socket?.sendQueue !== undefined &&
      socket.sendQueue > 0 &&
      `${grouped(socket.sendQueue)} bytes not acknowledged`,
    end !== undefined && `${end} end`,
    peers && (kind === 'io_uring' ? `also held by ${namesOf(peers)}` : otherEnd(peers)),
    watches && `watches ${grouped(watches.length)}`,
    timeLeft !== undefined && (timeLeft === 0 ? 'not armed' : `fires in ${duration(timeLeft)}`),
    target !== undefined && `process ${target}`,
  );
}

function otherEnd(peers: readonly ProcessName[]): string {
  if (peers.length === 0) return 'nobody holds the other end';
  return `other end: ${namesOf(peers)}`;
}

function namesOf(peers: readonly ProcessName[]): string {
  const named = peers.slice(0, 3).map(processName).join(', ');
  return `${named}${peers.length > 3 ? ` and ${peers.length - 3} more` : ''}`;
}

function deviceRow(device: BlockDevice): Node {
  const { inFlightReads, inFlightWrites, backingFile, mapperName, suspended } = device;
  return {
    id: `device-${device.name}`,
    label: shown(device.name),
    description: dots(
      inFlightReads !== undefined && `${grouped(inFlightReads)} reads inside`,
      inFlightWrites !== undefined && `${grouped(inFlightWrites)} writes inside`,
      suspended === true && 'suspended',
      mapperName !== undefined && shown(mapperName),
      backingFile !== undefined && `backed by ${shown(backingFile)}`,
    ),
    icon: { id: 'database' },
  };
}

function tooltip(resource: Resource): string {
  const { socket } = resource;
  const rows: readonly (readonly [string, string | number | undefined])[] = [
    ['kind', resource.kind],
    ['path', resource.path],
    ['link', resource.link],
    ['mount', resource.mount],
    ['file system', resource.fsType],
    ['source', resource.source],
    ['block device', resource.blockDevice ?? resource.device],
    ['opened with', resource.openFlags?.join(' ')],
    ['protocol', socket?.protocol],
    ['local', socket?.local],
    ['peer', socket?.peer],
    ['state', socket?.state],
    ['bytes not acknowledged', socket?.sendQueue],
    ['received, not read', socket?.receiveQueue],
    ['watches fd', resource.watches?.slice(0, 50).join(', ')],
    ['count', resource.count],
  ];
  const lines = rows
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([label, value]) => `- ${label}: ${markdownCode(printable(String(value)))}`);
  return [`**fd ${resource.fd}** ${markdownText(name(resource))}`, lines.join('\n')].join('\n\n');
}
