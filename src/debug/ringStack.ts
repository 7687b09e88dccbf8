import { aioCallOf, aioCallWords, aioRequestFacts, aioRequestName } from '../explain/aio';
import { unlistedOf } from '../explain/certainty';
import { ownOrigin } from '../explain/ownCode';
import { requestGroups, type StateGroup } from '../explain/requestGroups';
import { statesWords } from '../explain/requestStates';
import { mostOf, timersWords } from '../explain/requestWords';
import { lost } from '../explain/ringCounts';
import { counted, grouped } from '../explain/words';
import { printable } from '../model/printable';
import type { AioContext, Request, Ring, Sample } from '../model/sample';
import { requestLine, requestName } from './requestLine';
import { type About, type Frame, joinedStacks, type Stack, stackOf } from './stack';

/** What is pending on a ring, what blocks first: a frame each, below a remark for each state. null = requests of a ring not known. */
export function ringStack(ring: Ring | null, sample: Sample): Stack {
  const about: About = ring ? { kind: 'ring', ring } : { kind: 'astray' };
  const groups = requestGroups(sample, ring?.id ?? null);
  const rest = ring ? restOf(ring) : [];
  const nothing = groups.length === 0 && rest.length === 0 ? ['nothing is pending'] : [];
  return joinedStacks([
    ...groups.flatMap((group) => groupStacks(group, about, sample)),
    stackOf([...rest, ...nothing].map((text) => remark(text, about))),
  ]);
}

function groupStacks(group: StateGroup, about: About, sample: Sample): readonly Stack[] {
  const { requests, folds } = group;
  const rows = folds.map(
    (fold): Stack => ({
      total: fold.requests.length,
      at: (index) => requestFrame(fold.requests[index] ?? fold.requests[0], sample),
    }),
  );
  if (requests.length === 1) return rows;
  const facts = [mostOf(sample, group), ...timersWords(requests)].filter(Boolean).join(', ');
  const title = `${grouped(requests.length)} ${statesWords(requests, sample)}: ${facts}`;
  return [stackOf([remark(title, about)]), ...rows];
}

function requestFrame(request: Request, sample: Sample): Frame {
  const origin = ownOrigin(request);
  return {
    name: `${requestName(request, sample)} · ${requestLine(request, sample)}`,
    hint: 'normal',
    ...(origin ? { place: origin } : {}),
    about: { kind: 'request', request },
  };
}

function restOf(ring: Ring): readonly string[] {
  const gone = lost(ring);
  const rest = unlistedOf(ring);
  return [
    ...(gone > 0 ? [`${grouped(gone)} more whose submission entry was overwritten`] : []),
    ...(rest ? [`${grouped(rest.count)} more not listed: ${rest.why}`] : []),
  ];
}

/** What is pending in a context of Linux AIO. */
export function aioStack(context: AioContext, sample: Sample): Stack {
  const { requests, pending = 0 } = context;
  const about: About = { kind: 'aio', context };
  const calls = sample.tasks.flatMap((task) => {
    const call = aioCallOf(sample, { task });
    return call?.context?.id === context.id ? [`thread ${task.tid} ${aioCallWords(call)}`] : [];
  });
  const unlisted = pending - requests.length;
  const rest = [
    ...calls,
    ...(unlisted > 0 ? [`${counted(unlisted, 'more request')} pending, not listed`] : []),
  ];
  const nothing = requests.length === 0 && rest.length === 0 ? ['nothing is pending'] : [];
  return joinedStacks([
    {
      total: requests.length,
      at(index) {
        const request = requests[index];
        if (!request) return remark('nothing is pending', about);
        const name = [aioRequestName(request), ...aioRequestFacts(request)].filter(Boolean).join(' · ');
        return { name: printable(name, 300), hint: 'normal', about: { ...about, request } };
      },
    },
    stackOf([...rest, ...nothing].map((text) => remark(text, about))),
  ]);
}

function remark(text: string, about: About): Frame {
  return { name: `— ${printable(text, 300)} —`, hint: 'label', about };
}
