import { printable } from '../model/printable';
import type { BlockDevice, Resource, Sample } from '../model/sample';
import { plightOf } from './fuseServers';
import { counted, duration, joined, processName } from './words';

/** The disk behind a file, with its counters. */
export function diskOf(sample: Sample, resource: Resource | undefined): BlockDevice | undefined {
  const name = resource?.blockDevice;
  return name === undefined ? undefined : diskNamed(sample.devices ?? [], name);
}

/** By its own name or that of one of its partitions. */
export function diskNamed(devices: readonly BlockDevice[], name: string): BlockDevice | undefined {
  return (
    devices.find((device) => device.name === name) ??
    devices.find(({ partitions }) => Array.isArray(partitions) && partitions.includes(name)) ??
    devices.find((device) => isPartitionOf(name, device.name))
  );
}

/** `sda2` of sda, `nvme0n1p2` of nvme0n1: for Samples that do not list the partitions. */
function isPartitionOf(name: string, disk: string): boolean {
  if (disk === '' || !name.startsWith(disk)) return false;
  return (/\d$/.test(disk) ? /^p\d+$/ : /^\d+$/).test(name.slice(disk.length));
}

export function inFlightOf(device: BlockDevice): number {
  return (device.inFlightReads ?? 0) + (device.inFlightWrites ?? 0);
}

/** The devices that one is made of or whose file system holds its file: one level down. */
export function below(devices: readonly BlockDevice[], { members, backing }: BlockDevice): BlockDevice[] {
  const names = [...(Array.isArray(members) ? members : []), backing?.blockDevice];
  return names.flatMap((name) => (typeof name === 'string' ? (diskNamed(devices, name) ?? []) : []));
}

/** Levels a chain of devices is told down to. */
const DEEPEST = 16;

/** All that a disk stands on, each once, the nearest first. */
export function standsOn(devices: readonly BlockDevice[], disk: BlockDevice): BlockDevice[] {
  const seen = new Set([disk]);
  let level = [disk];
  for (let depth = 0; level.length > 0 && depth < DEEPEST; depth++) {
    const next = new Set(level.flatMap((device) => below(devices, device)).filter((one) => !seen.has(one)));
    for (const one of next) seen.add(one);
    level = [...next];
  }
  return [...seen].slice(1);
}

/** States of SCSI (sdev_state) and NVMe (controller) in which a device answers. */
const WELL = /^(?:running|live|quiesce)$/;

/** What is wrong with the device by its own word: "suspended", "offline", "degraded: 1 disk missing". */
export function troublesOf({ suspended, state, gone, raid }: BlockDevice): string[] {
  return [
    suspended === true ? 'suspended' : '',
    gone === true ? 'removed from the machine' : '',
    state === undefined || WELL.test(state) ? '' : printable(state, 40),
    raid?.degraded ? `degraded: ${counted(raid.degraded, 'disk')} missing` : '',
    raid?.state !== undefined && /suspend|inactive|broken/.test(raid.state) ? printable(raid.state, 40) : '',
    raid?.action !== undefined && raid.action !== 'idle' ? `in ${printable(raid.action, 40)}` : '',
  ].filter(Boolean);
}

/** "an LVM volume (vg-data)", "a loop device over /x (fuse.sshfs, served by sshfs (812))", "a Samsung SSD 990". */
export function diskKind(disk: BlockDevice): string {
  const { backingFile, mapperName, mapperKind, raid, client, vendor, model } = disk;
  if (backingFile !== undefined) return `a loop device ${over(disk)}`;
  if (mapperName !== undefined) {
    const kind = mapperKind === undefined ? 'device-mapper' : (MAPPERS[mapperKind] ?? 'device-mapper');
    return `${/^[aeiouL]/.test(kind) ? 'an' : 'a'} ${kind} volume (${printable(mapperName, 80)})`;
  }
  if (raid) return `a RAID device (${printable(raid.level ?? 'of unknown level', 40)})`;
  if (client) return `a network block device whose client is ${processName(client)}`;
  const maker = vendor !== undefined && model?.startsWith(vendor) ? undefined : vendor;
  const hardware = [maker, model].filter((word) => word !== undefined).join(' ');
  return hardware === '' ? '' : `model ${printable(hardware, 80)}`;
}

