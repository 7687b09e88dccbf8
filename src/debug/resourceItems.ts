import { diskLine, diskNamed } from '../explain/disks';
import { lockText } from '../explain/locks';
import { resourceLine } from '../explain/resourceLine';
import { indexOf } from '../explain/sampleIndex';
import { duration, processName, processNames } from '../explain/words';
import { printable } from '../model/printable';
import type { Resource, Sample } from '../model/sample';
import { fact, type Item } from './items';

/** An open descriptor. */
export function resourceItem(resource: Resource, sample: Sample): Item {
  const { fd } = resource;
  return {
    name: fd < 0 ? 'file' : `fd ${fd}`,
    value: resourceLine(resource),
    type: printable(resource.kind, 32),
    ...(fd < 0 ? {} : { evaluate: `fd ${fd}` }),
    below: { named: () => facts(resource, sample) },
  };
}

/** What is open at a descriptor; a plain row where that is not known. */
export function descriptorItem(fd: number, sample: Sample, name = `fd ${fd}`): Item {
  const resource = indexOf(sample).resources.get(fd);
  return resource ? { ...resourceItem(resource, sample), name } : { name, value: String(fd) };
}

function facts(resource: Resource, sample: Sample): readonly Item[] {
  const { socket, peers, holder, blockDevice, awaitedLocks, timeLeft } = resource;
  const disk = blockDevice === undefined ? undefined : diskNamed(sample.devices ?? [], blockDevice);
  return [
    ...fact('kind', resource.kind),
    ...fact('path', resource.path),
    ...fact('deleted', resource.deleted),
    ...fact('link', resource.link),
    ...fact('mount', resource.mount),
    ...fact('file system', resource.fsType),
    ...fact('source', resource.source),
    ...fact('block device', disk ? diskLine(disk) : (blockDevice ?? resource.device)),
    ...fact('opened with', resource.openFlags?.join(' ')),
    ...fact('served by', holder && processName(holder)),
    ...fact('unanswered requests', resource.waiting),
    ...fact('other end', peers && (peers.length === 0 ? 'nobody' : processNames(peers))),
    ...fact('end', resource.end),
    ...fact('protocol', socket?.protocol),
    ...fact('local', socket?.local),
    ...fact('peer', socket?.peer),
    ...fact('state', socket?.state),
    ...fact('bytes not acknowledged', socket?.sendQueue),
    ...fact('received, not read', socket?.receiveQueue),
    ...fact('watches fd', resource.watches?.slice(0, 50).join(', ')),
    ...fact('count', resource.count),
    ...fact(
      'fires in',
      timeLeft === undefined ? undefined : timeLeft === 0 ? 'disarmed' : duration(timeLeft),
    ),
    ...fact('stands for process', resource.target),
    ...fact('awaited locks', awaitedLocks?.length ? lockText(awaitedLocks) : undefined),
  ];
}
