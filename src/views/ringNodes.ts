import { certaintyOf, sourcesOf, unlistedOf } from '../explain/certainty';
import { inFlight, lost, rateWords, skewOf, uncollected, unsubmitted } from '../explain/ringCounts';
import { indexOf } from '../explain/sampleIndex';
import { printable } from '../model/printable';
import type { Ring, Sample } from '../model/sample';
import { markdownText } from './escape';
import { UNLISTED_CONTEXT } from './ids';
import { type Node, paged } from './node';
import { poolNodes } from './poolNodes';
import { registeredNodes } from './registeredNodes';
import { requestNodes } from './requestNodes';
import { count, dots, grouped, shown } from './words';

export function ringNodes(sample: Sample): readonly Node[] {
  const { rings } = sample;
  const astray = indexOf(sample).requests.get(null)?.length ?? 0;
  if (rings.length === 0 && astray === 0) return [];
  return [
    {
      id: 'rings',
      label: `Rings (${rings.length})`,
      icon: { id: 'sync' },
      expanded: rings.length > 0 && rings.length <= 4,
      children: () => [
        ...paged(rings, (ring) => ringRow(ring, sample)),
        ...(astray === 0 ? [] : [astrayRow(astray, sample)]),
        ...poolNodes(sample),
      ],
    },
  ];
}

/** A ring with its pending requests below it. */
export function ringRow(ring: Ring, sample: Sample): Node {
  const name = `ring ${ring.id} · ${ring.fd === null ? 'no descriptor' : `fd ${ring.fd}`}`;
  return {
    id: `ring-${ring.id}`,
    label: name,
    description: ringState(ring),
    icon: { id: 'circle-large-outline' },
    tooltip: () => ringTooltip(name, ring, sample),
    expanded: sample.rings.length <= 4,
    children: () => [
      ...requestNodes(sample, ring.id),
      ...lostRows(ring),
      ...unlistedRows(ring),
      ...registeredNodes(ring, sample),
      ...counters(ring),
    ],
  };
}

function ringState(ring: Ring): string {
  const { explained, overflowed } = ring;
  const pending = inFlight(ring);
  if (!ring.readable && pending === undefined) return 'busy: the kernel printed no counters';
  const reaped = uncollected(ring);
  return dots(
    pending === undefined ? 'no counters' : `${grouped(pending)} in flight`,
    pending !== undefined && pending > 0 && explained !== undefined && `${grouped(explained)} listed`,
    rateWords(ring),
    reaped > 0 && `${grouped(reaped)} not collected`,
    overflowed !== undefined && overflowed > 0 && `${grouped(overflowed)} overflowed`,
    unsubmitted(ring) > 0 && `${grouped(unsubmitted(ring))} not submitted`,
  );
}

function lostRows(ring: Ring): readonly Node[] {
  const gone = lost(ring);
  if (gone === 0) return [];
  return [
    {
      id: 'lost',
      label: `${grouped(gone)} more whose submission entry was overwritten`,
      icon: { id: 'eye-closed' },
      ...searchable(ring),
      tooltip: () =>
        `They are in flight, but the program has used their entries of the submission queue again: what they are about is no longer in the ring’s memory\\. ${
          ring.live === undefined
            ? 'A walk of the kernel’s own lists, which root may do, would show them'
            : 'They stand on none of the kernel’s lists, as what a driver or file system holds; a search through the kernel’s memory finds them'
        }\\.`,
    },
  ];
}

/** Its menu offers the search of the kernel's memory, where that has been walked. */
function searchable({ live }: Ring): Pick<Node, 'context'> {
  return live === undefined ? {} : { context: UNLISTED_CONTEXT };
}

function unlistedRows(ring: Ring): readonly Node[] {
  const rest = unlistedOf(ring);
  if (!rest) return [];
  const skew = skewOf(ring);
  const more = `${count(rest.count, 'more request')} ${rest.count === 1 ? 'is' : 'are'} in flight`;
  return [
    {
      id: 'unlisted',
      label: `${grouped(rest.count)} not listed`,
      description: skew === undefined ? rest.why : 'the count may be off',
      icon: { id: 'eye-closed' },
      ...searchable(ring),
      tooltip: () =>
        [
          markdownText(`${more}. ${rest.explanation}`),
          ...(skew === undefined ? [] : [`The count may be off: ${markdownText(printable(skew))}`]),
        ].join('\n\n'),
    },
  ];
}

function astrayRow(requests: number, sample: Sample): Node {
  return {
    id: 'astray',
    label: `Requests of a ring not known (${grouped(requests)})`,
    icon: { id: 'question' },
    children: () => requestNodes(sample, null),
  };
}

function counters(ring: Ring): readonly Node[] {
  const { sqEntries, cqEntries, sqpollTid, setup } = ring;
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

function ringTooltip(name: string, ring: Ring, sample: Sample): string {
  const lines = [`**${markdownText(name)}**`];
  if (!ring.readable) {
    lines.push(
      'The kernel prints no counters while a thread holds the ring’s lock\\. Empty at every look means that a thread is blocked while it submits\\.',
    );
  } else {
    lines.push(markdownText(ringState(ring)));
  }
  const sure = certaintyOf(sample, ring);
  if (sure !== undefined) {
    lines.push(markdownText(printable(`${sure}; from ${sourcesOf(sample, ring) || 'the counters'}`)));
  }
  const skew = skewOf(ring);
  if (skew !== undefined) lines.push(`The count may be off: ${markdownText(printable(skew))}`);
  if (ring.duplicates && ring.duplicates.length > 0) {
    lines.push(`The same ring: fd ${ring.duplicates.join(', ')}`);
  }
  return lines.join('\n\n');
}
