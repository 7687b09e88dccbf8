import type { BlockDevice, Evidence, Finding, Resource, Sample, Severity, Task } from '../../model/sample';
import { lockHolderOf } from '../awaitedThings';
import { behind } from '../behind';
import type { Blocked } from '../blocking';
import { cancelling, endingOf, isTakenByServer, withheld } from '../cancelling';
import { candidateFiles, shared } from '../candidates';
import { cgroupSentence } from '../cgroups';
import { culpritOf, diskOf, diskSentence, hardwareRemedy, resumeRemedy } from '../disks';
import { frozenRemedy, frozenSentence } from '../freezing';
import { DISK_ADVICE, FUSE_ADVICE, HOST_ADVICE, NFS_ADVICE } from '../functions/advice';
import type { Cause } from '../functions/entry';
import { plightOf } from '../fuseServers';
import { bufferFiles, carriedFiles } from '../listedRequests';
import { lockHolders, lockText } from '../locks';
import { isMemoryLimit } from '../memoryLimits';
import { filesNamed, type Named } from '../namedFiles';
import { type OtherEnds, otherEndsOf } from '../otherEnds';
import { behindOverlay, layersText } from '../overlays';
import { isPaced, pacedTask } from '../pacedTasks';
import { remoteMountOf, remoteMountSentence } from '../remoteMounts';
import { type Rule, type Scene, standsStill } from '../rule';
import { behindSubmission } from '../submitters';
import { endsText, endsWaitedFor, pipeText, twoEnds } from '../twoEnds';
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
  helper: 'critical',
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
    const add = (one: Blocked) => groups.set(one.cause, [...(groups.get(one.cause) ?? []), one]);
    let again = false;
    for (const blocked of scene.blocked) {
      if (SEVERITY[blocked.cause] === undefined && !holdsRing(blocked)) continue;
      if (isPaced(blocked)) {
        const paced = pacedTask(scene, blocked);
        if (paced === undefined && !scene.last) again = true;
        if (typeof paced === 'object') add(paced);
        continue;
      }
      const still = standsStill(scene, blocked.task);
      if (still === undefined) again = true;
      if (still) add(blocked);
    }
    if (again) return 'look again';
    joinFuse(scene.sample, groups);
    const causes = [...groups].sort((a, b) => rank(a[0]) - rank(b[0]));
    const grave = new Set(
      causes.flatMap(([cause, blocked]) => (countsAsStuck(cause) ? tidsOf(blocked) : [])),
    );
    return causes.map(([cause, blocked], index) => finding(scene, cause, blocked, index === 0, grave));
  },
};

/** Those that wait for a page which the server of the others must supply wait for the same as they. */
function joinFuse(sample: Sample, groups: Map<Cause, Blocked[]>): void {
  const [fuse, page] = [groups.get('fuse'), groups.get('page')];
  if (!fuse || !page) return;
  const mounts = [fuse, page].map((blocked) => {
    const tasks = blocked.map(({ task }) => task);
    const files = carriedFiles(sample, tasks) ?? candidateFiles(sample, tasks, 'fuse');
    return files.every(({ fsType }) => fsType?.startsWith('fuse'))
      ? shared(files, (r) => r.mount)
      : undefined;
  });
  if (mounts[0] === undefined || mounts[0] !== mounts[1]) return;
  groups.set('fuse', [...fuse, ...page]);
  groups.delete('page');
}

/** Whatever a thread waits for inside a submission, its ring waits with it: what is everyday elsewhere is none there. */
function holdsRing({ task }: Blocked): boolean {
  return task.kind === 'thread' && task.operation !== undefined;
}

