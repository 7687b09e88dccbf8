import { printable } from '../model/printable';
import type { Resource } from '../model/sample';
import { lockText } from './locks';
import { listenerText } from './otherEnds';
import { layersText } from './overlays';
import { counted, duration, joined, processName, processNames, socketName } from './words';

/** What a descriptor is, on one line: "file /mnt/data/db · fuse.sshfs at /mnt/data from host:/data". */
export function resourceLine(resource: Resource): string {
  const facts = [title(resource), place(resource), ...details(resource)];
  return facts.filter(Boolean).join(' · ');
}

/** Longest name of a file on one line. */
export const NAME_LENGTH = 200;

/** The short name of what is open: "/mnt/data/db", "TCP 10.0.0.1:4711 → 10.0.0.2:80", "pipe fd 5". */
export function openName({ fd, kind, path, socket }: Resource): string {
  if (path !== undefined) return printable(path, NAME_LENGTH);
  if (socket) return socketName(socket, fd).replace(/^the /, '');
  return kind === 'unknown' ? `fd ${fd}` : `${kind} fd ${fd}`;
}

function title(resource: Resource): string {
  const { kind, path, link, socket, deleted } = resource;
  if (path !== undefined) return `${kind} ${printable(path, 300)}${deleted ? ' (deleted)' : ''}`;
  if (socket) return socketName(socket, resource.fd).replace(/^the /, '');
  return kind === 'unknown' || kind === 'anonymous' || kind === 'memfd'
    ? `${kind} ${printable(link ?? '', 200)}`
    : kind;
}

function place({ mount, fsType, source, kind }: Resource): string {
  if (fsType === undefined || kind === 'device') return '';
  const from = source === undefined || source === fsType ? '' : ` from ${printable(source, 120)}`;
  return `${printable(fsType, 40)} at ${printable(mount ?? '?', 200)}${from}`;
}

function details(resource: Resource): string[] {
  const { socket, peers, end, holder } = resource;
  const direct = resource.openFlags?.filter((flag) => flag === 'O_DIRECT' || flag === 'O_NONBLOCK') ?? [];
  return [
    ...direct,
    resource.blockDevice === undefined ? '' : `disk ${printable(resource.blockDevice, 40)}`,
    resource.layers ? `layers ${layersText(resource.layers)}` : '',
    holder ? `served by ${processName(holder)}` : '',
    resource.waiting === undefined ? '' : `${counted(resource.waiting, 'unanswered request')}`,
    resource.awaitedLocks?.length ? lockText(resource.awaitedLocks) : '',
    end === undefined || end === 'both' ? '' : `${end} end`,
    peers ? peersText(peers, resource) : '',
    socket?.state ?? '',
    socket?.receiveQueue ? queueText(socket.state, socket.receiveQueue) : '',
    socket?.sendQueue ? `${socket.sendQueue} bytes not acknowledged` : '',
    socket?.retransmits ? counted(socket.retransmits, 'retransmit') : '',
    socket?.listener ? listenerText(socket.listener) : '',
    resource.watches ? `watches ${counted(resource.watches.length, 'descriptor')}` : '',
    resource.count === undefined ? '' : `count ${BigInt(resource.count)}`,
    resource.timeLeft === undefined
      ? ''
      : resource.timeLeft === 0
        ? 'disarmed'
        : `fires in ${duration(resource.timeLeft)}`,
    resource.target === undefined ? '' : `process ${resource.target}`,
  ];
}

function peersText(peers: NonNullable<Resource['peers']>, { kind, end }: Resource): string {
  if (kind === 'socket' || kind === 'device') return `other end ${processNames(peers)}`;
  if (kind === 'mqueue') return `held by ${processNames(peers)}`;
  const role = kind === 'io_uring' ? 'other holder' : end === 'read' ? 'writer' : 'reader';
  if (peers.length === 0) return `no ${role}`;
  const shown = peers.slice(0, 3).map(processName);
  if (peers.length > shown.length) shown.push(`${peers.length - shown.length} more`);
  return `${role}${peers.length === 1 ? '' : 's'} ${joined(shown)}`;
}

function queueText(state: string | undefined, queue: number): string {
  return state === 'LISTEN' ? `${counted(queue, 'connection')} not accepted` : `${queue} bytes not read`;
}
