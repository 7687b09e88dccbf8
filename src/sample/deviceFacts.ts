import type { BlockDevice, RaidState } from '../model/sample';
import { parseBlockStat } from '../procfs/blockStat';
import { parseComm } from '../procfs/comm';
import { parseInflight } from '../procfs/inflight';
import { decimal } from '../procfs/numbers';
import type { Target } from '../target/target';
import { hasInnerReader } from './container';
import { textOf } from './text';

/** A device as /sys/block tells it, and the names of those it is made of, which may be partitions. */
export interface DeviceFound {
  readonly device: BlockDevice;
  readonly slaves: readonly string[];
}

const FILES = [
  'stat',
  'inflight',
  'dev',
  'loop/backing_file',
  'dm/name',
  'dm/uuid',
  'dm/suspended',
  'md/level',
  'md/array_state',
  'md/degraded',
  'md/sync_action',
  'device/state',
  'device/vendor',
  'device/model',
  'pid',
  'ro',
  'queue/rotational',
  'queue/scheduler',
  'size',
] as const;

/** Members a device is followed to; a RAID has few. */
const MOST_SLAVES = 64;
/** /sys/block/NAME/size counts these, whatever the device's own sectors are. Bytes. */
const SECTOR = 512;

/** Undefined where the machine has no such device any more. */
export async function readDevice(target: Target, name: string): Promise<DeviceFound | undefined> {
  const base = `/sys/block/${name}`;
  const composed = /^(?:dm-|md)/.test(name);
  const [results, lists] = await Promise.all([
    target.read(FILES.map((file) => `${base}/${file}`)),
    composed ? target.list([`${base}/slaves`]) : [],
  ]);
  const texts = new Map(FILES.map((file, index) => [file, textOf(results[index])?.replace(/\n$/, '')]));
  const word = (file: (typeof FILES)[number]) => texts.get(file)?.trim() || undefined;
  const [statText, inflightText] = [texts.get('stat'), texts.get('inflight')];
  if (statText === undefined && inflightText === undefined) return undefined;
  const [list] = lists;
  const slaves = list?.ok ? list.entries.map((entry) => entry.name).slice(0, MOST_SLAVES) : [];
  const sectors = decimal(word('size'));
  const vendor = word('device/vendor');
  const client = await processOf(target, name, word('pid'));
  return {
    slaves,
    device: {
      name,
      ...kept({
        device: word('dev'),
        backingFile: texts.get('loop/backing_file'),
        mapperName: word('dm/name'),
        mapperKind: /^[A-Za-z]{1,16}(?=-)/.exec(word('dm/uuid') ?? '')?.[0],
        raid: raidOf(word),
        client,
        // virtio's is a number of PCI, not a name.
        vendor: vendor?.startsWith('0x') ? undefined : vendor,
        model: word('device/model'),
        state: word('device/state'),
        readOnly: word('ro') === '1' ? true : undefined,
        rotational: flag(word('queue/rotational')),
        scheduler: /\[([\w-]{1,32})\]/.exec(word('queue/scheduler') ?? '')?.[1],
        size: sectors === undefined ? undefined : sectors * SECTOR,
        suspended: flag(word('dm/suspended')),
      }),
      ...counters(statText, inflightText),
    },
  };
}

function raidOf(word: (file: (typeof FILES)[number]) => string | undefined): RaidState | undefined {
  const level = word('md/level');
  const state = word('md/array_state');
  if (level === undefined && state === undefined) return undefined;
  const degraded = decimal(word('md/degraded'));
  return kept({ level, state, degraded, action: word('md/sync_action') });
}

/** nbd's `pid`: who connected it; the number is gone when nobody does, and the kernel's own, which an inner reader cannot place. */
async function processOf(target: Target, name: string, text: string | undefined) {
  const pid = name.startsWith('nbd') ? decimal(text) : undefined;
  if (pid === undefined || pid <= 0) return undefined;
  if (await hasInnerReader(target)) return undefined;
  const [comm] = await target.read([`/proc/${pid}/comm`]);
  return { pid, name: parseComm(textOf(comm) ?? '') ?? '?' };
}

/**
 * The devices of a moment ago with their counters and states of now, and what they have finished since; one that was removed
 * keeps the old ones.
 */
export async function countAgain(target: Target, devices: readonly BlockDevice[]): Promise<BlockDevice[]> {
  const files = ['stat', 'inflight', 'dm/suspended', 'device/state'];
  const texts = await target.read(
    devices.flatMap(({ name }) => files.map((file) => `/sys/block/${name}/${file}`)),
  );
  return devices.map((device, index) => {
    const [stat, inflight, suspended, state] = texts
      .slice(index * files.length, (index + 1) * files.length)
      .map(textOf);
    const { finished: _, ...before } = device;
    if (stat === undefined && inflight === undefined) return { ...before, gone: true };
    const now = { suspended: flag(suspended?.trim()), state: state?.trim() || undefined };
    return finishedSince(device, { ...before, ...counters(stat, inflight), ...kept(now) });
  });
}

/** With what it has finished since an earlier look, where both tell it. */
export function finishedSince(before: BlockDevice | undefined, device: BlockDevice): BlockDevice {
  if (before?.completed === undefined || device.completed === undefined) return device;
  const finished = device.completed - before.completed;
  return finished < 0 ? device : { ...device, finished };
}

function counters(statText: string | undefined, inflightText: string | undefined): Partial<BlockDevice> {
  const stat = parseBlockStat(statText ?? '');
  const inFlight = parseInflight(inflightText ?? '');
  return {
    ...(inFlight ? { inFlightReads: inFlight.reads, inFlightWrites: inFlight.writes } : {}),
    ...(stat
      ? { completed: stat.readsCompleted + stat.writesCompleted + (stat.discards ?? 0) + (stat.flushes ?? 0) }
      : {}),
  };
}

function flag(text: string | undefined): boolean | undefined {
  return text === '1' ? true : text === '0' ? false : undefined;
}

type Known<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** The fields that are known. */
function kept<T extends object>(fields: T): Known<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Known<T>;
}
