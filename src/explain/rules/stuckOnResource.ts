import type { Evidence, Finding, Resource, Sample, Severity } from '../../model/sample';
import { behind } from '../behind';
import type { Blocked } from '../blocking';
import { cancelling, endingOf, isTakenByServer, withheld } from '../cancelling';
import { candidateFiles, shared } from '../candidates';
import { cgroupSentence } from '../cgroups';
import { culpritOf, diskOf, diskSentence, hardwareRemedy, resumeRemedy } from '../disks';
import { DISK_ADVICE, FUSE_ADVICE, HOST_ADVICE, NFS_ADVICE } from '../functions/advice';
import type { Cause } from '../functions/entry';
import { carriedFiles } from '../listedRequests';
import { lockHolders, lockText } from '../locks';
import { remoteMountOf, remoteMountSentence } from '../remoteMounts';
import { type Rule, type Scene, standsStill } from '../rule';
import { aboutFiles, areOfHost, waitText } from '../wording';
import {
  counted,
  duration,
  grouped,
  inPlural,
  joined,
  operationCounts,
  operationNoun,
  processName,
  resourceName,
  sentence,
} from '../words';

/** Causes that do not go away by themselves, with how grave they are. */
const SEVERITY: Partial<Record<Cause, Severity>> = {
  fuse: 'critical',
  'network file system': 'critical',
  page: 'critical',
  device: 'critical',
  writeback: 'critical',
  frozen: 'critical',
  'user fault': 'critical',
  fanotify: 'critical',
  memory: 'critical',
  throttled: 'warning',
  stopped: 'warning',
  lock: 'info',
  peer: 'info',
};

const ORDER = Object.keys(SEVERITY);

/** Whether this rule counts the requests of such a wait as stuck. */
export function countsAsStuck(cause: Cause): boolean {
  return SEVERITY[cause] === 'critical';
}

/** Waits that are no failing resource have names of their own. */
const TAGS: Partial<Record<Cause, string>> = {
  throttled: 'throttled',
  stopped: 'stopped',
  lock: 'waits-for-lock',
  peer: 'waits-for-peer',
};

/**
 * "8 reads of /mnt/data/db wait for the FUSE server’s answer, 31 s; 92 more requests wait behind them." One
 * finding for each cause that holds tasks.
 */
export const stuckOnResource: Rule = {
  tag: 'stuck-on-resource',
  check(scene) {
    const groups = new Map<Cause, Blocked[]>();
    let again = false;
    for (const blocked of scene.blocked) {
      if (SEVERITY[blocked.cause] === undefined) continue;
      const still = standsStill(scene, blocked.task);
      if (still === undefined) again = true;
      if (still) groups.set(blocked.cause, [...(groups.get(blocked.cause) ?? []), blocked]);
    }
    if (again) return 'look again';
    const causes = [...groups].sort((a, b) => ORDER.indexOf(a[0]) - ORDER.indexOf(b[0]));
    const grave = new Set(
      causes.flatMap(([cause, blocked]) => (countsAsStuck(cause) ? tidsOf(blocked) : [])),
    );
    return causes.map(([cause, blocked], index) => finding(scene, cause, blocked, index === 0, grave));
  },
};

function tidsOf(blocked: readonly Blocked[]): number[] {
  return blocked.map(({ task }) => task.tid);
}

