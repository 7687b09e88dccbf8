import type { Resource, Sample, Task } from '../model/sample';
import { lockHolderOf } from './awaitedThings';
import type { Blocked } from './blocking';
import { isTakenByServer } from './cancelling';
import { diskOf, diskSentence } from './disks';
import { lockText } from './locks';
import type { Named } from './namedFiles';
import { layersText } from './overlays';
import { remoteMountOf, remoteMountSentence } from './remoteMounts';
import type { Scene } from './rule';
import { counted, inPlural, joined, processName, resourceName, sentence } from './words';

/** "8 of 8 io-wq workers are blocked in filemap_get_pages, uninterruptible; 92 more requests cannot start before one is free." */
export function whoIsHeld(sample: Sample, blocked: readonly Blocked[], cannotStart?: string): string {
  const workers = sample.tasks.filter(({ kind }) => kind === 'worker').length;
  const held = blocked.filter(({ task }) => task.kind === 'worker').length;
  const threads = blocked.length - held;
  const functions = [...new Set(blocked.map(({ on }) => on.function))].slice(0, 3);
  const who = [
    held > 0 ? `${held} of ${counted(workers, 'io-wq worker')}` : '',
    threads > 0 ? counted(threads, 'thread') : '',
  ].filter(Boolean);
  const verb = blocked.length === 1 ? 'is' : 'are';
  const wake = held > 0 ? wakeOf(blocked) : '';
  const meanwhile = cannotStart === undefined ? '' : `; ${cannotStart}`;
  return `${sentence(joined(who))} ${verb} blocked in ${joined(functions)}${wake}${meanwhile}.`;
}

/** "1 waits for the FUSE server’s answer and 2 wait for another operation on the file, …", where not all do the same. */
export function severalWaits(blocked: readonly Blocked[]): string {
  const counts = new Map<string, number>();
  for (const { on } of blocked) counts.set(on.text, (counts.get(on.text) ?? 0) + 1);
  if (counts.size < 2) return '';
  const parts = [...counts].map(([text, count]) => `${count} ${count === 1 ? text : inPlural(text)}`);
  return `${sentence(joined(parts))}.`;
}

/** The kind of wait, where all have the same; an interruptible one is no news. */
function wakeOf(blocked: readonly Blocked[]): string {
  const wakes = new Set(blocked.map(({ on }) => on.wake));
  const [wake] = wakes;
  if (wakes.size !== 1 || wake === undefined || wake === 'interruptible') return '';
  const until = blocked.some(({ on }) => isTakenByServer(on)) ? ' until the server has read the request' : '';
  return `, ${wake}${until}`;
}

/** What stands behind stuck threads in the program itself. */
export function heldMutexes({ sample, blocked }: Scene, tasks: readonly Task[]): string {
  const tids = new Set(tasks.map(({ tid }) => tid));
  const { length } = blocked.filter(({ task, cause }) => {
    const holder = lockHolderOf(sample, task, cause);
    return holder !== undefined && holder.pid !== task.tid && tids.has(holder.pid);
  });
  if (length === 0) return '';
  const whose = tasks.length === 1 ? 'it holds' : 'one of them holds';
  return `${sentence(counted(length, 'other thread'))} ${length === 1 ? 'waits' : 'wait'} for a mutex that ${whose}.`;
}

/** A path says where it leads only while no link stands in it. */
export function pathSentence(files: readonly Named[]): string {
  const named = files.filter(({ fd, path }) => fd < 0 && path !== undefined);
  if (named.length === 0) return '';
  const one = named.length === 1;
  const found = named.some(({ mount }) => mount !== undefined)
    ? `, and the mount by ${one ? 'it' : 'them'}, no link followed`
    : '';
  return named.some(({ later }) => later)
    ? `The ${one ? 'path is' : 'paths are'} read from where the request pointed to${found}: the program may have used that memory again.`
    : `The ${one ? 'path is' : 'paths are'} told by the call itself${found}.`;
}

export function resourceSentences({ sample, between }: Scene, files: readonly Resource[]): string[] {
  const said = new Set<string>();
  for (const file of files.slice(0, 3)) {
    if (file.fsType?.startsWith('fuse') && file.mount !== undefined) {
      const server = file.holder
        ? `its server is ${processName(file.holder)}`
        : 'its server could not be told';
      const waiting =
        file.waiting === undefined ? '' : ` and has ${counted(file.waiting, 'unanswered request')}`;
      said.add(`${file.mount} is a FUSE file system (${file.fsType}); ${server}${waiting}.`);
    }
    if (file.layers) said.add(`The file is on an overlay of ${layersText(file.layers)}.`);
    if (file.awaitedLocks?.length) {
      said.add(`Of ${resourceName(file)}, ${lockText(file.awaitedLocks)}.`);
      continue;
    }
    const remote = remoteMountOf(sample, file);
    if (remote) said.add(remoteMountSentence(remote));
    const disk = diskOf(sample, file);
    if (disk) said.add(diskSentence(disk, sample, between));
  }
  return [...said];
}
