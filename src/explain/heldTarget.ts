import type { Sample } from '../model/sample';
import type { Blocked } from './blocking';
import { candidateFiles } from './candidates';
import type { Cause } from './functions/entry';
import { bufferFiles, carriedFiles } from './listedRequests';
import { isMemoryLimit } from './memoryLimits';
import { filesNamed, type Named } from './namedFiles';
import { type OtherEnds, otherEndsOf } from './otherEnds';
import { behindOverlay } from './overlays';
import type { Scene } from './rule';
import { endsText, endsWaitedFor, pipeText, twoEnds } from './twoEnds';
import { aboutFiles, waitText } from './wording';
import { counted, inPlural, operationCounts, operationNoun, processName } from './words';

/** What tasks that wait for one cause are about. */
export interface HeldTarget {
  readonly files: readonly Named[];
  /** " of /mnt/data/db (fuse.sshfs)"; empty where the text has named it, or nothing is known. */
  readonly of: string;
  /** Completes "it …". */
  readonly text: string;
  /** Where a peer must act. */
  readonly ends?: OtherEnds;
}

/**
 * By the most certain way there is: both ends of what is moved, the other end of a descriptor, a mapped buffer, a path; else the
 * files that fit the wait.
 */
export function targetOf(sample: Sample, cause: Cause, blocked: readonly Blocked[]): HeldTarget {
  const tasks = blocked.map(({ task }) => task);
  const fd = blocked.length === 1 ? blocked[0]?.on.fd : undefined;
  const usable = blocked.some(submits) ? undefined : fd;
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
  const said = ends?.text ?? waitText(sample, cause, blocked, files);
  const text = moved ? pipeText(said, moved, sample.process.pid) : said;
  const isTold =
    toldEnds(ends) !== undefined || named.files.some(({ path }) => path !== undefined && text.includes(path));
  const about = moved ? endsText(moved) : isTold ? '' : aboutFiles(blocked, files);
  const of = mapped ? about.replace(/^ (of|on) /, ' whose memory is mapped from ') : about;
  return { files, of, text, ...(ends ? { ends } : {}) };
}

/** The program's own thread, inside of a submission. */
export function submits({ task }: Blocked): boolean {
  return task.kind === 'thread' && task.operation !== undefined;
}

/** Descriptors that the text of the wait has named. */
function toldEnds(ends: OtherEnds | undefined): readonly Named[] | undefined {
  return ends && ends.resources.length > 0 ? ends.resources : undefined;
}

/** "8 reads of /mnt/data/db wait for …", "no io_uring here: thread cat (7) in read on … waits for …". */
export function subject(
  { sample }: Scene,
  blocked: readonly Blocked[],
  { files, of, text }: HeldTarget,
): string {
  const carriers = blocked.filter(({ task }) => task.operation !== undefined);
  const submitter = blocked.find(submits);
  if (submitter) {
    const noun = operationNoun(submitter.task.operation ?? 'UNKNOWN');
    const who = processName({ pid: submitter.task.tid, name: submitter.task.name });
    return `the submitting thread ${who} is itself stuck inside io_uring_enter: its ${noun}${of} ${text}`;
  }
  if (carriers.length > 0) {
    const counts = operationCounts(carriers.map(({ task }) => task.operation ?? 'UNKNOWN'));
    return `${counts}${of} ${carriers.length === 1 ? text : inPlural(text)}`;
  }
  const none = sample.rings.length === 0 ? 'no io_uring here: ' : '';
  const first = blocked[0]?.task;
  const call = blocked.length === 1 && first?.syscall?.name !== undefined ? ` in ${first.syscall.name}` : '';
  const on = files.some(({ fd }) => fd < 0) ? of : of.replace(/^ of /, ' on ');
  if (blocked.length === 1 && first) {
    return `${none}thread ${processName({ pid: first.tid, name: first.name })}${call}${on} ${text}`;
  }
  return `${none}${counted(blocked.length, 'thread')}${on} ${inPlural(text)}`;
}
