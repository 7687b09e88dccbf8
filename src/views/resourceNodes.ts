import { cgroupLine } from '../explain/cgroups';
import { below, diskKind, inFlightOf, troublesOf } from '../explain/disks';
import { resourceWaiters, waitingFor } from '../explain/goroutineWords';
import { lockText } from '../explain/locks';
import { listenerText } from '../explain/otherEnds';
import { remoteMountFacts } from '../explain/remoteMounts';
import { duration, processName, sentence } from '../explain/words';
import { printable } from '../model/printable';
import type { BlockDevice, ProcessName, RemoteMount, Resource, ResourceKind, Sample } from '../model/sample';
import { markdownCode, markdownText } from './escape';
import { goroutineRow } from './goroutineNodes';
import { type Node, paged } from './node';
import { dots, grouped, shown } from './words';

const ICONS: Record<ResourceKind, string> = {
  file: 'file',
  directory: 'folder',
  device: 'database',
  pipe: 'arrow-swap',
  fifo: 'arrow-swap',
  mqueue: 'arrow-swap',
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

export function resourceNodes(sample: Sample): readonly Node[] {
  const { resources, devices, remoteMounts, cgroup } = sample;
  const rows: Node[] = [];
  if (resources.length > 0) {
    rows.push({
      id: 'resources',
      label: `Files and sockets (${grouped(resources.length)})`,
      icon: { id: 'files' },
      children: () => paged(resources, (resource) => resourceRow(resource, sample)),
    });
  }
  if (devices && devices.length > 0) {
    rows.push({
      id: 'devices',
      label: `Block devices (${devices.length})`,
      icon: { id: 'database' },
      children: () => paged(devices, (device) => deviceRow(device, devices)),
    });
  }
  if (remoteMounts && remoteMounts.length > 0) {
    rows.push({
      id: 'remote-mounts',
      label: `Network mounts (${remoteMounts.length})`,
      icon: { id: 'remote' },
      children: () => paged(remoteMounts, remoteMountRow),
    });
  }
  const held = cgroup ? cgroupLine(cgroup) : '';
  if (held !== '')
    rows.push({ id: 'cgroup', label: shown(sentence(held), 400), icon: { id: 'symbol-ruler' } });
  return rows;
}

/** Below it the goroutines that wait for it, where they are looked for in a Sample. */
export function resourceRow(resource: Resource, sample?: Sample): Node {
  const waiting = sample ? waitingFor(sample).get(resource.fd) : undefined;
  return {
    id: `fd-${resource.fd}`,
    label: `fd ${resource.fd}  ${name(resource)}`,
    description: dots(facts(resource), sample && shown(resourceWaiters(sample, resource), 400)),
    icon: { id: ICONS[resource.kind] ?? 'question' },
    tooltip: () => tooltip(resource),
    ...(waiting ? { children: () => paged(waiting, ({ group }) => goroutineRow(group)) } : {}),
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
    socket?.listener && listenerText(socket.listener),
    resource.awaitedLocks?.length ? lockText(resource.awaitedLocks) : undefined,
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

/** Devices on devices that are shown below each other; a saved Sample may claim a circle. */
const DEEPEST = 16;

export function deviceRow(device: BlockDevice, devices: readonly BlockDevice[], depth = 0): Node {
  const { inFlightReads, inFlightWrites, finished, partitions } = device;
  const lower = depth < DEEPEST ? below(devices, device) : [];
  const wrong = troublesOf(device);
  return {
    id: `device-${device.name}`,
    label: shown(device.name),
    description: dots(
      inFlightReads !== undefined && `${grouped(inFlightReads)} reads inside`,
      inFlightWrites !== undefined && `${grouped(inFlightWrites)} writes inside`,
      finished !== undefined &&
        inFlightOf(device) > 0 &&
        (finished === 0 ? 'none finished' : `${grouped(finished)} finished`),
      ...wrong,
      diskKind(device),
      Array.isArray(partitions) && `used: ${partitions.map((own) => shown(String(own), 40)).join(', ')}`,
    ),
    icon: wrong.length > 0 ? { id: 'warning', color: 'list.warningForeground' } : { id: 'database' },
    tooltip: () => deviceTooltip(device),
    ...(lower.length > 0
      ? { children: () => paged(lower, (one) => deviceRow(one, devices, depth + 1)) }
      : {}),
  };
}

function deviceTooltip(device: BlockDevice): string {
  const { size, backing, raid } = device;
  return table(`**${markdownText(shown(device.name))}**`, [
    ['device', device.device],
    ['state', device.state],
    ['vendor', device.vendor],
    ['model', device.model],
    ['size', size === undefined ? undefined : `${(size / 1e9).toFixed(size < 1e10 ? 2 : 0)} GB`],
    ['kind', device.rotational === undefined ? undefined : device.rotational ? 'rotating' : 'not rotating'],
    ['read only', device.readOnly === true ? 'yes' : undefined],
    ['I/O scheduler', device.scheduler],
    ['finished since boot', device.completed],
    ['device-mapper', device.mapperName],
    ['RAID', raid ? [raid.level, raid.state, raid.action].filter(Boolean).join(' ') : undefined],
    ['file behind it', device.backingFile],
    ['which is on', backing?.fsType === undefined ? undefined : `${backing.fsType} at ${backing.mount}`],
  ]);
}

function remoteMountRow(remote: RemoteMount): Node {
  const { mount, calls } = remote;
  return {
    id: `mount-${mount}`,
    label: shown(mount),
    description: shown(remoteMountFacts(remote)),
    icon: { id: 'remote' },
    tooltip: () =>
      table(`**${markdownText(shown(mount))}**`, [
        ['file system', remote.fsType],
        ['server', remote.server],
        ['address', remote.address],
        ['export', remote.exported],
        ['options', Array.isArray(remote.options) ? remote.options.join(',') : undefined],
        ['calls sent', calls?.sent],
        ['calls answered', calls?.answered],
        ['timeouts', calls?.timeouts],
        ['answers that came too late', calls?.unknownAnswers],
        ['mounted for', calls?.age === undefined ? undefined : duration(calls.age)],
      ]),
  };
}

function tooltip(resource: Resource): string {
  const { socket } = resource;
  return table(`**fd ${resource.fd}** ${markdownText(name(resource))}`, [
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
    ['awaited', resource.awaitedLocks?.length ? lockText(resource.awaitedLocks) : undefined],
  ]);
}

type Facts = readonly (readonly [string, string | number | undefined])[];

function table(title: string, rows: Facts): string {
  const lines = rows
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([label, value]) => `- ${label}: ${markdownCode(printable(String(value)))}`);
  return [title, lines.join('\n')].join('\n\n');
}