/** With who supplies it, where that is told by its name. */
function diskOrigin(disk: BlockDevice): string {
  return isOfHost(disk) ? 'a virtio disk that this virtual machine’s host supplies' : diskKind(disk);
}

/** virtio's disks are named so (virtio_blk.c); no hardware is behind them that this kernel could know of. */
function isOfHost({ name }: BlockDevice): boolean {
  return /^vd[a-z]{1,4}$/.test(name);
}

/** What to do where nothing is known to be wrong but the disk's silence; undefined where it stands on something else. */
export function hardwareRemedy(disk: BlockDevice): string | undefined {
  const { name, backingFile, members, mapperName, raid, client } = disk;
  if (backingFile ?? mapperName ?? raid ?? client ?? members) return undefined;
  if (isOfHost(disk)) {
    return `Look at the host of this virtual machine: its storage does not answer what is sent to ${name}.`;
  }
  return /^(?:sd|nvme)/.test(name)
    ? `See the kernel log for ${name}: a drive, cable, controller or path that is gone leaves timeouts and resets there. Its state and what it has in flight: /sys/block/${name}/device/state and inflight.`
    : undefined;
}

/** Of a suspended device-mapper device. */
export function resumeRemedy({ name, mapperName }: BlockDevice): string {
  return `Resume it: dmsetup resume ${mapperName === undefined ? name : printable(mapperName, 80)}.`;
}

const MAPPERS: Readonly<Record<string, string>> = { LVM: 'LVM', CRYPT: 'encrypted', mpath: 'multipath' };

/** "over /mnt/hang/disk.img (fuse.sshfs, served by sshfs (812), 4 unanswered requests)". */
export function over({ backingFile, backing }: BlockDevice): string {
  if (backingFile === undefined) return '';
  const { fsType, holder, waiting } = backing ?? {};
  const facts = [
    fsType === undefined ? '' : printable(fsType, 40),
    holder ? `served by ${processName(holder)}` : '',
    waiting ? counted(waiting, 'unanswered request') : '',
  ].filter(Boolean);
  return `over ${printable(backingFile, 200)}${facts.length > 0 ? ` (${facts.join(', ')})` : ''}`;
}

/**
 * "The disk loop0, a loop device over /x (ext4), has 8 requests in flight. It stands on vda, which has 1 request in flight
 * and has finished none in the last 2 s."
 */
export function diskSentence(disk: BlockDevice, sample?: Sample, between?: number): string {
  const kind = diskOrigin(disk);
  const named = `The disk ${disk.name}${kind === '' ? '' : `, ${kind},`} ${diskState(disk, between)}.`;
  const lower = tellingBelow(sample, disk);
  if (lower.length === 0) return named;
  const told = lower.map((one) => {
    const what = diskOrigin(one);
    return `${one.name}${what === '' ? '' : `, ${what}`}, which ${diskState(one, between)}`;
  });
  return `${named} It stands on ${told.join('; on ')}.`;
}

/** What stands below and has to do with it: one that has requests or is not well. */
function tellingBelow(sample: Sample | undefined, disk: BlockDevice): BlockDevice[] {
  const lower = standsOn(sample?.devices ?? [], disk);
  return lower.filter((one) => inFlightOf(one) > 0 || troublesOf(one).length > 0).slice(0, 4);
}

/** What must act for the disk to go on, where it is told: the server of a file below it, or a device that is not well. */
export interface DiskCulprit {
  /** "the FUSE server sshfs (812) of /mnt/hang/disk.img, which has 1 unanswered request", "sda, which is offline". */
  readonly text: string;
  readonly remedy: string;
}