function rank(cause: Cause): number {
  const at = ORDER.indexOf(cause);
  return at < 0 ? ORDER.length : at;
}

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
  const ofMemory = blocked.every(isMemoryLimit);
  const moved = twoEnds(sample, tasks);
  const ends = cause === 'peer' && !moved ? otherEndsOf(sample, blocked) : undefined;
  const named = filesNamed(sample, tasks, cause);
  const mapped = bufferFiles(sample, tasks);
  const open =
    ends || (named.files.length > 0 && named.others.length === 0)
      ? []
      : (carriedFiles(sample, named.others) ?? candidateFiles(sample, named.others, cause, usable));
  const known = moved ? endsWaitedFor(moved, cause === 'peer') : toldEnds(ends);
  const told: readonly Named[] = ofMemory ? [] : (known ?? mapped ?? [...named.files, ...open]);
  const writes = cause === 'frozen' || tasks.every(({ operation }) => operation === 'WRITE');
  const files = told.map((file) => behindOverlay(sample, file, writes));
  const longest = Math.max(...tasks.map((task) => task.blocked ?? -1));
  const waiting = behind(scene, carriers, main, grave);
  const poller = blocked.find(({ task }) => task.kind === 'sqpoll' && task.operation !== undefined);
  const left = tasks.reduce((sum, task) => sum + behindSubmission(sample, task), 0);
  const said = ends?.text ?? waitText(sample, cause, blocked, files);
  const text = moved ? pipeText(said, moved, sample.process.pid) : said;
  const isTold =
    toldEnds(ends) !== undefined || named.files.some(({ path }) => path !== undefined && text.includes(path));
  const about = moved ? endsText(moved) : isTold ? '' : aboutFiles(blocked, files);
  const of = mapped ? about.replace(/^ (of|on) /, ' whose memory is mapped from ') : about;
  const disk = sharedDisk(sample, cause, files);
  const culprit = disk && culpritOf(sample, disk);
  const summary = [
    subject(scene, blocked, carriers, submitter, files, of, text),
    longest >= 0 && !blocked.every(isPaced) ? `, ${duration(longest)} so far` : '',
    waiting.summary,
    left > 0
      ? `; ${counted(left, 'more request')} in the submission queue ${left === 1 ? 'stands' : 'stand'} behind it`
      : '',
    culprit ? `; behind the disk ${disk?.name} stands ${culprit.text}` : '',
    blocked.every(({ limit }) => limit) ? ': the disk itself has nothing in flight' : '',
    '.',
  ].join('');
  const first = blocked[0];
  const stuck = carriers.length + waiting.count;
  return {
    tag: submitter ? 'submitter-stuck' : (TAGS[cause] ?? 'stuck-on-resource'),
    severity: submitter && cause === 'peer' ? 'warning' : (SEVERITY[cause] ?? 'warning'),
    summary: sentence(summary),
    explanation: [
      whoIsHeld(sample, blocked, waiting.cannotStart),
      cause === 'fuse' ? severalWaits(blocked) : '',
      submitter
        ? 'While it stands there it holds the ring’s lock: nothing else can be submitted to the ring, and /proc prints nothing of it.'
        : '',
      poller
        ? 'It is the kernel’s submission thread (SQPOLL): while it stands there it takes nothing else from its rings.'
        : '',
      endingSentence(cause, blocked, files),
      queuedSentence(sample, waiting.requests ?? []),
      pathSentence(files),
      ...(ends?.sentences ?? resourceSentences(scene, files)),
      first?.limit || ofMemory ? '' : cgroupSentence(sample, cause, files),
      cause === 'frozen' ? frozenSentence(sample, files) : '',
      heldMutexes(scene, tasks),
      waiting.explanation,
    ]
      .filter(Boolean)
      .join(' '),
    remedy: forConnection(
      ends?.remedy ?? remedyFor(sample, cause, blocked, files) ?? first?.advice ?? '',
      files,
    ),
    evidence: [
      ...evidenceOf(scene, blocked, files),
      ...(waiting.requests ?? []).map((request) => ({ request })),
    ],
    ...(stuck > 0 ? { stuck } : {}),
  };
}

/** Descriptors that the text of the wait has named. */
function toldEnds(ends: OtherEnds | undefined): readonly Named[] | undefined {
  return ends && ends.resources.length > 0 ? ends.resources : undefined;
}