function finding(
  scene: Scene,
  cause: Cause,
  blocked: readonly Blocked[],
  main: boolean,
  grave: ReadonlySet<number>,
): Finding {
  const { sample } = scene;
  const tasks = blocked.map(({ task }) => task);
  const carriers = blocked.filter(({ task }) => task.operation !== undefined);
  const submitter = blocked.find(({ task }) => task.kind === 'thread' && task.operation !== undefined);
  const fd = blocked.length === 1 ? blocked[0]?.on.fd : undefined;
  const usable = submitter ? undefined : fd;
  const files = carriedFiles(sample, tasks) ?? candidateFiles(sample, tasks, cause, usable);
  const longest = Math.max(...tasks.map((task) => task.blocked ?? -1));
  const waiting = behind(scene, carriers, main, grave);
  const text = waitText(sample, cause, blocked, files);
  const summary = [
    subject(scene, blocked, carriers, submitter, files, text),
    longest >= 0 ? `, ${duration(longest)} so far` : '',
    waiting.summary,
    '.',
  ].join('');
  const first = blocked[0];
  const stuck = carriers.length + waiting.count;
  return {
    tag: submitter ? 'submitter-stuck' : (TAGS[cause] ?? 'stuck-on-resource'),
    severity: SEVERITY[cause] ?? 'warning',
    summary: sentence(summary),
    explanation: [
      ...whoIsHeld(sample.tasks.filter((t) => t.kind === 'worker').length, blocked),
      submitter
        ? 'While it stands there it holds the ring’s lock: nothing else can be submitted to the ring, and /proc prints nothing of it.'
        : '',
      ...resourceSentences(scene, files),
      cgroupSentence(sample, cause),
      waiting.explanation,
      endingSentence(cause, blocked, files),
      queuedSentence(sample, waiting.requests ?? []),
    ]
      .filter(Boolean)
      .join(' '),
    remedy: forConnection(remedyFor(sample, cause, blocked, files) ?? first?.advice ?? '', files),
    evidence: [
      ...evidenceOf(scene, blocked, files),
      ...(waiting.requests ?? []).map((request) => ({ request })),
    ],
    ...(stuck > 0 ? { stuck } : {}),
  };
}

/** Causes that a disk holds up. */
const ON_DISK: ReadonlySet<Cause> = new Set<Cause>(['page', 'device', 'writeback']);

/** Waits of which /proc/locks tells the holder. */
const FILE_LOCKS: ReadonlySet<string> = new Set(['file lock', 'file lease']);

/** The page cache's advice is vague where the files tell who supplies their pages. */
function remedyFor(
  sample: Sample,
  cause: Cause,
  blocked: readonly Blocked[],
  files: readonly Resource[],
): string | undefined {
  const disk = shared(files, (file) => file.blockDevice) === undefined ? undefined : diskOf(sample, files[0]);
  if (disk && ON_DISK.has(cause)) {
    if (disk.suspended) return resumeRemedy(disk);
    const remedy = culpritOf(sample, disk)?.remedy ?? hardwareRemedy(disk);
    if (remedy !== undefined) return remedy;
  }
  const holders = blocked.every(({ on }) => FILE_LOCKS.has(on.subsystem)) ? lockHolders(sample, files) : [];
  if (holders.length > 0) {
    return `Look at ${joined(holders.slice(0, 3).map(processName))}: it must let go of the file, or end.`;
  }
  if ((cause === 'fuse' || cause === 'page') && areOfHost(files)) return HOST_ADVICE;
  if (cause !== 'page' || files.length === 0) return undefined;
  if (files.every((file) => file.fsType?.startsWith('fuse'))) return FUSE_ADVICE;
  if (files.every((file) => file.fsType?.startsWith('nfs'))) return NFS_ADVICE;
  return files.every((file) => file.blockDevice !== undefined) ? DISK_ADVICE : undefined;
}

/** Fills the number of the FUSE connection into the advice, where the files tell it (the minor of their device). */
function forConnection(advice: string, files: readonly Resource[]): string {
  const minor = shared(files, (file) => file.device)?.split(':')[1];
  return minor === undefined ? advice : advice.replace('connections/N/', `connections/${minor}/`);
}

function subject(
  scene: Scene,
  blocked: readonly Blocked[],
  carriers: readonly Blocked[],
  submitter: Blocked | undefined,
  files: readonly Resource[],
  text: string,
): string {
  const of = aboutFiles(blocked, files);
  if (submitter) {
    const noun = operationNoun(submitter.task.operation ?? 'UNKNOWN');
    const who = processName({ pid: submitter.task.tid, name: submitter.task.name });
    return `the submitting thread ${who} is itself stuck inside io_uring_enter: its ${noun}${of} ${text}`;
  }
  if (carriers.length > 0) {
    const counts = operationCounts(carriers.map(({ task }) => task.operation ?? 'UNKNOWN'));
    return `${counts}${of} ${carriers.length === 1 ? text : inPlural(text)}`;
  }
  const none = scene.sample.rings.length === 0 ? 'no io_uring here: ' : '';
  const first = blocked[0]?.task;
  const call = blocked.length === 1 && first?.syscall?.name !== undefined ? ` in ${first.syscall.name}` : '';
  const on = of.replace(/^ of /, ' on ');
  if (blocked.length === 1 && first) {
    return `${none}thread ${processName({ pid: first.tid, name: first.name })}${call}${on} ${text}`;
  }
  return `${none}${counted(blocked.length, 'thread')}${on} ${inPlural(text)}`;
}

