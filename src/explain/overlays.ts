import { printable } from '../model/printable';
import type { Layer, Resource, Sample } from '../model/sample';
import { diskOf, inFlightOf } from './disks';
import { joined } from './words';

/**
 * A file on an overlay with the file system that really holds it, where that can be told: what is written goes to the upper
 * layer; what is read comes from the only layer there is, or the only one that owes something. Others are as they were.
 */
export function behindOverlay(sample: Sample, file: Resource, writes: boolean): Resource {
  const { layers } = file;
  if (layers === undefined) return file;
  const upper = writes ? layers.find((layer) => layer.upper) : undefined;
  const owing = layers.filter((layer) => owes(sample, layer));
  const still = owing.filter((layer) => !moves(sample, layer));
  const only = [still, owing, layers].find(({ length }) => length === 1)?.[0];
  const layer = upper ?? only;
  if (!layer) return file;
  const { directory: _, upper: __, ...facts } = layer;
  return { ...file, ...facts };
}

function owes(sample: Sample, layer: Layer): boolean {
  if (layer.fsType?.startsWith('fuse')) return layer.waiting !== 0;
  const disk = diskOf(sample, { fd: -1, kind: 'directory', ...layer });
  return disk !== undefined && (disk.suspended === true || inFlightOf(disk) > 0);
}

/** Its disk has finished something since the look before: others use it, too. */
function moves(sample: Sample, layer: Layer): boolean {
  return (diskOf(sample, { fd: -1, kind: 'directory', ...layer })?.finished ?? 0) > 0;
}

/** "/mnt/up (ext4, written to) and /mnt/low (fuse.sshfs)". */
export function layersText(layers: readonly Layer[]): string {
  return joined(
    layers.slice(0, 4).map(({ directory, fsType = '?', upper }) => {
      return `${printable(directory, 200)} (${printable(fsType, 40)}${upper ? ', written to' : ''})`;
    }),
  );
}
