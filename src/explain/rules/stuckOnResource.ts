import type { Evidence, Finding, Resource, Sample, Severity } from '../../model/sample';
import { behind } from '../behind';
import type { Blocked } from '../blocking';
import { candidateFiles, shared } from '../candidates';
import { cgroupSentence } from '../cgroups';
import { culpritOf } from '../disks';
import { frozenSentence } from '../freezing';
import type { Cause } from '../functions/entry';
import { endingSentence, queuedSentence } from '../heldEnding';
import { forConnection, remedyFor, sharedDisk } from '../heldRemedy';
import { heldMutexes, pathSentence, resourceSentences, severalWaits, whoIsHeld } from '../heldSentences';
import { subject, submits, targetOf } from '../heldTarget';
import { carriedFiles } from '../listedRequests';
import { isMemoryLimit } from '../memoryLimits';
import { isPaced, pacedTask } from '../pacedTasks';
import { type Rule, type Scene, standsStill } from '../rule';
import { behindSubmission } from '../submitters';
import { counted, duration, sentence } from '../words';
import { isStoppedByDebugger } from './stoppedByDebugger';

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
      // What a thread waits for inside a submission holds its ring up, however everyday it is elsewhere.
      if (SEVERITY[blocked.cause] === undefined && !submits(blocked)) continue;
      if (isStoppedByDebugger(blocked.task)) continue;
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
  const submitter = blocked.find(submits);
  const target = targetOf(sample, cause, blocked);
  const { files, ends } = target;
  const longest = Math.max(...tasks.map((task) => task.blocked ?? -1));
  const waiting = behind(scene, carriers, main, grave);
  const poller = blocked.find(({ task }) => task.kind === 'sqpoll' && task.operation !== undefined);
  const left = tasks.reduce((sum, task) => sum + behindSubmission(sample, task), 0);
  const disk = sharedDisk(sample, cause, files);
  const culprit = disk && culpritOf(sample, disk);
  const summary = [
    subject(scene, blocked, target),
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
      first?.limit || blocked.every(isMemoryLimit) ? '' : cgroupSentence(sample, cause, files),
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
