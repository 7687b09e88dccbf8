import type { AioContext, Evidence, Finding, Sample } from '../../model/sample';
import { type AioCall, aioCallOf, aioCallWords, aioCounts, aioNames, aioWaiters } from '../aio';
import {
  AIO_SEVERITY,
  type AioPlace,
  isPoll,
  keyOf,
  partsOf,
  pendingWords,
  placeOf,
  placeRemedy,
  placeWords,
} from '../aioPlaces';
import { cgroupSentence } from '../cgroups';
import { culpritOf, diskSentence } from '../disks';
import { remoteMountSentence } from '../remoteMounts';
import { type Rule, type Scene, standsStill } from '../rule';
import { indexOf } from '../sampleIndex';
import { counted, joined, processName, resourceName, sentence } from '../words';

/**
 * "No io_uring here: 32 reads of /mnt/db (Linux AIO context 1) are pending on the disk loop0, which has 32 requests in flight and has
 * finished none in the last 1 s; thread fio (7) waits in io_getevents." The older interface, met where people look for io_uring.
 */
export const linuxAio: Rule = {
  tag: 'linux-aio',
  check(scene) {
    const groups = groupsOf(scene);
    const findings: Finding[] = [];
    for (const group of groups) {
      const still = standStill(scene, group);
      if (still === undefined) return 'look again';
      if (still) findings.push(finding(scene, group));
    }
    return findings;
  },
};

/** Where requests of Linux AIO are, and who waits for them. */
interface Group {
  readonly place: AioPlace;
  /** With pending requests there; empty where the kernel's counts may not be read. */
  readonly contexts: readonly AioContext[];
  readonly waiters: readonly AioCall[];
}

/** By disk or server; a context whose requests are all polls is at rest. */
function groupsOf(scene: Scene): Group[] {
  const { sample } = scene;
  const contexts = (sample.aio ?? []).filter((context) => mayBeInside(context));
  const calls = aioWaiters(scene.blocked).map(
    ({ task }): AioCall =>
      aioCallOf(sample, { task }) ?? {
        task,
        name: 'io_getevents',
        context: undefined,
        least: 1,
        timed: false,
      },
  );
  const groups = new Map<string, Group>();
  const add = (
    place: AioPlace | undefined,
    context: AioContext | undefined,
    waiters: readonly AioCall[],
  ): void => {
    if (!place) return;
    const key = keyOf(place);
    const group = groups.get(key) ?? { place, contexts: [], waiters: [] };
    groups.set(key, {
      place,
      contexts: context ? [...group.contexts, context] : group.contexts,
      waiters: [...group.waiters, ...waiters],
    });
  };
  for (const context of contexts) {
    const waiters = calls.filter((call) => call.context?.id === context.id);
    // Where the kernel's count is not known, only a thread that waits says that something is pending.
    if (context.pending === undefined && waiters.length === 0) continue;
    for (const part of partsOf(sample, context)) add(placeOf(sample, part), part, waiters);
  }
  const others = calls.filter(({ context }) => context === undefined);
  if (others.length > 0) add(placeOf(sample, undefined), undefined, others);
  return [...groups.values()];
}

/** Some of its requests are no polls, as far as is known. */
function mayBeInside({ pending, requests }: AioContext): boolean {
  const polls = requests.filter(isPoll).length;
  return pending === undefined || pending > polls;
}

/** Undefined = look again. Nothing has completed between two looks, and who waits has not run. */
function standStill(scene: Scene, { place, contexts, waiters }: Group): boolean | undefined {
  const { sample, other } = scene;
  const waits = waiters.map(({ task }) => standsStill(scene, task));
  if (waits.includes(undefined)) return undefined;
  if (waits.includes(false)) return false;
  if (place.kind === 'disk' && place.disk.suspended) return true;
  if (!other) return scene.last ? false : undefined;
  const moved = contexts.some((context) => {
    const [now, before] = [sample, other].map(({ aio }) =>
      aio?.find(({ address }) => address === context.address),
    );
    return before?.tail !== now?.tail || before?.pending !== now?.pending;
  });
  if (moved) return false;
  if (place.kind !== 'disk') return true;
  const earlier = other.devices?.find((device) => device.name === place.disk.name);
  return earlier !== undefined && earlier.completed === place.disk.completed;
}

