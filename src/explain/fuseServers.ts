import { printable } from '../model/printable';
import type { FuseServer, ProcessName, Sample } from '../model/sample';
import { plainName } from '../ring/issueFunctions';
import { type Blocked, blockedOn } from './blocking';
import type { Cause } from './functions/entry';
import { processName } from './words';

/** Why a FUSE server does not answer, by what it does itself. */
export interface Plight {
  /** Completes "the server …": "is stopped by a signal (SIGSTOP, Ctrl-Z)". */
  readonly text: string;
  readonly remedy: string;
}

/** Waits that do not end by themselves. */
const GRAVE: ReadonlySet<Cause> = new Set<Cause>([
  'fuse',
  'network file system',
  'page',
  'device',
  'writeback',
  'frozen',
  'user fault',
  'fanotify',
  'memory',
]);

/** Seconds from which on a server's wait is worth a word. */
const LONG = 1;

/** Where a thread of a server stands that takes the next request. */
const TAKES_REQUESTS =
  /^(fuse_dev_|fuse_uring_|ep_poll|do_epoll_wait|do_sys_poll|do_poll|do_select|poll_schedule_timeout|io_cqring_wait|__do_sys_io_uring_enter)/;

/** Undefined where the server could take a request, or nobody can tell. */
export function plightOf(sample: Sample, holder: ProcessName | undefined): Plight | undefined {
  const server = sample.fuseServers?.find(({ pid }) => pid === holder?.pid);
  if (!server || server.tasks.length === 0) return undefined;
  const found = server.tasks.map(blockedOn);
  const blocked = found.filter((one) => one !== undefined);
  const who = processName(server);
  const [first] = blocked;
  if (first && blocked.length === found.length && blocked.every(({ cause }) => cause === 'stopped')) {
    return {
      text: first.on.text,
      remedy: first.advice.replace('Continue it', `Continue ${who}`).replace('PID', String(server.pid)),
    };
  }
  if (server.tasks.some(({ state }) => state === 'R') || blocked.some(takesRequests)) return undefined;
  const own = ownCall(server, blocked);
  if (own !== undefined) {
    return {
      text: `itself waits on its own mount (${printable(own, 200)})`,
      remedy: `${who} waits for its own answer: a FUSE server must not use its own mount. Abort the connection (echo 1 > /sys/fs/fuse/connections/N/abort), or kill the server.`,
    };
  }
  const grave = blocked.find(({ task, cause }) => GRAVE.has(cause) && (task.blocked ?? LONG) >= LONG);
  if (!grave) return undefined;
  const path = server.calls.find(({ tid }) => tid === grave.task.tid)?.path;
  const of = path === undefined ? 'the file' : printable(path, 200);
  return {
    text: `itself ${grave.on.text.replace(/\bthe file(?! system)/, of)}`,
    remedy: `${who} does not answer because it is held itself. ${grave.advice}`,
  };
}

/** "the FUSE server sshfs (812)", and what holds it up itself: ", which is stopped by a signal,". */
export function serverWithPlight(sample: Sample, holder: ProcessName): string {
  const plight = plightOf(sample, holder);
  return `the FUSE server ${processName(holder)}${plight === undefined ? '' : `, which ${plight.text},`}`;
}

function takesRequests({ task, on }: Blocked): boolean {
  const stack = task.kernelStack?.map((frame) => frame.function) ?? [];
  return [on.function, task.wchan ?? '', ...stack].some((name) => TAKES_REQUESTS.test(plainName(name)));
}

function ownCall({ calls }: FuseServer, blocked: readonly Blocked[]): string | undefined {
  const held = new Set(blocked.filter(({ on }) => !on.idle).map(({ task }) => task.tid));
  return calls.find(({ tid, ownMount }) => ownMount === true && held.has(tid))?.path;
}