function whoIsHeld(workers: number, blocked: readonly Blocked[]): string[] {
  const held = blocked.filter(({ task }) => task.kind === 'worker').length;
  const threads = blocked.length - held;
  const functions = [...new Set(blocked.map(({ on }) => on.function))].slice(0, 3);
  const who = [
    held > 0 ? `${held} of ${counted(workers, 'io-wq worker')}` : '',
    threads > 0 ? counted(threads, 'thread') : '',
  ].filter(Boolean);
  const verb = blocked.length === 1 ? 'is' : 'are';
  return [`${sentence(joined(who))} ${verb} blocked in ${joined(functions)}.`];
}

function resourceSentences({ sample, between }: Scene, files: readonly Resource[]): string[] {
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

/** Said for each way of ending that the held requests have; of threads without a request only what signals do. */
function endingSentence(cause: Cause, blocked: readonly Blocked[], files: readonly Resource[]): string {
  if (blocked.every(({ task }) => task.operation === undefined)) return wakeSentence(blocked);
  const fuse = cause === 'page' && files.length > 0 && files.every((r) => r.fsType?.startsWith('fuse'));
  const endings = new Map<string, Blocked[]>();
  for (const one of blocked) {
    if (one.task.operation === undefined) continue;
    const text =
      endingOf(one) === 'cancel'
        ? 'can be cancelled now, with an io_uring cancel'
        : withheld(endingOf(one), fuse ? 'fuse' : cause, one, blocked.length > 1);
    endings.set(text, [...(endings.get(text) ?? []), one]);
  }
  const several = endings.size > 1;
  return [...endings]
    .map(([text, { length }]) => `${several ? length : blocked.length > 1 ? 'They' : 'It'} ${text}.`)
    .join(' ');
}

/** Of what stands behind the held requests, some can be cancelled nonetheless. */
function queuedSentence(sample: Scene['sample'], behind: readonly number[]): string {
  const queued = behind.flatMap((index) => {
    const request = sample.requests[index];
    return request?.state === 'queued' ? [request] : [];
  });
  const { length } = queued.filter((request) => cancelling(sample, request)?.ending === 'cancel');
  if (length === 0) return '';
  return `${length === 1 ? 'The one' : `The ${grouped(length)}`} still queued can be cancelled now.`;
}

function wakeSentence(blocked: readonly Blocked[]): string {
  const wakes = new Set(blocked.map(({ on }) => on.wake));
  if (wakes.has('uninterruptible')) return 'Nothing but the event itself ends this wait: no signal, no kill.';
  if (blocked.some(({ on }) => isTakenByServer(on)))
    return 'Only killing the process ends this wait earlier, and that only while the server has not read the request.';
  if (wakes.has('killable')) return 'Only killing the process ends this wait earlier.';
  return 'A signal can end this wait.';
}

function evidenceOf(scene: Scene, blocked: readonly Blocked[], files: readonly Resource[]): Evidence[] {
  const tids = new Set(tidsOf(blocked));
  const requests = scene.sample.requests.flatMap((request, index) =>
    request.worker !== undefined && tids.has(request.worker) ? [{ request: index }] : [],
  );
  const disks = [...new Set(files.flatMap((f) => (f.blockDevice === undefined ? [] : [f.blockDevice])))];
  return [
    ...[...tids].map((task) => ({ task })),
    ...requests,
    ...files.map(({ fd }) => ({ fd })),
    ...disks.map((device) => ({ device })),
  ];
}
