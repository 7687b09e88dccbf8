import type { Request, Sample } from '../model/sample';
import type { Place } from './listedRequests';

/** Requests that wait behind one other. */
export interface Chain {
  readonly head: Place;
  readonly behind: readonly Place[];
}

/** What the wanted requests wait behind, directly or in a row: one chain for each head, the longest first. */
export function chainsOf(sample: Sample, wanted: (request: Request) => boolean): Chain[] {
  const { requests } = sample;
  const headOf = headFinder(requests);
  const heads = new Map<number, Place[]>();
  for (const [index, request] of requests.entries()) {
    if (request.after === undefined || !wanted(request)) continue;
    const head = headOf(index);
    if (head === undefined) continue;
    const behind = heads.get(head);
    if (behind) behind.push({ request, index });
    else heads.set(head, [{ request, index }]);
  }
  return [...heads]
    .flatMap(([index, behind]) => {
      const request = requests[index];
      return request ? [{ head: { request, index }, behind }] : [];
    })
    .sort((a, b) => b.behind.length - a.behind.length);
}

/** Finds the end of what a request waits behind; undefined where a row points in circles or nowhere. Each row is passed once. */
function headFinder(requests: readonly Request[]): (start: number) => number | undefined {
  const heads = new Map<number, number | undefined>();
  return (start) => {
    const path: number[] = [];
    let head: number | undefined;
    for (let at = start; requests[at] !== undefined; ) {
      const after = requests[at]?.after;
      if (heads.has(at) || after === undefined) {
        head = heads.has(at) ? heads.get(at) : at;
        break;
      }
      heads.set(at, undefined);
      path.push(at);
      at = after;
    }
    for (const at of path) heads.set(at, head);
    return head;
  };
}