function finding(scene: Scene, group: Group): Finding {
  const { sample } = scene;
  const { place, contexts, waiters } = group;
  const culprit = place.kind === 'disk' ? culpritOf(sample, place.disk) : undefined;
  const behind = culprit ? `; behind it stands ${culprit.text}` : '';
  const none = sample.rings.length === 0 ? 'no io_uring here: ' : '';
  const where = placeWords(place, scene.between);
  const pending = pendingIn(contexts);
  const who = waiters.map(({ task }) => processName({ pid: task.tid, name: task.name }));
  const thread =
    who.length === 1
      ? `thread ${who[0]} waits`
      : `threads ${joined(who.slice(0, 3))}${more(who.length - 3)} wait`;
  const summary =
    pending === undefined
      ? `${none}${thread} in io_getevents (Linux AIO) for ${where}${behind}.`
      : `${none}${pending.words}${filesWords(sample, contexts)} (${aioNames(contexts)}) ${pending.count === 1 ? 'is' : 'are'} ${pendingWords(place, scene.between)}${behind}${who.length > 0 ? `; ${thread} in io_getevents` : ''}.`;
  const asked = waiters.map((call) => `Thread ${call.task.tid} ${aioCallWords(call)}.`);
  return {
    tag: 'linux-aio',
    severity: AIO_SEVERITY[place.kind],
    summary: sentence(summary),
    explanation: [
      'Linux AIO (io_submit, io_getevents) is the interface before io_uring.',
      ...contextSentences((sample.aio ?? []).filter(({ id }) => contexts.some((part) => part.id === id))),
      ...asked.slice(0, 3),
      place.kind === 'disk' ? diskSentence(place.disk, sample, scene.between) : '',
      place.kind === 'remote' ? remoteMountSentence(place.mount) : '',
      place.kind === 'disk' ? cgroupSentence(sample, 'device') : '',
      pending === undefined ? 'How many requests are pending, and which, the kernel tells root alone.' : '',
      'Nothing can cancel a read or write of Linux AIO; the process does not end before it is done, even when killed.',
    ]
      .filter(Boolean)
      .join(' '),
    remedy: culprit?.remedy ?? placeRemedy(place),
    evidence: evidenceOf(group),
    ...(pending && AIO_SEVERITY[place.kind] === 'critical' ? { stuck: pending.count } : {}),
  };
}

function more(left: number): string {
  return left > 0 ? ` and ${left} more` : '';
}

/** Of the contexts whose count is known: what is pending that is no poll. */
function pendingIn(
  contexts: readonly AioContext[],
): { readonly count: number; readonly words: string } | undefined {
  if (contexts.length === 0 || contexts.some(({ pending }) => pending === undefined)) return undefined;
  const requests = contexts.flatMap((context) => context.requests);
  const others = requests.filter((request) => !isPoll(request));
  const all = contexts.reduce((sum, { pending = 0 }) => sum + pending, 0);
  const count = all - (requests.length - others.length);
  return { count, words: aioCounts(count, others) };
}

/** " of /mnt/data/db" where all that are known are of one file. */
function filesWords(sample: Sample, contexts: readonly AioContext[]): string {
  const { resources } = indexOf(sample);
  const requests = contexts.flatMap((context) => context.requests.filter((request) => !isPoll(request)));
  const fds = new Set(requests.map((request) => request.fd));
  if (requests.length !== pendingIn(contexts)?.count) return '';
  const [fd] = fds;
  const file = fds.size === 1 && fd !== undefined ? resources.get(fd) : undefined;
  return file ? ` of ${resourceName(file)}` : '';
}

/** "Context 1 has 6 reads pending, 3 completions not collected." */
function contextSentences(contexts: readonly AioContext[]): string[] {
  return contexts.slice(0, 3).map(({ id, pending, unreaped = 0, requests }) => {
    const facts = [
      pending === undefined ? '' : `${aioCounts(pending, requests)} pending`,
      unreaped > 0 ? `${counted(unreaped, 'completion')} not collected` : '',
    ].filter(Boolean);
    return facts.length === 0 ? '' : `Context ${id} has ${joined(facts)}.`;
  });
}

function evidenceOf({ place, contexts, waiters }: Group): Evidence[] {
  return [
    ...contexts.map(({ id }) => ({ aio: id })),
    ...waiters.map(({ task }) => ({ task: task.tid })),
    ...(place.kind === 'fuse' ? [{ fd: place.file.fd }] : []),
    ...('disk' in place ? [{ device: place.disk.name }] : []),
  ];
}
