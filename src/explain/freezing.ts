import { printable } from '../model/printable';
import type { FrozenFileSystem, Resource, Sample } from '../model/sample';
import { shared } from './candidates';
import { processNames } from './words';

/** In brackets, behind "is frozen". */
const HOW: Readonly<Record<NonNullable<FrozenFileSystem['by']>, string>> = {
  program: 'by a program, with FIFREEZE: fsfreeze, a backup',
  disk: 'through its disk: a snapshot, or a suspended device',
  kernel: 'by the kernel itself: the machine is being suspended',
};

/** The one that a group waits for; undefined where it may be one of several. */
function frozenOf({ frozen = [] }: Sample, files: readonly Resource[]): FrozenFileSystem | undefined {
  const mount = shared(files, (file) => file.mount);
  const fitting = mount === undefined ? frozen : frozen.filter((one) => one.mount === mount);
  return fitting.length === 1 ? fitting[0] : undefined;
}

/** The words of the kernel function, with the mount and on whose account it is frozen, as far as they are known. */
export function frozenText(sample: Sample, text: string, files: readonly Resource[]): string {
  const frozen = frozenOf(sample, files);
  const mount = frozen?.mount ?? shared(files, (file) => file.mount);
  if (mount === undefined) return text;
  const named = `the file system at ${printable(mount, 200)} is frozen`;
  return frozen?.by
    ? `waits because ${named} (${HOW[frozen.by]})`
    : text.replace('the file system is frozen', named);
}

/** Who it may have been; empty where nothing tells. */
export function frozenSentence(sample: Sample, files: readonly Resource[]): string {
  const frozen = frozenOf(sample, files);
  if (!frozen || frozen.by === 'kernel') return '';
  const { suspects, by } = frozen;
  if (suspects.length > 0)
    return `The kernel keeps no name of who froze it; ${processNames(suspects)} may have: ${suspects.length === 1 ? 'it freezes file systems by trade, or has' : 'they freeze file systems by trade, or have'} its root directory open.`;
  return by
    ? 'The kernel keeps no name of who froze it, and no program that is known to do so runs now.'
    : '';
}

export function frozenRemedy(sample: Sample, files: readonly Resource[]): string | undefined {
  const frozen = frozenOf(sample, files);
  if (!frozen) return undefined;
  const thaw = `fsfreeze -u ${shellWord(printable(frozen.mount, 200))}`;
  switch (frozen.by) {
    case 'kernel':
      return 'It is thawed when the machine wakes up.';
    case 'disk':
      return `End the snapshot, or resume the device (dmsetup resume of ${printable(frozen.source ?? frozen.device, 100)}).`;
    case 'program':
      return `Whoever froze it must thaw it; by hand: ${thaw}.`;
    default:
      return `Whoever froze it must thaw it: ${thaw}, or end the snapshot.`;
  }
}

/** As a shell takes it for one word. */
function shellWord(text: string): string {
  return /^[\w./:@%+,=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
