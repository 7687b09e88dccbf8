import { aioFacts } from '../explain/aio';
import { certaintyOf, sourcesOf, unlistedOf } from '../explain/certainty';
import { bufferTable, fileTable, groupLine, type SlotTable } from '../explain/registered';
import { isInFlight } from '../explain/requestStates';
import { inFlight, lost, skewOf, uncollected, unsubmitted } from '../explain/ringCounts';
import { indexOf } from '../explain/sampleIndex';
import { counted, grouped, ringName } from '../explain/words';
import { busyPools, poolText } from '../explain/workers';
import { printable } from '../model/printable';
import type { AioContext, Ring, Sample } from '../model/sample';
import { fact, type Item, list, memoryOf } from './items';
import { bufferSlotItem, fileSlotItem } from './registeredItems';
import { aioRequestItem, listedRequest } from './requestItems';
import { taskItem } from './taskItems';

/** A ring with its counters and requests. */
export function ringItem(ring: Ring, sample: Sample, name = ringName(ring)): Item {
  return {
    name,
    value: ringLine(ring),
    type: 'ring',
    evaluate: `ring ${ring.id}`,
    below: { named: () => ringItems(ring, sample) },
  };
}

/** "100 in flight · 8 listed · 3 not collected". */
export function ringLine(ring: Ring): string {
  const pending = inFlight(ring);
  if (pending === undefined)
    return ring.readable
      ? 'this kernel prints no counters'
      : 'counters not readable: a task holds the ring’s lock';
  const told: readonly (readonly [number, string])[] = [
    [pending > 0 ? (ring.explained ?? 0) : 0, 'listed'],
    [uncollected(ring), 'not collected'],
    [ring.overflowed ?? 0, 'overflowed'],
    [unsubmitted(ring), 'not submitted'],
  ];
  const more = told.filter(([count]) => count > 0).map(([count, what]) => `${grouped(count)} ${what}`);
  return [`${grouped(pending)} in flight`, ...more].join(' · ');
}

/** The counters of a ring, what is registered, its requests. */
export function ringItems(ring: Ring, sample: Sample): readonly Item[] {
  const requests = indexOf(sample).requests.get(ring.id) ?? [];
  const pending = requests.filter(isInFlight);
  const { sqpollTid } = ring;
  const poller = typeof sqpollTid === 'number' ? indexOf(sample).tasks.get(sqpollTid) : undefined;
  const rest = unlistedOf(ring);
  const gone = lost(ring);
  return [
    ...list('requests in flight', pending, (request, index) => listedRequest(request, sample, index)),
    ...list(
      'other requests',
      requests.filter((request) => !isInFlight(request)),
      (request, index) => listedRequest(request, sample, index),
    ),
    ...fact('in flight', inFlight(ring)),
    ...fact('overwritten', gone > 0 ? `${grouped(gone)} more whose submission entry was overwritten` : ''),
    ...fact('not listed', rest && `${grouped(rest.count)}: ${rest.why}`),
    ...fact('how sure', certaintyOf(sample, ring)),
    ...fact('known from', sourcesOf(sample, ring)),
    ...fact('count may be off', skewOf(ring)),
    ...fact('not submitted', ring.sqTail === undefined ? undefined : unsubmitted(ring)),
    ...fact('not collected', ring.cqTail === undefined ? undefined : uncollected(ring)),
    ...fact('overflowed', ring.overflowed),
    ...fact('SQ', queue(ring.sqHead, ring.sqTail, ring.sqEntries)),
    ...fact('CQ', queue(ring.cqHead, ring.cqTail, ring.cqEntries)),
    ...fact('set up with', ring.setup.join(' ')),
    ...fact('descriptor', ring.fd ?? 'closed'),
    ...fact('the same ring', ring.duplicates?.length ? `fd ${ring.duplicates.join(', ')}` : undefined),
    ...(poller ? [taskItem(poller, sample, 'SQPOLL thread')] : fact('SQPOLL thread', sqpollTid)),
    ...fact('SQPOLL processor', ring.sqpollCpu),
    ...slots('registered files', fileTable(ring), (slot) => fileSlotItem(slot, sample)),
    ...slots('registered buffers', bufferTable(ring), (slot) => bufferSlotItem(slot)),
    ...list('buffer groups', ring.bufferGroups ?? [], (group) => ({
      name: `group ${group.id}`,
      value: groupLine(group),
      type: 'buffer group',
      below: {
        named: () => [
          ...fact('kind', group.kind),
          ...fact('entries', group.entries),
          ...fact('head', group.head),
          ...fact('tail', group.tail),
          ...fact('left', group.left),
        ],
      },
    })),
    ...list('io-wq', busyPools(sample), (pool, index) => ({
      name: `[${index}]`,
      value: `of thread ${pool.tid}: ${poolText(pool)}`,
    })),
  ];
}

/** A table of what is registered, its slots in use below it. */
function slots<Slot>(
  name: string,
  table: SlotTable<Slot> | undefined,
  item: (slot: Slot) => Item,
): readonly Item[] {
  if (!table) return [];
  const value = `${counted(table.count, 'slot')}, ${table.text}`;
  return table.slots?.length ? list(name, table.slots, item, value) : fact(name, value);
}

function queue(head: number | undefined, tail: number | undefined, entries: number | undefined): string {
  return tail === undefined ? '' : `head ${head}, tail ${tail}, ${grouped(entries ?? 0)} entries`;
}

/** A context of Linux AIO. */
export function aioItem(context: AioContext, sample: Sample, name = `Linux AIO context ${context.id}`): Item {
  return {
    name,
    value: printable(aioFacts(context).join(' · '), 200),
    type: 'context',
    below: { named: () => aioItems(context, sample) },
    ...memoryOf(context.address),
  };
}

export function aioItems(context: AioContext, sample: Sample): readonly Item[] {
  return [
    ...list('requests', context.requests, (one, index) => aioRequestItem(one, sample, `[${index}]`)),
    ...fact('pending', context.pending),
    ...fact('not collected', context.unreaped),
    ...fact('room for', context.capacity),
    ...fact('asked for', context.asked),
    ...fact('address', context.address, memoryOf(context.address)),
    ...fact('known from', context.sources.join(', ')),
  ];
}
