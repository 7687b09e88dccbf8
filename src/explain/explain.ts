import { printable } from '../model/printable';
import type { Finding, Sample, Severity, Task } from '../model/sample';
import { atOnce, type Steps } from '../target/turns';
import { type Blocked, blockedTasks } from './blocking';
import { behindLimit } from './ioLimits';
import { iowaitSentence } from './iowait';
import { behindMemoryLimit } from './memoryLimits';
import { pageOf } from './pages';
import type { Rule, Scene } from './rule';
import { aioQueues } from './rules/aioQueues';
import { armedPolls } from './rules/armedPolls';
import { atRest } from './rules/atRest';
import { cgroupFrozen } from './rules/cgroupFrozen';
import { deadlock } from './rules/deadlock';
import { exitBlocked } from './rules/exitBlocked';
import { hashedWrites } from './rules/hashedWrites';
import { heldBack } from './rules/heldBack';
import { insideDevice } from './rules/insideDevice';
import { linuxAio } from './rules/linuxAio';
import { loopBlocked } from './rules/loopBlocked';
import { lost } from './rules/lost';
import { notReaped } from './rules/notReaped';
import { notSubmitted } from './rules/notSubmitted';
import { pending } from './rules/pending';
import { ringLock } from './rules/ringLock';
import { ringShared } from './rules/ringShared';
import { sqpollSpins } from './rules/sqpollSpins';
import { stoppedByDebugger } from './rules/stoppedByDebugger';
import { stuckOnResource } from './rules/stuckOnResource';
import { unlisted } from './rules/unlisted';
import { unservedSockets } from './rules/unservedSockets';
import { waitsForMore } from './rules/waitsForMore';
import { waitsForNothing } from './rules/waitsForNothing';
import { waitsForPeer } from './rules/waitsForPeer';
import { waitsUnseen } from './rules/waitsUnseen';
import { workerCrowd } from './rules/workerCrowd';
import { workersExhausted } from './rules/workersExhausted';

/** In the order of importance among findings of one severity. */
const RULES: readonly Rule[] = [
  cgroupFrozen,
  stoppedByDebugger,
  stuckOnResource,
  ringLock,
  deadlock,
  exitBlocked,
  insideDevice,
  linuxAio,
  aioQueues,
  workersExhausted,
  loopBlocked,
  notSubmitted,
  waitsForNothing,
  waitsForMore,
  notReaped,
  lost,
  armedPolls,
  workerCrowd,
  waitsForPeer,
  unservedSockets,
  sqpollSpins,
];

/** Asked in turn only while nothing else was found. */
const FALLBACKS: readonly Rule[] = [waitsUnseen, pending, unlisted, atRest];

/** Told beside the answer: what stands in a row behind something, and who else has the ring. */
const ASIDES: readonly Rule[] = [hashedWrites, heldBack, ringShared];

export interface ExplainOptions {
  /** Another look at the same process, earlier or later. */
  readonly other?: Sample;
  /** No further look will come. */
  readonly last?: boolean;
}

export interface Explained {
  readonly sample: Sample;
  /** A second look would tell more. */
  readonly lookAgain: boolean;
}

/** Fills what each task is blocked on and the findings, most important first. */
export function explain(bare: Sample, options: ExplainOptions = {}): Explained {
  return atOnce(explaining(bare, options));
}

/** The same in steps, a rule each. */
export function* explaining(bare: Sample, options: ExplainOptions = {}): Steps<Explained> {
  const other = comparable(bare, options.other) ? options.other : undefined;
  const blocked = blockedTasks(bare).map((one) => behindMemoryLimit(bare, behindLimit(bare, one)));
  const between = other ? secondsBetween(bare, other) : undefined;
  const scene: Scene = {
    sample: bare,
    blocked,
    last: options.last ?? false,
    ...(other ? { other } : {}),
    ...(between === undefined ? {} : { between }),
  };
  let lookAgain = false;
  const ask = (rule: Rule): readonly Finding[] => {
    const verdict = rule.check(scene);
    if (verdict !== 'look again') return verdict;
    lookAgain = true;
    return [];
  };
  const found: Finding[] = [];
  for (const rule of RULES) {
    found.push(...ask(rule));
    yield;
  }
  for (const rule of FALLBACKS) {
    if (found.length === 0) found.push(...ask(rule));
    yield;
  }
  for (const rule of ASIDES) {
    found.push(...ask(rule));
    yield;
  }
  const findings = withIowait(inOrder(found), scene).map(finished);
  yield;
  return { sample: { ...bare, tasks: withBlocked(bare.tasks, blocked), findings }, lookAgain };
}

/** Where nothing is wrong, the answer also says what looks as if something were. */
function withIowait(found: readonly Finding[], scene: Scene): readonly Finding[] {
  const [first, ...others] = found;
  const told = first?.severity === 'info' ? iowaitSentence(scene) : '';
  return first && told !== ''
    ? [{ ...first, explanation: `${first.explanation} ${told}` }, ...others]
    : found;
}

/** Most severe first; those of one severity stay as they are. */
export function inOrder(findings: readonly Finding[]): readonly Finding[] {
  return [...findings].sort((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity));
}

/** Names of files, mounts and processes stand in the sentences: they may forge no line and colour nothing. */
export function finished(finding: Finding): Finding {
  const { tag, summary, explanation, remedy } = finding;
  const learnMore = pageOf(tag);
  return {
    ...finding,
    summary: printable(summary),
    explanation: printable(explanation),
    remedy: printable(remedy),
    ...(learnMore === undefined ? {} : { learnMore }),
  };
}

const ORDER: readonly Severity[] = ['critical', 'warning', 'info'];

function withBlocked(tasks: readonly Task[], blocked: readonly Blocked[]): Task[] {
  const byTid = new Map(blocked.map(({ task, on }) => [task.tid, on]));
  return tasks.map((task) => {
    const on = byTid.get(task.tid);
    return on ? { ...task, blockedOn: on } : task;
  });
}

/** Two looks closer than this see the same also in a busy process. Seconds. */
const LEAST_BETWEEN = 0.2;

/** Both are of the same process, and far enough apart. */
function comparable(a: Sample, b: Sample | undefined): b is Sample {
  if (b === undefined || a.process.pid !== b.process.pid || a.process.startTime !== b.process.startTime) {
    return false;
  }
  const between = secondsBetween(a, b);
  return between === undefined || between >= LEAST_BETWEEN;
}

/** By the host’s uptime, which no clock change moves. */
function secondsBetween(a: Sample, b: Sample): number | undefined {
  if (a.host.uptime === undefined || b.host.uptime === undefined) return undefined;
  return Math.abs(a.host.uptime - b.host.uptime);
}
