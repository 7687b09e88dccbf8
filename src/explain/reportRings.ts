import { printable } from '../model/printable';
import type { Ring } from '../model/sample';
import { certaintyOf, isListedExactly, sourcesOf, unlistedOf } from './certainty';
import type { Context } from './reportContext';
import { registeredLines } from './reportRegistered';
import { requestLines } from './reportRequests';
import { inFlight, lost, rateWords, skewOf } from './ringCounts';
import { wrap } from './style';
import { grouped } from './words';
import { busyPools, poolText } from './workers';

/** Rings and worker pools written out without --verbose. */
const MOST = 32;

/** The rings with their requests, and the workers that serve them. */
export function ringLines(context: Context): string[] {
  const { sample, style, width, verbose } = context;
  if (sample.rings.length === 0) return [style.bold('Rings'), '  none: this process has no io_uring open'];
  const rings = verbose ? sample.rings : sample.rings.slice(0, MOST);
  const busy = busyPools(sample);
  const pools = busy.slice(0, verbose ? undefined : MOST);
  const astray = requestLines(context, null);
  return [
    style.bold(`Rings (${sample.rings.length})`),
    ...rings.flatMap((ring) => [
      ...wrap(`  ${ringLine(ring)}`, width, '      '),
      ...requestLines(context, ring.id),
      ...restLines(context, ring),
      ...(verbose ? registeredLines(context, ring) : []),
    ]),
    ...more(sample.rings.length - rings.length, 'rings'),
    ...(astray.length > 0 ? ['  of one of the rings', ...astray] : []),
    ...pools.flatMap((pool) => wrap(`  io-wq of thread ${pool.tid}: ${poolText(pool)}`, width, '      ')),
    ...more(busy.length - pools.length, 'worker pools'),
  ];
}

function more(left: number, what: string): string[] {
  return left > 0 ? [`  … ${grouped(left)} more ${what} (--verbose lists them)`] : [];
}

function ringLine(ring: Ring): string {
  const where =
    ring.fd === null ? 'descriptor closed' : `fd ${[ring.fd, ...(ring.duplicates ?? [])].join(', ')}`;
  const name = `ring ${ring.id} · ${where}${ring.setup.length > 0 ? ` · ${ring.setup.join(' ')}` : ''}`;
  const pending = inFlight(ring);
  if (!ring.readable && pending === undefined) return `${name} · counters not readable`;
  if (pending === undefined) return `${name} · this kernel prints no counters`;
  const listed = isListedExactly(ring) && pending > 0 ? ` · ${grouped(ring.explained ?? 0)} listed` : '';
  const queues =
    ring.sqTail === undefined
      ? ''
      : ` · SQ ${ring.sqHead}/${ring.sqTail} of ${ring.sqEntries}, CQ ${ring.cqHead}/${ring.cqTail} of ${ring.cqEntries}`;
  const skew = skewOf(ring);
  const overflow = ring.overflowed ? ` · ${grouped(ring.overflowed)} overflowed` : '';
  const rates = rateWords(ring);
  const moves = rates === undefined ? '' : ` · ${rates}`;
  return `${name} · ${grouped(pending)} in flight${listed}${moves}${queues}${overflow}${skew === undefined ? '' : ` (${printable(skew, 200)})`}`;
}

/** Requests without a row, and how sure the rows are. */
function restLines({ sample, width }: Context, ring: Ring): string[] {
  const gone = lost(ring);
  const rest = unlistedOf(ring);
  const exact = isListedExactly(ring);
  const sure = exact ? certaintyOf(sample, ring) : undefined;
  const why = exact ? `not listed: ${rest?.why}` : 'in flight, not listed by /proc';
  return [
    gone > 0 ? `${grouped(gone)} more whose submission entry was overwritten` : '',
    rest ? (exact ? `${grouped(rest.count)} more ${why}` : `${grouped(rest.count)} × ${why}`) : '',
    sure === undefined ? '' : `From ${sourcesOf(sample, ring) || 'the counters'}: ${sure}`,
  ]
    .filter(Boolean)
    .flatMap((line) => wrap(`    ${line}`, width, '        '));
}
