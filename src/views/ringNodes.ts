import { printable } from '../model/printable';
import type { Request, Ring, Sample } from '../model/sample';
import { markdownText } from './escape';
import { type Node, paged } from './node';
import { requestNodes } from './requestNodes';
import { count, dots, grouped, shown } from './words';

export function ringNodes(sample: Sample): readonly Node[] {
  const { rings, requests } = sample;
  const astray = requests.filter(({ ring }) => !rings.some((candidate) => candidate.id === ring));
  if (rings.length === 0 && astray.length === 0) return [];
  return [
    {
      id: 'rings',
      label: `Rings (${rings.length})`,
      icon: { id: 'sync' },
      expanded: rings.length > 0 && rings.length <= 4,
      children: () => [
        ...paged(rings, (ring) => ringRow(ring, sample)),
        ...(astray.length === 0 ? [] : [astrayRow(astray, sample)]),
      ],
    },
  ];
}

/** A ring with its pending requests below it. */
export function ringRow(ring: Ring, sample: Sample): Node {
  const own = sample.requests.filter((request) => request.ring === ring.id);
  const name = `ring ${ring.id} · ${ring.fd === null ? 'no descriptor' : `fd ${ring.fd}`}`;
  const unlisted = (ring.inFlight ?? 0) - (ring.explained ?? 0);
  return {
    id: `ring-${ring.id}`,
    label: name,
    description: ringState(ring),
    icon: { id: 'circle-large-outline' },
    tooltip: () => ringTooltip(name, ring),
    expanded: sample.rings.length <= 4,
    children: () => [
      ...requestNodes(own, sample),
      ...(unlisted > 0 ? [unlistedRow(unlisted, ring)] : []),
      ...counters(ring),
    ],
  };
}

function ringState(ring: Ring): string {
  const { inFlight, explained, overflowed } = ring;
  if (!ring.readable) return 'busy: the kernel printed no counters';
  const reaped = uncollected(ring);
  return dots(
    inFlight === undefined ? 'no counters' : `${grouped(inFlight)} in flight`,
    inFlight !== undefined && inFlight > 0 && explained !== undefined && explained < inFlight
      ? `${grouped(explained)} of them shown`
      : undefined,
    reaped > 0 && `${grouped(reaped)} not collected`,
    overflowed !== undefined && overflowed > 0 && `${grouped(overflowed)} overflowed`,
    unsubmitted(ring) > 0 && `${grouped(unsubmitted(ring))} not submitted`,
  );
}

/** Completions the program has not reaped. Counters are 32 bits and wrap. */
function uncollected({ cqHead, cqTail }: Ring): number {
  return cqHead === undefined || cqTail === undefined ? 0 : (cqTail - cqHead) >>> 0;
}

/** Submissions the kernel has not taken. */
function unsubmitted({ sqHead, sqTail }: Ring): number {
  return sqHead === undefined || sqTail === undefined ? 0 : (sqTail - sqHead) >>> 0;
}

function unlistedRow(unlisted: number, { skew }: Ring): Node {
  return {
    id: 'unlisted',
    label: `${grouped(unlisted)} not listed`,
    description: skew === undefined ? 'queued or inside the kernel' : 'the count may be off',
    icon: { id: 'eye-closed' },
    tooltip: () =>
      [
        `The counters say that ${count(unlisted, 'more request')} ${unlisted === 1 ? 'is' : 'are'} in flight\\. /proc does not list requests that are queued behind a worker or that a driver or file system holds\\.`,
        ...(skew === undefined ? [] : [`The count may be off: ${markdownText(printable(skew))}`]),
      ].join('\n\n'),
  };
}

function astrayRow(requests: readonly Request[], sample: Sample): Node {
  return {
    id: 'astray',
    label: `Requests of a ring not known (${requests.length})`,
    icon: { id: 'question' },
    children: () => requestNodes(requests, sample),
  };
}

function counters(ring: Ring): readonly Node[] {
  const { sqEntries, cqEntries, sqpollTid, setup, registeredFiles, registeredBuffers } = ring;
  const rows: readonly (readonly [string, string | undefined | false])[] = [
    [
      'Submission queue',
      dots(
        sqEntries !== undefined && count(sqEntries, 'entry', 'entries'),
        ring.sqTail !== undefined && `${grouped(unsubmitted(ring))} not submitted`,
      ),
    ],
    [
      'Completion queue',
      dots(
        cqEntries !== undefined && count(cqEntries, 'entry', 'entries'),
        ring.cqTail !== undefined && `${grouped(uncollected(ring))} not collected`,
      ),
    ],
    ['Set up with', setup.length > 0 && shown(setup.join(', '))],
    ['SQPOLL thread', typeof sqpollTid === 'number' && String(sqpollTid)],
    [
      'Registered',
      dots(
        registeredFiles !== undefined && registeredFiles > 0 && count(registeredFiles, 'file'),
        registeredBuffers !== undefined && registeredBuffers > 0 && count(registeredBuffers, 'buffer'),
      ),
    ],
  ];
  const known = rows.filter(([, text]) => text);
  if (known.length === 0) return [];
  return [
    {
      id: 'counters',
      label: 'Queues and setup',
      icon: { id: 'gear' },
      children: () => known.map(([label, text]) => ({ id: label, label, description: text || '' })),
    },
  ];
}

function ringTooltip(name: string, ring: Ring): string {
  const lines = [`**${markdownText(name)}**`];
  if (!ring.readable) {
    lines.push(
      'The kernel prints no counters while a thread holds the ring’s lock\\. Empty at every look means that a thread is blocked while it submits\\.',
    );
  } else {
    lines.push(markdownText(ringState(ring)));
  }
  if (ring.skew !== undefined) lines.push(`The count may be off: ${markdownText(printable(ring.skew))}`);
  if (ring.duplicates && ring.duplicates.length > 0) {
    lines.push(`The same ring: fd ${ring.duplicates.join(', ')}`);
  }
  return lines.join('\n\n');
}
