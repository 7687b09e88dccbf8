import { type Confinement, missingRight } from '../kernel/confinement';
import type { Blindness, Request, Ring, Sample, Task } from '../model/sample';
import type { PendingSources } from './pendingSources';
import { ringRows } from './ringBlindness';

/** What the rooms below met while reading; each becomes a sentence for the user. */
export interface Trouble {
  readonly pid: number;
  readonly uid: number;
  /** User of the process, where known. */
  readonly owner?: number;
  readonly stackErrno?: string;
  /** Why sudo would not help where a right is missing. */
  readonly confinement?: Confinement;
  readonly fdErrno?: string;
  readonly mapsErrno?: string;
  readonly rings: readonly Ring[];
  readonly requests: readonly Request[];
  readonly pending: PendingSources;
  readonly tasks: readonly Task[];
  readonly timedOut: readonly string[];
  readonly missingSockets: readonly string[];
  /** Tasks that ended meanwhile. */
  readonly ended: number;
  readonly captured: boolean;
  /** Of processes no memory but their rings' is read. */
  readonly memoryOff?: boolean;
  /** Of who is at the other end of what is waited for. */
  readonly otherEnds?: readonly Blindness[];
}

/** What could not be seen, why, and what would show it; most useful first. */
export function blindnessOf(trouble: Trouble): Blindness[] {
  const rows: Blindness[] = [];
  const whose =
    trouble.owner !== undefined && trouble.owner !== trouble.uid
      ? `the process belongs to user ${trouble.owner}, the inspector runs as user ${trouble.uid}`
      : 'the process does not let its own user look inside (it is not dumpable, or a security module forbids it)';
  if (trouble.fdErrno !== undefined) {
    rows.push({
      what: 'open files and io_uring rings',
      why: denied(trouble.fdErrno) ? whose : `reading them failed: ${trouble.fdErrno}`,
      remedy: `run with sudo: sudo inspect-io-uring ${trouble.pid}`,
      ...(denied(trouble.fdErrno) ? { missing: 'root' } : {}),
    });
  }
  if (trouble.stackErrno !== undefined) {
    const remedy = trouble.captured
      ? 'capture /proc/PID/task/*/stack as root'
      : `run with sudo: sudo inspect-io-uring ${trouble.pid}`;
    rows.push({
      what: 'kernel stacks',
      ...(denied(trouble.stackErrno)
        ? missingRight('CAP_SYS_ADMIN', remedy, trouble.confinement)
        : { why: `reading them failed: ${trouble.stackErrno}`, remedy }),
    });
  }
  if (trouble.stackErrno !== undefined && trouble.fdErrno === undefined && waitsAreUntold(trouble.tasks)) {
    rows.push({
      what: 'what its tasks wait in',
      why: 'this kernel gives no wait channel (x86 kernels before 5.16 print 0)',
      remedy: 'kernel stacks tell',
    });
  }
  if (trouble.mapsErrno !== undefined && trouble.fdErrno === undefined) {
    rows.push({
      what: 'rings whose descriptor is closed',
      why: denied(trouble.mapsErrno) ? whose : `/proc/${trouble.pid}/maps: ${trouble.mapsErrno}`,
      ...(denied(trouble.mapsErrno) ? { remedy: 'run with sudo', missing: 'root' } : {}),
    });
  }
  if (trouble.memoryOff === true) rows.push({ what: POINTED_AT, why: MEMORY_OFF });
  rows.push(...ringRows(trouble));
  for (const what of trouble.timedOut.slice(0, MOST_TIMED_OUT)) {
    rows.push({
      what,
      why: 'the kernel did not answer in time: a lock it needs is held by a stuck task',
      remedy: 'what holds the lock is among the blocked tasks',
    });
  }
  if (trouble.timedOut.length > MOST_TIMED_OUT) {
    rows.push({
      what: `${trouble.timedOut.length - MOST_TIMED_OUT} more files`,
      why: 'did not answer in time',
    });
  }
  if (trouble.missingSockets.length > 0) {
    rows.push({ what: 'states of sockets', why: `could not be read: ${trouble.missingSockets.join(', ')}` });
  }
  if (trouble.ended > 0) {
    rows.push({ what: `${trouble.ended} tasks`, why: 'ended while they were read' });
  }
  return [...rows, ...(trouble.otherEnds ?? [])];
}

/** What a Sample does not show while somebody holds the lock of the process's memory map. */
export const ITS_MEMORY = 'its memory';

/** Reading the process's memory would wait for that lock, at this look and for as long as it is held. */
export function isMemoryLocked({ notVisible }: Pick<Sample, 'notVisible'>): boolean {
  return notVisible.some(({ what }) => what === ITS_MEMORY);
}

/** Why a process's memory was not read (EOPNOTSUPP). */
export const MEMORY_OFF = 'reading the memory of processes is switched off';

const POINTED_AT = 'what requests and system calls point at (paths, addresses, times) and who holds a mutex';

const MOST_TIMED_OUT = 10;

/** Tasks that sleep, and of none it is said where. */
function waitsAreUntold(tasks: readonly Task[]): boolean {
  const asleep = tasks.filter(({ state }) => state === 'S' || state === 'D');
  return asleep.length > 0 && asleep.every(({ wchan }) => wchan === undefined);
}

function denied(errno: string): boolean {
  return errno === 'EACCES' || errno === 'EPERM';
}