export function culpritOf(sample: Sample, disk: BlockDevice): DiskCulprit | undefined {
  for (const one of [...standsOn(sample.devices ?? [], disk).reverse(), disk]) {
    const { backing, backingFile, client } = one;
    const [wrong] = troublesOf(one).filter(
      (trouble) => trouble !== 'suspended' && !trouble.startsWith('in '),
    );
    if (wrong !== undefined && one !== disk) {
      return {
        text: `${one.name}, which is ${wrong}`,
        remedy: `Look at ${one.name} in the kernel log: it is ${wrong}.`,
      };
    }
    if (one.suspended && one !== disk) {
      return { text: `${one.name}, which is suspended`, remedy: resumeRemedy(one) };
    }
    if (backing?.fsType?.startsWith('fuse') && backing.waiting !== 0) {
      const server = `the FUSE server${backing.holder ? ` ${processName(backing.holder)}` : ''}`;
      const plight = plightOf(sample, backing.holder);
      const owes = backing.waiting ? `has ${counted(backing.waiting, 'unanswered request')}` : '';
      const state = joined([plight?.text ?? '', owes].filter(Boolean));
      return {
        text: `${server} of ${printable(backingFile ?? '', 200)}${state === '' ? '' : `, which ${state}`}`,
        remedy:
          plight?.remedy ??
          `Look at ${server} of ${printable(backing.mount ?? '?', 200)}: is it alive, and what does it wait for? The disk ${one.name} is a file of it.`,
      };
    }
    if (client) {
      return {
        text: `the network block device’s client ${processName(client)}`,
        remedy: `Look at ${processName(client)} and at the server it is connected to.`,
      };
    }
  }
  return silentBelow(sample, disk);
}

/** Of all it stands on the one furthest down that answers nothing, where there is but one. */
function silentBelow(sample: Sample, disk: BlockDevice): DiskCulprit | undefined {
  const devices = sample.devices ?? [];
  const silent = standsOn(devices, disk).filter(
    (one) => inFlightOf(one) > 0 && one.finished === 0 && below(devices, one).length === 0,
  );
  const [one, ...others] = silent;
  const remedy = one && hardwareRemedy(one);
  if (!one || remedy === undefined || others.length > 0) return undefined;
  const kind = diskOrigin(one);
  return { text: `${one.name}${kind === '' ? '' : `, ${kind}`}`, remedy };
}

function diskState(disk: BlockDevice, between: number | undefined): string {
  const inFlight = inFlightOf(disk);
  const still = disk.finished === 0 && inFlight > 0;
  const since = between === undefined ? 'since the look before' : `in the last ${duration(between)}`;
  const wrong = troublesOf(disk).filter((trouble) => trouble !== 'suspended');
  return [
    `has ${counted(inFlight, 'request')} in flight`,
    still ? ` and has finished none ${since}` : '',
    disk.suspended ? ' and is suspended (dmsetup resume ends that)' : '',
    wrong.length > 0 ? ` and is ${wrong.join(' and ')}` : '',
  ].join('');
}

/** One line of a report: "disk loop0 over /mnt/hang/disk.img (fuse.sshfs): 8 in flight, none finished since the look before". */
export function diskLine(disk: BlockDevice): string {
  const { backingFile, members, finished } = disk;
  const inFlight = inFlightOf(disk);
  const kind = backingFile === undefined ? diskKind(disk) : over(disk);
  const on = members && members.length > 0 ? ` on ${members.slice(0, 8).join(', ')}` : '';
  const moves =
    finished === undefined || inFlight === 0
      ? ''
      : finished === 0
        ? ', none finished since the look before'
        : `, ${counted(finished, 'request')} finished since the look before`;
  const wrong = troublesOf(disk);
  return [
    `disk ${printable(disk.name, 40)}${kind === '' ? '' : backingFile === undefined ? ` (${kind})` : ` ${kind}`}${on}: `,
    `${inFlight} in flight${moves}`,
    wrong.length > 0 ? `, ${wrong.join(', ')}` : '',
  ].join('');
}
