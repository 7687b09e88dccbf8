import type { Host } from '../model/sample';
import { isForked, type KernelVersion } from '../source/kernelVersion';
import { shown } from './words';

type Kernel = Pick<Host, 'kernel' | 'stable'>;

/** Which sources a link shows, against the kernel that runs: a sentence. */
export function linkWords(host: Kernel, { tag, exact }: KernelVersion): string {
  const release = shown(host.kernel, 64);
  const version = tag.slice(1);
  if (exact) return `On the web it is shown as Linux ${version} has it.`;
  if (host.stable !== undefined)
    return `On the web it is shown as Linux ${version} has it, which ${release} was built from.`;
  const much = isForked(host) ? ' Such kernels differ much from it.' : '';
  return `On the web it is shown as Linux ${version} has it, the nearest stable version: ${release} is a vendor’s own.${much}`;
}

/** Why nothing of this machine is opened: a sentence. */
export function missingWords(name: string, tree: string | undefined, exact: string | undefined): string {
  const at = exact === undefined ? '' : ` (${shown(exact)})`;
  if (tree === undefined)
    return `No folder with the kernel’s sources is set to show ${shown(name, 64)}${at} from.`;
  return `${shown(tree)} does not define ${shown(name, 64)}${at}.`;
}

/** What to say of a tree that is not of the kernel's version; undefined where it is. */
export function otherVersionWords(
  host: Kernel,
  own: KernelVersion | undefined,
  tree: string | undefined,
): string | undefined {
  if (own === undefined || tree === undefined || own.tag === tree) return undefined;
  return `The kernel’s sources in use are Linux ${tree.slice(1)}, the host runs ${shown(host.kernel, 64)}: lines and functions may differ.`;
}
