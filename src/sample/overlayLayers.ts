import type { Layer, Resource } from '../model/sample';
import type { MountinfoRow } from '../procfs/mountinfo';
import { overlayDirectories } from '../procfs/overlayOptions';
import type { MountTable } from './mounts';

/** Layers of all overlays of a process that are looked at. */
const MOST = 32;

/** Descriptors that stand for layers count down from here. */
const FIRST = -100_001;

export interface LayersFound {
  /** The layers’ directories as if the process held them open, so that disks and servers are found in the same way. */
  readonly files: readonly Resource[];
  /** The process’s own resources out of both, those on an overlay with its layers. */
  fold(resources: readonly Resource[]): Resource[];
}

/**
 * What overlays are made of, by the options of their mounts in `rows`. `reader` has the mounts as the inspector sees them: the
 * layers of a container lie outside of what its processes see. `inside`: the inspector is in a container, too, and does not see
 * what its own root is made of.
 */
export async function findLayers(
  own: readonly Resource[],
  rows: readonly MountinfoRow[],
  reader: () => Promise<MountTable>,
  inside: () => Promise<boolean>,
): Promise<LayersFound> {
  const overlays = own.filter(({ fsType }) => fsType === 'overlay');
  if (overlays.length === 0) return { files: [], fold: (resources) => [...resources] };
  const [mounts, isInside] = await Promise.all([reader(), inside()]);
  const root = isInside ? mounts.find(undefined, '/')?.device : undefined;
  const files: Resource[] = [];
  const made = new Map<string, readonly { readonly file: number; readonly upper: boolean }[]>();
  for (const device of new Set(overlays.map((overlay) => overlay.device ?? ''))) {
    const row = rows.find((one) => one.fsType === 'overlay' && one.device === device);
    if (!row || device === root) continue;
    const seen = new Set<string>();
    const layers: { readonly file: number; readonly upper: boolean }[] = [];
    for (const { directory, upper } of overlayDirectories(row.superOptions)) {
      const facts = mounts.find(undefined, directory);
      if (!facts || seen.has(facts.device) || facts.device === device || files.length >= MOST) continue;
      seen.add(facts.device);
      layers.push({ file: files.length, upper });
      files.push({ fd: FIRST - files.length, kind: 'directory', path: directory, ...facts });
    }
    made.set(device, layers);
  }
  const fold = (resources: readonly Resource[]): Resource[] => {
    const byFd = new Map(resources.map((resource) => [resource.fd, resource]));
    return resources
      .filter(({ fd }) => fd > FIRST)
      .map((resource) => {
        const layers = resource.fsType === 'overlay' ? made.get(resource.device ?? '') : undefined;
        const found = layers?.flatMap(({ file, upper }) => layerFrom(byFd.get(FIRST - file), upper)) ?? [];
        return found.length > 0 ? { ...resource, layers: found } : resource;
      });
  };
  return { files, fold };
}

/** What an earlier look found of layers, as files again. */
export function layerFiles(known: readonly Resource[]): Resource[] {
  const layers = new Map<string, Layer>();
  for (const resource of known) {
    for (const layer of resource.layers ?? []) layers.set(layer.directory, layer);
  }
  return [...layers.values()].map(({ directory, upper: _, ...facts }, index) => ({
    fd: FIRST - index,
    kind: 'directory',
    path: directory,
    ...facts,
  }));
}

function layerFrom(file: Resource | undefined, upper: boolean): Layer[] {
  if (file?.path === undefined) return [];
  const { fd: _, kind: __, path, ...facts } = file;
  return [{ directory: path, ...(upper ? { upper } : {}), ...facts }];
}
