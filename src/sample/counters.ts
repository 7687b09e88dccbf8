import type { Host, Process, Ring, Sample } from '../model/sample';
import type { MemoryResult } from '../probe/protocol';
import { type MapsRow, ringMappings } from '../procfs/maps';
import { parsePressure } from '../procfs/pressure';
import { parseStat } from '../procfs/stat';
import { HEADER_BYTES, type RingHeader, readHeader, sqRingFlag } from '../ring/header';
import type { Target } from '../target/target';
import { clockFiles, clocksFrom } from './clock';
import { countAgain } from './deviceFacts';
import { IO_PRESSURE } from './host';
import { lookRemembered, type Memory } from './relook';
import { placesOf, rangeOf } from './ringPlaces';
import { textOf } from './text';

/** What tells how a process goes without a look at it. A Sample has it, too, so that rates can be told between the two. */
export interface Counters extends Pick<Sample, 'takenAt' | 'countedAt' | 'rings' | 'devices'> {
  readonly host: Pick<Host, 'uptime' | 'awake' | 'ioPressure'>;
  readonly process: Pick<Process, 'pid' | 'startTime'>;
}

/** Rings whose headers are read between two looks; a process of more is looked at, and no more than that. */
const MOST_RINGS = 256;

/** The rings' mappings of a look; those of the program may be thousands. */
const mapped = new WeakMap<Memory, readonly MapsRow[]>();

/**
 * The counters of now, of what the last whole look found: the headers of its rings, its devices, the host's pressure, in one round
 * trip. A ring that is not what it was, or has no mapping of its own (before 5.17), is left out. Undefined where that look is not
 * remembered, or the process is not what it was: it has ended, or is another program (exec).
 */
export async function readCounters(target: Target, last: Sample): Promise<Counters | undefined> {
  const memory = lookRemembered(last);
  if (!memory || target.frozen || last.rings.length > MOST_RINGS) return undefined;
  const { pid, startTime, name } = last.process;
  const mappings = mapped.get(memory) ?? ringMappings(memory.maps);
  mapped.set(memory, mappings);
  const found = last.rings.flatMap((ring) => {
    const { fd, inode } = ring;
    if (fd === null || inode === undefined || ring.setup.includes('SQ_REWIND')) return [];
    const [place] = placesOf(
      [{ fd, inode }],
      mappings.filter((row) => row.inode === inode),
      true,
    );
    return place?.ring ? [{ ring, range: rangeOf(place.ring, HEADER_BYTES) }] : [];
  });
  const takenAt = new Date().toISOString();
  const [files, headers, inodes, devices] = await Promise.all([
    target.read([`/proc/${pid}/stat`, IO_PRESSURE, ...clockFiles(target)]),
    found.length === 0
      ? []
      : target.memory(
          pid,
          found.map(({ range }) => range),
        ),
    target.inodes(found.map(({ ring }) => `/proc/${pid}/fd/${ring.fd}`)),
    countAgain(target, last.devices ?? []),
  ]);
  const [stat, pressure] = files.map((file) => textOf(file) ?? '');
  const now = parseStat(stat ?? '');
  if (!now || now.startTime !== startTime || now.comm !== name || /^[ZX]$/.test(now.state)) return undefined;
  const { uptime, awake } = clocksFrom(files.slice(2));
  const ioPressure = parsePressure(pressure ?? '');
  return {
    takenAt,
    host: {
      ...(uptime === undefined ? {} : { uptime }),
      ...(awake === undefined ? {} : { awake }),
      ...(ioPressure === undefined ? {} : { ioPressure }),
    },
    process: last.process,
    rings: found.flatMap(({ ring }, index) => {
      const header = headerOf(headers[index]);
      return header && inodes[index] === ring.inode && isOf(header, ring) ? [ringNow(ring, header)] : [];
    }),
    devices,
  };
}

function headerOf(read: MemoryResult | undefined): RingHeader | undefined {
  return read?.ok ? readHeader(read.data) : undefined;
}

/** What has been unmapped may be other memory by now. */
function isOf(header: RingHeader, { sqEntries, cqEntries }: Ring): boolean {
  return header.sqEntries === sqEntries && header.cqEntries === cqEntries;
}

/** The ring with the counters of now; how many are in flight only where they can tell. */
function ringNow(ring: Ring, header: RingHeader): Ring {
  const { live, inFlight: then, explained: _, ...known } = ring;
  const { sqHead, sqTail, cqHead, cqTail, sqFlags } = header;
  // Of a batch that is being submitted the header tells nothing yet; the look may have known better.
  const taken = (sqHead - (ring.sqHead ?? sqHead)) | 0;
  const posted = (cqTail - (ring.cqTail ?? cqTail)) | 0;
  const before = live ?? then;
  const moved = taken > 0 || posted !== 0;
  const unsure = moved && (ring.skew !== undefined || (sqFlags & sqRingFlag.cqOverflow) !== 0);
  const inFlight = (before ?? Number.NaN) + Math.max(0, taken) - posted;
  return {
    ...known,
    sqHead: taken < 0 ? (ring.sqHead ?? sqHead) : sqHead,
    sqTail,
    cqHead,
    cqTail,
    ...(unsure || !(inFlight >= 0) ? {} : { inFlight }),
  };
}
