import type { Request, Resource, Sample } from '../model/sample';

/**
 * The one open file that an armed operation can be about, where just one fits and so needs no telling by the
 * kernel. Standard input, output and error are no candidates.
 */
export function onlyTarget(sample: Sample, operation: string): Resource | undefined {
  const fitting = sample.resources.filter((resource) => fits(resource, operation));
  const [first] = fitting;
  return fitting.length === 1 ? first : undefined;
}

/** The one file that the findings name for a request which a task carries; where they name several, none. */
export function carriedTarget(sample: Sample, request: Request): Resource | undefined {
  if (!/^(READ|WRITE|FSYNC)/.test(request.operation)) return undefined;
  const index = sample.requests.indexOf(request);
  const fds = new Set(
    sample.findings
      .filter(({ evidence }) => evidence.some((e) => 'request' in e && e.request === index))
      .flatMap(({ evidence }) => evidence.flatMap((e) => ('fd' in e ? [e.fd] : []))),
  );
  return fds.size === 1 ? sample.resources.find(({ fd }) => fds.has(fd)) : undefined;
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
