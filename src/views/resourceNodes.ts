import { cgroupLine } from '../explain/cgroups';
import { below, diskKind, inFlightOf, troublesOf } from '../explain/disks';
import { resourceWaiters, waitingFor } from '../explain/goroutineWords';
import { lockText } from '../explain/locks';
import { listenerText } from '../explain/otherEnds';
import { remoteMountFacts } from '../explain/remoteMounts';
import { duration, processName, sentence } from '../explain/words';
import { t } from '../model/l10n';
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
      label: t('Files and sockets ({0})', grouped(resources.length)),
      icon: { id: 'files' },
      children: () => paged(resources, (resource) => resourceRow(resource, sample)),
    });
  }
  if (devices && devices.length > 0) {
    rows.push({
      id: 'devices',
      label: t('Block devices ({0})', devices.length),
      icon: { id: 'database' },
      children: () => paged(devices, (device) => deviceRow(device, devices)),
    });
  }
  if (remoteMounts && remoteMounts.length > 0) {
    rows.push({
      id: 'remote-mounts',
      label: t('Network mounts ({0})', remoteMounts.length),
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
    resource.deleted === true && t('deleted'),
    fsType !== undefined && `${shown(fsType)}${mount === undefined ? '' : t(' on {0}', shown(mount))}`,
    source !== undefined && source !== fsType && t('from {0}', shown(source)),
    holder && t('served by {0}', processName(holder)),
    waiting !== undefined && waiting > 0 && t('{0} not answered', grouped(waiting)),
    socket?.state !== undefined && shown(socket.state),
    socket?.sendQueue !== undefined &&
      socket.sendQueue > 0 &&
      t('{0} bytes not acknowledged', grouped(socket.sendQueue)),
    socket?.listener && listenerText(socket.listener),
    resource.awaitedLocks?.length ? lockText(resource.awaitedLocks) : undefined,
    end !== undefined && t('{0} end', end),
    peers && (kind === 'io_uring' ? t('also held by {0}', namesOf(peers)) : otherEnd(peers)),
    watches && t('watches {0}', grouped(watches.length)),
    timeLeft !== undefined && (timeLeft === 0 ? t('not armed') : t('fires in {0}', duration(timeLeft))),
    target !== undefined && t('process {0}', target),
  );
}

function otherEnd(peers: readonly ProcessName[]): string {
  if (peers.length === 0) return t('nobody holds the other end');
  return t('other end: {0}', namesOf(peers));
}

function namesOf(peers: readonly ProcessName[]): string {
  const named = peers.slice(0, 3).map(processName).join(', ');
  return `${named}${peers.length > 3 ? t(' and {0} more', peers.length - 3) : ''}`;
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
      inFlightReads !== undefined && t('{0} reads inside', grouped(inFlightReads)),
      inFlightWrites !== undefined && t('{0} writes inside', grouped(inFlightWrites)),
      finished !== undefined &&
        inFlightOf(device) > 0 &&
        (finished === 0 ? t('none finished') : t('{0} finished', grouped(finished))),
      ...wrong,
      diskKind(device),
      Array.isArray(partitions) && t('used: {0}', partitions.map((own) => shown(String(own), 40)).join(', ')),
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
    [t('device'), device.device],
    [t('state'), device.state],
    [t('vendor'), device.vendor],
    [t('model'), device.model],
    [t('size'), size === undefined ? undefined : `${(size / 1e9).toFixed(size < 1e10 ? 2 : 0)} GB`],
    [
      t('kind'),
      device.rotational === undefined ? undefined : device.rotational ? t('rotating') : t('not rotating'),
    ],
    [t('read only'), device.readOnly === true ? t('yes') : undefined],
    [t('I/O scheduler'), device.scheduler],
    [t('finished since boot'), device.completed],
    ['device-mapper', device.mapperName],
    ['RAID', raid ? [raid.level, raid.state, raid.action].filter(Boolean).join(' ') : undefined],
    [t('file behind it'), device.backingFile],
    [
      t('which is on'),
      backing?.fsType === undefined ? undefined : t('{0} at {1}', backing.fsType, backing.mount ?? ''),
    ],
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
        [t('file system'), remote.fsType],
        [t('server'), remote.server],
        [t('address'), remote.address],
        [t('export'), remote.exported],
        [t('options'), Array.isArray(remote.options) ? remote.options.join(',') : undefined],
        [t('calls sent'), calls?.sent],
        [t('calls answered'), calls?.answered],
        [t('timeouts'), calls?.timeouts],
        [t('answers that came too late'), calls?.unknownAnswers],
        [t('mounted for'), calls?.age === undefined ? undefined : duration(calls.age)],
      ]),
  };
}

function tooltip(resource: Resource): string {
  const { socket } = resource;
  return table(`**fd ${resource.fd}** ${markdownText(name(resource))}`, [
    [t('kind'), resource.kind],
    [t('path'), resource.path],
    [t('link'), resource.link],
    [t('mount'), resource.mount],
    [t('file system'), resource.fsType],
    [t('source'), resource.source],
    [t('block device'), resource.blockDevice ?? resource.device],
    [t('opened with'), resource.openFlags?.join(' ')],
    [t('protocol'), socket?.protocol],
    [t('local'), socket?.local],
    [t('peer'), socket?.peer],
    [t('state'), socket?.state],
    [t('bytes not acknowledged'), socket?.sendQueue],
    [t('received, not read'), socket?.receiveQueue],
    [t('watches fd'), resource.watches?.slice(0, 50).join(', ')],
    [t('count'), resource.count],
    [t('awaited'), resource.awaitedLocks?.length ? lockText(resource.awaitedLocks) : undefined],
  ]);
}

type Facts = readonly (readonly [string, string | number | undefined])[];

function table(title: string, rows: Facts): string {
  const lines = rows
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([label, value]) => `- ${label}: ${markdownCode(printable(String(value)))}`);
  return [title, lines.join('\n')].join('\n\n');
}
