import type { Blindness, MissingRight, Request, Ring } from '../model/sample';
import type { PendingSources } from './pendingSources';

export interface RingTrouble {
  readonly pid: number;
  readonly rings: readonly Ring[];
  readonly requests: readonly Request[];
  readonly pending: PendingSources;
}

/** What of rings and requests could not be seen, and why. */
export function ringRows(trouble: RingTrouble): Blindness[] {
  return [
    ...counterRows(trouble.rings),
    ...overflowRows(trouble),
    ...sourceRows(trouble),
    ...unlistedRows(trouble),
  ];
}

function counterRows(rings: readonly Ring[]): Blindness[] {
  const rows: Blindness[] = [];
  const unread = rings.filter((ring) => !ring.readable);
  const closed = unread.filter((ring) => ring.fd === null);
  if (closed.length > 0) {
    rows.push({
      what: `counters of ${plural(closed.length, 'ring')} with a closed descriptor (${names(closed)})`,
      why: 'the program registered the ring and closed its descriptor, so /proc has no fdinfo of it',
    });
  }
  const locked = unread.filter((ring) => ring.fd !== null);
  if (locked.length > 0) {
    rows.push({
      what: `counters of ${plural(locked.length, 'ring')} (${names(locked)})`,
      why: 'a task held the ring’s lock while fdinfo was read',
      remedy: 'look again; if it stays so, the task that submits is stuck with the lock in its hands',
    });
  }
  if (rings.some((ring) => ring.readable && ring.inFlight === undefined)) {
    rows.push({
      what: 'how many requests are in flight',
      why: 'this kernel’s fdinfo has no queue counters (they came with 5.16)',
    });
  }
  return rows;
}

/** A ring's memory has a flag for completions without room; which and how many there are stands in the kernel's list alone. */
function overflowRows({ rings, pending }: RingTrouble): Blindness[] {
  const told = ({ fd, inode, overflowed }: Ring) =>
    overflowed !== undefined ||
    !pending.memory.some(
      (ring) =>
        ring.sqFlags?.includes('CQ_OVERFLOW') &&
        (fd === null ? ring.inode === inode && ring.fds.length === 0 : ring.fds.includes(fd)),
    );
  const untold = rings.filter((ring) => !told(ring));
  if (untold.length === 0) return [];
  return [
    {
      what: `completions without room in the queue of ${plural(untold.length, 'ring')} (${names(untold)})`,
      why: 'fdinfo did not list them (kernels before 5.16 never do); the ring only says that there are some',
      ...(pending.walk ? {} : { remedy: 'on 5.14 and later: run with sudo', ...wayToWalk(pending) }),
    },
  ];
}

/** Why the kernel or the rings' memory said nothing, where that leaves something open. */
function sourceRows({ rings, requests, pending }: RingTrouble): Blindness[] {
  const { walk, memory, blind } = pending;
  const unsure = requests.some(
    ({ certainty, state }) => certainty !== 'certain' && state !== 'completed' && state !== 'prepared',
  );
  const open = unsure || rings.some((ring) => unlisted(ring) > 0);
  const troubles = memory.flatMap(({ trouble }) => trouble ?? []);
  return [
    ...(walk || open ? blind : []),
    ...(walk ? [] : troubles),
    ...movingRows(pending),
    ...hiddenRows(pending),
  ];
}

/** Rings whose memory moved while it was read, where the kernel's own lists do not tell more. */
function movingRows({ walk, memory }: PendingSources): Blindness[] {
  const moving = walk?.consistent
    ? []
    : memory.filter(({ rows, lost, moved }) => rows && moved && lost === undefined);
  if (moving.length === 0) return [];
  const fds = moving.flatMap(({ fds: own }) => own);
  return [
    {
      what: `whether more is in flight in ${plural(moving.length, 'ring')}${fds.length > 0 ? ` (fd ${fds.join(', ')})` : ''}`,
      why: 'it moved while its memory was read: its requests come and go',
    },
  ];
}

/** Rings that live in the program's own memory and have no descriptor any more: nothing says where (NO_MMAP, 6.5). */
function hiddenRows({ walk, memory }: PendingSources): Blindness[] {
  const hidden = (walk?.rings ?? []).filter(
    ({ fds, inode }) => fds.length === 0 && !memory.some((ring) => ring.inode === inode && ring.rows),
  );
  if (hidden.length === 0) return [];
  return [
    {
      what: `what is prepared or not collected in ${plural(hidden.length, 'ring')} without descriptor and mapping`,
      why: 'the ring lives in the program’s own memory, and nothing tells where',
    },
  ];
}

function unlistedRows({ rings, pending }: RingTrouble): Blindness[] {
  const rows: Blindness[] = [];
  const count = rings.reduce((sum, ring) => sum + unlisted(ring), 0);
  const ambiguous = rings.reduce((sum, ring) => sum + (ring.ambiguous ?? 0), 0);
  const remedy = pending.walk
    ? {}
    : { remedy: 'run with sudo: the kernel’s own lists tell', ...wayToWalk(pending) };
  const remembered = pending.memory.some((ring) => ring.rows !== undefined);
  if (count > 0) {
    rows.push({
      what: `${plural(count, 'request')} in flight, one by one`,
      why: pending.walk
        ? 'they stand on none of the kernel’s lists, as what a driver or file system holds, and their SQEs have been overwritten'
        : remembered
          ? 'their SQEs have been overwritten, and /proc only counts them'
          : '/proc only counts requests that are queued, linked, timed or inside a device or file system',
      ...remedy,
    });
  }
  if (ambiguous > 0) {
    rows.push({
      what: `which of ${plural(ambiguous, 'request')} ${ambiguous === 1 ? 'is' : 'are'} still in flight`,
      why: 'their user_data was used again, or they were to leave no completion (CQE_SKIP_SUCCESS)',
      ...remedy,
    });
  }
  return rows;
}

/** The right for the kernel's own lists, where it is what they were refused for. */
function wayToWalk({ blind }: PendingSources): { readonly missing?: MissingRight } {
  const missing = blind.find((row) => row.missing !== undefined)?.missing;
  return missing === undefined ? {} : { missing };
}

function unlisted(ring: Ring): number {
  return Math.max(0, (ring.inFlight ?? 0) - (ring.explained ?? 0) - (ring.ambiguous ?? 0));
}

function names(rings: readonly Ring[]): string {
  return rings.map((ring) => (ring.fd === null ? `ring ${ring.id}` : `fd ${ring.fd}`)).join(', ');
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
