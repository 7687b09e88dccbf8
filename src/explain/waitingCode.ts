import type { Finding, Sample, Task } from '../model/sample';
import { indexOf } from './sampleIndex';
import { frameText, isOwn, ownFrame } from './userFrames';
import { joined } from './words';

/** Places and threads of one place that are named. */
const MOST_PLACES = 2;
const MOST_THREADS = 3;
/** The innermost frame may be a mere wrapper of the system call: its callers say what it is for. */
const MOST_FRAMES = 3;

/** Where in the program's own source the threads wait that a finding is about, as a sentence; empty where that is not clear. */
export function waitingCode(sample: Sample, finding: Finding): string {
  const places = new Map<string, Task[]>();
  for (const task of threadsOf(sample, finding)) {
    const [frame, ...callers] = (task.userStack ?? []).filter(isOwn).slice(0, MOST_FRAMES);
    if (!frame) continue;
    const place = [`${frame.trust === 'probable' ? 'probably ' : ''}${frameText(frame)}`]
      .concat(callers.map((caller) => frameText(caller)))
      .join(' ← ');
    places.set(place, [...(places.get(place) ?? []), task]);
  }
  if (places.size === 0) return '';
  const sorted = [...places].sort(([, a], [, b]) => b.length - a.length);
  const shown = sorted.slice(0, MOST_PLACES).map(([place, tasks]) => `${place} (${threads(tasks)})`);
  const left = sorted.length - shown.length;
  const more = left === 0 ? [] : [left === 1 ? 'one more place' : `${left} more places`];
  return `The waiting code: ${joined([...shown, ...more])}.`;
}

/** Threads that the finding shows, else those that have submitted what it shows, else the only one. */
function threadsOf(sample: Sample, { evidence, severity }: Finding): readonly Task[] {
  const { tasks } = indexOf(sample);
  const named = (tids: Iterable<number>): Task[] =>
    [...new Set(tids)].flatMap((tid) => {
      const task = tasks.get(tid);
      return task?.kind === 'thread' && ownFrame(task) ? [task] : [];
    });
  const shown = named(evidence.flatMap((one) => ('task' in one ? [one.task] : [])));
  if (shown.length > 0) return shown;
  const requests = evidence.flatMap((one) => ('request' in one ? (sample.requests[one.request] ?? []) : []));
  const submitters = named(
    requests.flatMap(({ submitter, worker }) => [submitter, worker].filter((tid) => tid !== undefined)),
  );
  if (submitters.length > 0 || severity === 'info') return submitters;
  const own = sample.tasks.filter(({ kind }) => kind === 'thread');
  return own.length === 1 ? named(own.map(({ tid }) => tid)) : [];
}

function threads(tasks: readonly Task[]): string {
  const [first] = tasks;
  if (tasks.length === 1 && first) return `thread ${first.tid}`;
  if (tasks.length > MOST_THREADS) return `${tasks.length} threads`;
  return `threads ${joined(tasks.map(({ tid }) => String(tid)))}`;
}
