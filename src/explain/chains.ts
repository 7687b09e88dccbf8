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
  const heads = new Map<number, Place[]>();
  for (const [index, request] of requests.entries()) {
    if (request.after === undefined || !wanted(request)) continue;
    const head = headOf(requests, index);
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

/** The end of what a request waits behind; undefined where a row points in circles or nowhere. */
function headOf(requests: readonly Request[], start: number): number | undefined {
  let at = start;
  for (let steps = 0; steps <= requests.length; steps++) {
    const after = requests[at]?.after;
    if (after === undefined) return requests[at] && at !== start ? at : undefined;
    at = after;
  }
  return undefined;
}
