import { isInFlight } from '../explain/requestStates';
import { indexOf } from '../explain/sampleIndex';
import { counted } from '../explain/words';
import type { Evidence, Request, Sample } from '../model/sample';
import { findingItem, findingsAbout } from './findingItems';
import { type Below, indexed } from './items';
import { processItems } from './processItems';
import { aioRequestItems, listedRequest, requestItems } from './requestItems';
import { aioItems, ringItem, ringItems } from './ringItems';
import type { About } from './stack';
import { frameItems, waitItems } from './taskItems';

/** A group of variables of a frame. */
export interface Scope {
  readonly name: string;
  readonly below: Below;
  /** Not to be unfolded before the user does. */
  readonly expensive?: boolean;
}

/** What is to be told of a frame: what it is about first, then what was found, then the whole. */
export function scopesOf(about: About, sample: Sample): readonly Scope[] {
  return [
    ...ownScopes(about, sample),
    ...findingScope(about, sample),
    ...(sample.rings.length === 0
      ? []
      : [{ name: 'Rings', below: indexed(sample.rings, (ring) => ringItem(ring, sample)), expensive: true }]),
    { name: 'Process', below: { named: () => processItems(sample) }, expensive: true },
  ];
}

function ownScopes(about: About, sample: Sample): readonly Scope[] {
  switch (about.kind) {
    case 'task': {
      const { task, kernel, user } = about;
      const requests = sample.requests.filter(
        ({ worker, submitter }) => worker === task.tid || submitter === task.tid,
      );
      const frame = frameItems(kernel, user);
      return [
        { name: 'Waits for', below: { named: () => waitItems(task, sample) } },
        ...requestScope(requests, sample),
        ...(frame.length === 0 ? [] : [{ name: 'Frame', below: { named: () => frame } }]),
      ];
    }
    case 'request': {
      const { request } = about;
      const ring = sample.rings.find(({ id }) => id === request.ring);
      return [
        { name: 'Request', below: { named: () => requestItems(request, sample) } },
        ...(ring ? [{ name: 'Ring', below: { named: () => ringItems(ring, sample) } }] : []),
      ];
    }
    case 'ring':
      return [{ name: 'Ring', below: { named: () => ringItems(about.ring, sample) } }];
    case 'astray':
      return requestScope(indexOf(sample).requests.get(null) ?? [], sample);
    case 'aio': {
      const { request, context } = about;
      return [
        ...(request ? [{ name: 'Request', below: { named: () => aioRequestItems(request, sample) } }] : []),
        { name: 'Linux AIO context', below: { named: () => aioItems(context, sample) } },
      ];
    }
  }
}

/** What a task carries or has submitted; what is in flight comes first. */
function requestScope(requests: readonly Request[], sample: Sample): readonly Scope[] {
  if (requests.length === 0) return [];
  const ordered = [...requests.filter(isInFlight), ...requests.filter((one) => !isInFlight(one))];
  const name = counted(requests.length, 'request');
  return [{ name, below: indexed(ordered, (request, index) => listedRequest(request, sample, index)) }];
}

function findingScope(about: About, sample: Sample): readonly Scope[] {
  const { about: own, findings } = findingsAbout(sample, shownBy(about, sample));
  if (findings.length === 0) return [];
  return [
    {
      name: own ? 'Findings' : 'Findings of the process',
      below: indexed(findings, (finding) => findingItem(finding, sample)),
    },
  ];
}

function shownBy(about: About, sample: Sample): (evidence: Evidence) => boolean {
  switch (about.kind) {
    case 'task':
      return (one) => 'task' in one && one.task === about.task.tid;
    case 'request':
      return (one) => 'request' in one && sample.requests[one.request] === about.request;
    case 'ring':
      return (one) =>
        ('ring' in one && one.ring === about.ring.id) ||
        ('request' in one && sample.requests[one.request]?.ring === about.ring.id);
    case 'aio':
      return (one) => 'aio' in one && one.aio === about.context.id;
    case 'astray':
      return () => false;
  }
}
