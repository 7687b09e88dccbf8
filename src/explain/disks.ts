import type { BlockDevice, Resource, Sample } from '../model/sample';
import { counted } from './words';

/** The disk behind a file, with its counters. */
export function diskOf(sample: Sample, resource: Resource | undefined): BlockDevice | undefined {
  const name = resource?.blockDevice;
  if (name === undefined) return undefined;
  const devices = sample.devices ?? [];
  return (
    devices.find((device) => device.name === name) ?? devices.find((device) => name.startsWith(device.name))
  );
}

export function inFlightOf(device: BlockDevice): number {
  return (device.inFlightReads ?? 0) + (device.inFlightWrites ?? 0);
}

/** "The disk loop0, a loop device over /x, has 8 requests in flight." */
export function diskSentence(disk: BlockDevice): string {
  const backing = disk.backingFile === undefined ? '' : `, a loop device over ${disk.backingFile},`;
  const suspended = disk.suspended ? ' and is suspended (dmsetup resume ends that)' : '';
  return `The disk ${disk.name}${backing} has ${counted(inFlightOf(disk), 'request')} in flight${suspended}.`;
}