/** Causes that a disk holds up. */
const ON_DISK: ReadonlySet<Cause> = new Set<Cause>(['page', 'device', 'writeback']);

/** Waits of which /proc/locks tells the holder. */
const FILE_LOCKS: ReadonlySet<string> = new Set(['file lock', 'file lease']);

/** The disk that holds all of them up, if it is a disk. */
function sharedDisk(sample: Sample, cause: Cause, files: readonly Resource[]): BlockDevice | undefined {
  const one = ON_DISK.has(cause) && shared(files, (file) => file.blockDevice) !== undefined;
  return one ? diskOf(sample, files[0]) : undefined;
}

/** The page cache's advice is vague where the files tell who supplies their pages. */
function remedyFor(
  sample: Sample,
  cause: Cause,
  blocked: readonly Blocked[],
  files: readonly Resource[],
): string | undefined {
  if (cause === 'frozen') return frozenRemedy(sample, files);
  const disk = sharedDisk(sample, cause, files);
  if (disk?.suspended) return resumeRemedy(disk);
  const remedy = disk && (culpritOf(sample, disk)?.remedy ?? hardwareRemedy(disk));
  if (remedy !== undefined) return remedy;
  const holders = blocked.every(({ on }) => FILE_LOCKS.has(on.subsystem)) ? lockHolders(sample, files) : [];
  if (holders.length > 0) {
    return `Look at ${joined(holders.slice(0, 3).map(processName))}: it must let go of the file, or end.`;
  }
  const plight = cause === 'fuse' || cause === 'page' ? plightOf(sample, files[0]?.holder) : undefined;
  if (plight && shared(files, (file) => file.holder?.pid) !== undefined) return plight.remedy;
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
  files: readonly Named[],
  of: string,
  text: string,
): string {
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
  const on = files.some(({ fd }) => fd < 0) ? of : of.replace(/^ of /, ' on ');
  if (blocked.length === 1 && first) {
    return `${none}thread ${processName({ pid: first.tid, name: first.name })}${call}${on} ${text}`;
  }
  return `${none}${counted(blocked.length, 'thread')}${on} ${inPlural(text)}`;
}

/** "8 of 8 io-wq workers are blocked in filemap_get_pages, uninterruptible; 92 more requests cannot start before one is free." */
function whoIsHeld(sample: Sample, blocked: readonly Blocked[], cannotStart?: string): string {
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
function severalWaits(blocked: readonly Blocked[]): string {
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
function heldMutexes({ sample, blocked }: Scene, tasks: readonly Task[]): string {
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
function pathSentence(files: readonly Named[]): string {
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

/** Said for each way of ending that the held requests have; of threads without a request only what signals do. */
function endingSentence(cause: Cause, blocked: readonly Blocked[], files: readonly Resource[]): string {
  if (blocked.every(({ task }) => task.operation === undefined)) return wakeSentence(blocked);
  const fuse = cause === 'page' && files.length > 0 && files.every((r) => r.fsType?.startsWith('fuse'));
  const endings = new Map<string, Blocked[]>();
  for (const one of blocked) {
    if (one.task.operation === undefined) continue;
    const text = endingText(fuse ? 'fuse' : cause, one, true);
    endings.set(text, [...(endings.get(text) ?? []), one]);
  }
  const several = endings.size > 1;
  return [...endings.values()]
    .map((alike) => {
      const [one] = alike;
      const many = several ? alike.length > 1 : blocked.length > 1;
      const who = several ? alike.length : many ? 'They' : 'It';
      return one ? `${who} ${endingText(fuse ? 'fuse' : cause, one, many)}.` : '';
    })
    .join(' ');
}

function endingText(cause: Cause, one: Blocked, many: boolean): string {
  const ending = endingOf(one);
  return ending === 'cancel'
    ? 'can be cancelled now, with an io_uring cancel'
    : withheld(ending, cause, one, many);
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
    ...files.flatMap(({ fd }) => (fd < 0 ? [] : [{ fd }])),
    ...disks.map((device) => ({ device })),
  ];
}
