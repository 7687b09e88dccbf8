import { printable } from '../model/printable';
import type { NamedFile, Resource, Sample, Task } from '../model/sample';
import { fitsWait } from './candidates';
import type { Cause } from './functions/entry';
import { counted, processName } from './words';

/** A file that is named by a path and not open: its descriptor is below zero. */
export interface Named extends Resource {
  /** Of what names two files, the second one. */
  readonly newPath?: string;
  readonly later?: boolean;
}

export interface FilesNamed {
  readonly files: readonly Named[];
  /** Tasks that name nothing by a path. */
  readonly others: readonly Task[];
}

/** What the tasks of one wait name by paths, each once; a mount that the stack contradicts, as behind a link, is left out. */
export function filesNamed(sample: Sample, tasks: readonly Task[], cause: Cause): FilesNamed {
  const files = new Map<string, Named>();
  const others: Task[] = [];
  for (const task of tasks) {
    const found = sample.namedFiles?.filter((one) => one.task === task.tid) ?? [];
    if (found.length === 0) others.push(task);
    for (const one of found) {
      const file = asResource(one);
      const {
        mount: _,
        fsType: __,
        source: ___,
        device: ____,
        blockDevice: _____,
        holder,
        waiting,
        ...bare
      } = file;
      const fits = fitsWait(file, [task], cause);
      files.set(JSON.stringify([one.path, one.newPath, one.mount]), fits ? file : bare);
    }
  }
  return { files: [...files.values()], others };
}

function asResource({ task: _, ...file }: NamedFile): Named {
  return { ...file, fd: -1, kind: file.path?.startsWith('/dev/') ? 'device' : 'file' };
}

/** "/mnt/a to /mnt/b · ext4 at /mnt · disk vdb". */
export function namedLine({ path, newPath, mount, fsType, blockDevice, holder, waiting }: NamedFile): string {
  const paths = [path, newPath].flatMap((one) => (one === undefined ? [] : [printable(one, 200)]));
  return [
    paths.join(' to '),
    fsType === undefined ? '' : `${printable(fsType, 40)} at ${printable(mount ?? '?', 200)}`,
    blockDevice === undefined ? '' : `disk ${printable(blockDevice, 40)}`,
    holder ? `served by ${processName(holder)}` : '',
    waiting === undefined ? '' : counted(waiting, 'unanswered request'),
  ]
    .filter(Boolean)
    .join(' · ');
}
