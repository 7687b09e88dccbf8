import { t } from '../model/l10n';
import type { Host } from '../model/sample';
import { isForked, type KernelVersion } from '../source/kernelVersion';
import { shown } from './words';

type Kernel = Pick<Host, 'kernel' | 'stable'>;

/** Which sources a link shows, against the kernel that runs: a sentence. */
export function linkWords(host: Kernel, { tag, exact }: KernelVersion): string {
  const release = shown(host.kernel, 64);
  const version = tag.slice(1);
  if (exact) return t('On the web it is shown as Linux {0} has it.', version);
  if (host.stable !== undefined)
    return t('On the web it is shown as Linux {0} has it, which {1} was built from.', version, release);
  const much = isForked(host) ? t(' Such kernels differ much from it.') : '';
  return t(
    'On the web it is shown as Linux {0} has it, the nearest stable version: {1} is a vendor’s own.{2}',
    version,
    release,
    much,
  );
}

/** Why nothing of this machine is opened: a sentence. */
export function missingWords(name: string, tree: string | undefined, exact: string | undefined): string {
  const at = exact === undefined ? '' : ` (${shown(exact)})`;
  if (tree === undefined)
    return t('No folder with the kernel’s sources is set to show {0}{1} from.', shown(name, 64), at);
  return t('{0} does not define {1}{2}.', shown(tree), shown(name, 64), at);
}

/** What to say of a tree that is not of the kernel's version; undefined where it is. */
export function otherVersionWords(
  host: Kernel,
  own: KernelVersion | undefined,
  tree: string | undefined,
): string | undefined {
  if (own === undefined || tree === undefined || own.tag === tree) return undefined;
  return t(
    'The kernel’s sources in use are Linux {0}, the host runs {1}: lines and functions may differ.',
    tree.slice(1),
    shown(host.kernel, 64),
  );
}
