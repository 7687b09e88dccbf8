import type { Request, Resource, Sample } from '../model/sample';
import { indexOf } from './sampleIndex';

const targets = new WeakMap<Sample, Map<string, Resource | undefined>>();

/**
 * The one open file that an armed operation can be about, where just one fits and so needs no telling by the
 * kernel. Standard input, output and error are no candidates.
 */
export function onlyTarget(sample: Sample, operation: string): Resource | undefined {
  const known = targets.get(sample) ?? new Map<string, Resource | undefined>();
  targets.set(sample, known);
  if (known.has(operation)) return known.get(operation);
  const fitting = sample.resources.filter((resource) => fits(resource, operation));
  const only = fitting.length === 1 ? fitting[0] : undefined;
  known.set(operation, only);
  return only;
}

const named = new WeakMap<Sample, ReadonlyMap<Request, ReadonlySet<number>>>();

/** The one file that the findings name for a request which a task carries; where they name several, none. */
export function carriedTarget(sample: Sample, request: Request): Resource | undefined {
  if (!/^(READ|WRITE|FSYNC)/.test(request.operation)) return undefined;
  const known = named.get(sample) ?? namedFiles(sample);
  named.set(sample, known);
  const [fd, ...others] = known.get(request) ?? [];
  return fd === undefined || others.length > 0 ? undefined : indexOf(sample).resources.get(fd);
}

/** The descriptors that findings name beside a request. Requests of one finding share their set. */
function namedFiles({ findings, requests }: Sample): Map<Request, ReadonlySet<number>> {
  const found = new Map<Request, ReadonlySet<number>>();
  for (const { evidence } of findings) {
    const fds = new Set(evidence.flatMap((item) => ('fd' in item ? [item.fd] : [])));
    for (const item of evidence) {
      const request = 'request' in item ? requests[item.request] : undefined;
      if (!request) continue;
      const before = found.get(request);
      found.set(request, before ? new Set([...before, ...fds]) : fds);
    }
  }
  return found;
}

function fits(resource: Resource, operation: string): boolean {
  const { kind, socket } = resource;
  if (resource.fd <= 2) return false;
  switch (operation) {
    case 'ACCEPT':
      return kind === 'socket' && (socket?.state === 'LISTEN' || socket?.state === 'LISTENING');
    case 'CONNECT':
      return kind === 'socket' && socket?.state === 'SYN_SENT';
    case 'RECV':
    case 'RECVMSG':
    case 'SEND':
    case 'SENDMSG':
      return kind === 'socket' && socket?.state !== 'LISTEN';
    case 'READ':
    case 'READV':
    case 'WRITE':
    case 'WRITEV': {
      const writes = operation.startsWith('WRITE');
      if (kind === 'pipe') return resource.end === 'both' || resource.end === (writes ? 'write' : 'read');
      return (
        kind === 'socket' ||
        kind === 'eventfd' ||
        kind === 'timerfd' ||
        kind === 'inotify' ||
        kind === 'signalfd'
      );
    }
    case 'EPOLL_WAIT':
      return kind === 'epoll';
    default:
      return false;
  }
}
