import type { Right, Scenario } from '../scenario';
import { waiting } from '../stand';

/** A program without a ring: what it waits for, by the words its first finding must have. */
function plain(name: string, says: readonly RegExp[], parts: Partial<Scenario> = {}): Scenario {
  const right: Right = { severity: 'info', says };
  return {
    name: `plain ${name}`,
    ...right,
    ordinary: right,
    stage: (stage) => waiting(stage, [name]),
    ...parts,
  };
}

const healthy = { healthy: true } as const;

/** A program that has both ends of what it waits for. */
const ITSELF = /the process itself/;

/** Waits in one system call for a peer, an event, a lock or a time. */
export const WAITS: readonly Scenario[] = [
  plain('pipe-read', [/waits for data in the pipe at descriptor \d/, ITSELF]),
  plain('pipe-full', [/the full pipe at descriptor \d/, ITSELF]),
  plain('fifo', [/other end of the FIFO \/\S+\/fifo: .* to read, and nobody has it open to write/]),
  plain('unix-read', [/waits for data on the unix socket at descriptor \d/, ITSELF]),
  plain('unix-full', [
    /waits for room on the unix socket at descriptor \d/,
    ITSELF,
    /bytes are unread there/,
  ]),
  plain('tcp-read', [/waits for data on TCP 127\.\S+ → 127\.\S+, which waits \(\d+\) has not accepted/]),
  plain('tcp-full', [/waits for room on TCP 127\.\S+ → 127\.\S+, which waits \(\d+\) has not accepted/]),
  plain('tcp-accept', [/waits for a client to connect to TCP 127\./], healthy),
  plain('udp-read', [/waits for a datagram on UDP 127\./]),
  plain('eventfd', [/eventfd/], { ...healthy, ...vaguer(/eventfd/) }),
  plain('timerfd', [/timer to fire/], { ...healthy, ...vaguer(/timer to fire/) }),
  plain('signalfd', [/an event|signal/], healthy),
  plain('inotify', [/event|inotify/], { ...healthy, ...vaguer(/event/) }),
  plain('fanotify', [/event|fanotify/], { ...healthy, needs: ['root'] }),
  plain('fanotify-permission', [/fanotify/], { severity: 'critical', needs: ['root'] }),
  plain('flock', [/file lock/, /that \S.* holds?\b/]),
  plain('posix-lock', [/file lock/, /that \S.* holds?\b/]),
  plain('lease', [/lease/]),
  plain('futex', [/another thread/], healthy),
  plain('waitid', [/child process/], healthy),
  plain('sleep', [/sleeps for a time/], healthy),
  plain('pause', [/waits for a signal/], healthy),
  plain('sigsuspend', [/waits for a signal/], healthy),
  plain('semaphore', [/semaphore of set \d+/], { needs: ['root'] }),
  plain('mqueue', [/message in the message queue \/inspect-\d+/], healthy),
  plain('terminal', [/the terminal \/dev\/pts\/\d+, whose other end the process itself holds/], healthy),
  plain('poll', [/waits in poll for the pipe at descriptor \d/, ITSELF], healthy),
  plain('epoll', [/epoll/, /nothing is seen to be stuck/], healthy),
  plain('stopped', [/stopped by a signal/], { severity: 'warning', ...asOrdinary(/stopped by a signal/) }),
  plain('traced', [/is stopped by its debugger, process \d+/]),
  plain('user-fault', [/userfaultfd/], { severity: 'critical', ...asOrdinary(/userfaultfd/, 'critical') }),
];

/** Without kernel stacks only the wait channel tells, which several kinds of descriptor share. */
function vaguer(...says: readonly RegExp[]): { readonly ordinary: Right } {
  return { ordinary: { severity: 'info', says } };
}

function asOrdinary(says: RegExp, severity: Right['severity'] = 'warning'): { readonly ordinary: Right } {
  return { ordinary: { severity, says: [says] } };
}
