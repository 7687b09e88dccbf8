import type { Request } from '../model/sample';

/** What tells a request from its like, the same at the next look. */
export function requestId({
  ring,
  operation,
  userData,
  sequence,
  worker,
  address,
  offset,
  fd,
}: Request): string {
  const own = sequence === undefined ? [operation, worker, address, offset, fd] : [sequence];
  return `request-${JSON.stringify([ring, userData, ...own])}`;
}
