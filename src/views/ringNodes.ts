import { certaintyOf, sourcesOf, unlistedOf } from '../explain/certainty';
import { inFlight, lost, rateWords, skewOf, uncollected, unsubmitted } from '../explain/ringCounts';
import { indexOf } from '../explain/sampleIndex';
import { t } from '../model/l10n';
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
      label: t('Rings ({0})', rings.length),
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
  const name = t('ring {0} · {1}', ring.id, ring.fd === null ? t('no descriptor') : `fd ${ring.fd}`);
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
  if (!ring.readable && pending === undefined) return t('busy: the kernel printed no counters');
  const reaped = uncollected(ring);
  return dots(
    pending === undefined ? t('no counters') : t('{0} in flight', grouped(pending)),
    pending !== undefined && pending > 0 && explained !== undefined && t('{0} listed', grouped(explained)),
    rateWords(ring),
    reaped > 0 && t('{0} not collected', grouped(reaped)),
    overflowed !== undefined && overflowed > 0 && t('{0} overflowed', grouped(overflowed)),
    unsubmitted(ring) > 0 && t('{0} not submitted', grouped(unsubmitted(ring))),
  );
}

function lostRows(ring: Ring): readonly Node[] {
  const gone = lost(ring);
  if (gone === 0) return [];
  return [
    {
      id: 'lost',
      label: t('{0} more whose submission entry was overwritten', grouped(gone)),
      icon: { id: 'eye-closed' },
      ...searchable(ring),
      tooltip: () =>
        t(
          'They are in flight, but the program has used their entries of the submission queue again: what they are about is no longer in the ring’s memory\\. {0}\\.',
          ring.live === undefined
            ? t('A walk of the kernel’s own lists, which root may do, would show them')
            : t(
                'They stand on none of the kernel’s lists, as what a driver or file system holds; a search through the kernel’s memory finds them',
              ),
        ),
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
  const more =
    rest.count === 1
      ? t('1 more request is in flight')
      : t('{0} more requests are in flight', grouped(rest.count));
  return [
    {
      id: 'unlisted',
      label: t('{0} not listed', grouped(rest.count)),
      description: skew === undefined ? rest.why : t('the count may be off'),
      icon: { id: 'eye-closed' },
      ...searchable(ring),
      tooltip: () =>
        [
          markdownText(`${more}. ${rest.explanation}`),
          ...(skew === undefined ? [] : [t('The count may be off: {0}', markdownText(printable(skew)))]),
        ].join('\n\n'),
    },
  ];
}

function astrayRow(requests: number, sample: Sample): Node {
  return {
    id: 'astray',
    label: t('Requests of a ring not known ({0})', grouped(requests)),
    icon: { id: 'question' },
    children: () => requestNodes(sample, null),
  };
}

function counters(ring: Ring): readonly Node[] {
  const { sqEntries, cqEntries, sqpollTid, setup } = ring;
  const rows: readonly (readonly [string, string | undefined | false])[] = [
    [
      t('Submission queue'),
      dots(
        sqEntries !== undefined && count(sqEntries, 'entry', 'entries'),
        ring.sqTail !== undefined && t('{0} not submitted', grouped(unsubmitted(ring))),
      ),
    ],
    [
      t('Completion queue'),
      dots(
        cqEntries !== undefined && count(cqEntries, 'entry', 'entries'),
        ring.cqTail !== undefined && t('{0} not collected', grouped(uncollected(ring))),
      ),
    ],
    [t('Set up with'), setup.length > 0 && shown(setup.join(', '))],
    [t('SQPOLL thread'), typeof sqpollTid === 'number' && String(sqpollTid)],
  ];
  const known = rows.filter(([, text]) => text);
  if (known.length === 0) return [];
  return [
    {
      id: 'counters',
      label: t('Queues and setup'),
      icon: { id: 'gear' },
      children: () => known.map(([label, text]) => ({ id: label, label, description: text || '' })),
    },
  ];
}

function ringTooltip(name: string, ring: Ring, sample: Sample): string {
  const lines = [`**${markdownText(name)}**`];
  if (!ring.readable) {
    lines.push(
      t(
        'The kernel prints no counters while a thread holds the ring’s lock\\. Empty at every look means that a thread is blocked while it submits\\.',
      ),
    );
  } else {
    lines.push(markdownText(ringState(ring)));
  }
  const sure = certaintyOf(sample, ring);
  if (sure !== undefined) {
    lines.push(
      markdownText(printable(t('{0}; from {1}', sure, sourcesOf(sample, ring) || t('the counters')))),
    );
  }
  const skew = skewOf(ring);
  if (skew !== undefined) lines.push(t('The count may be off: {0}', markdownText(printable(skew))));
  if (ring.duplicates && ring.duplicates.length > 0) {
    lines.push(t('The same ring: fd {0}', ring.duplicates.join(', ')));
  }
  return lines.join('\n\n');
}
