import { cpus } from 'node:os';
import { mountHangfs } from '../../real/support/mounts';
import { startVictim } from '../../real/support/victim';
import { freeze, ownFileSystem } from '../fileSystems';
import type { Right, Scenario, Stage } from '../scenario';
import { ringVictim, standStill } from '../stand';

/** Scenes that go on, so that nobody waits for their rest. */
const BUSY = { busy: true } as const;

/** An incident from a public report, named by it: the table of them all is in test/scoreboard/README.md. */
function reported(
  report: string,
  what: string,
  right: Right,
  stage: (stage: Stage) => Promise<number>,
  parts: Partial<Scenario> = {},
): Scenario {
  const everybody = parts.needs?.includes('root') ? {} : { ordinary: right };
  return { name: `case ${report} ${what}`, needs: ['ioUring'], ...right, ...everybody, stage, ...parts };
}

/** A scene of ring_victim that stands still. */
const scene =
  (...args: readonly string[]) =>
  async (stage: Stage): Promise<number> =>
    (await ringVictim(stage, args)).pid;

/** A scene that never comes to rest, or is to be looked at before it has changed. */
const busy =
  (wait: () => Promise<void>, ...args: readonly string[]) =>
  async (stage: Stage): Promise<number> => {
    const { pid } = await startVictim(stage, stage.who, 'ring_victim', args, BUSY);
    await wait();
    return pid;
  };

const atOnce = (): Promise<void> => Promise.resolve();

const warning = (...says: readonly RegExp[]): Right => ({ severity: 'warning', says });
const info = (...says: readonly RegExp[]): Right => ({ severity: 'info', says });
const healthy = { healthy: true } as const;

/** Threads and processes that cannot end, for a worker of theirs hangs in a file. */
const ENDINGS: readonly Scenario[] = [
  reported(
    'L582',
    'thread exit behind a worker',
    { severity: 'critical', says: [/FUSE server|ending/], also: [/ending .*io-wq workers.*read/] },
    async (stage) => {
      const { directory } = await mountHangfs(stage);
      return (await ringVictim(stage, ['thread-exit', `${directory}/hang-data`], 2)).pid;
    },
    { needs: ['root', 'ioUring', 'fuse'] },
  ),
  reported(
    'L460',
    'SQPOLL thread that cannot end',
    { severity: 'critical', says: [/frozen/], also: [/iou-sqp-\d+ .*ending .*write in worker \d+ waits/] },
    async (stage) => {
      const own = ownFileSystem(stage, 'ext4');
      freeze(own);
      const { pid } = await ringVictim(stage, ['sqpoll-write', own.file], 1);
      process.kill(pid, 'SIGKILL');
      await standStill();
      return pid;
    },
    { needs: ['root', 'ioUring', 'loop', 'freeze'] },
  ),
];

/** More workers than anybody wanted, with what let them become so many. */
const CROWDS: readonly Scenario[] = [
  reported(
    'L1466',
    'two hundred workers for eight requests',
    warning(/200 io-wq workers for 8 requests/, /nothing to do/, /200 are allowed/),
    busy(atOnce, 'crowd-idle', '200'),
    { ordinary: warning(/200 io-wq workers for 8 requests/, /nothing to do/) },
  ),
  reported(
    'L460',
    'a worker for each splice',
    warning(/140 io-wq workers for 140 requests/, /splices/, /RLIMIT_NPROC/),
    scene('crowd-splice', '140'),
    { ordinary: warning(/140 io-wq workers for 140 requests/, /RLIMIT_NPROC/) },
  ),
  reported(
    'L976',
    'many workers on one processor',
    warning(/140 io-wq workers/, /its workers may run on 1 of \d+ processors only/),
    (stage) => {
      if (cpus().length < 2) stage.skip('needs two processors');
      return scene('crowd-splice', '140', '0')(stage);
    },
  ),
];

/** What a program forgot, of its queues or of its event loop. */
const FORGOTTEN: readonly Scenario[] = [
  reported(
    'L705',
    'overflow that nobody fetches',
    warning(/completions .*overflowed and stay in the kernel/, /never enters the kernel/),
    busy(standStill, 'overflow-starved'),
  ),
  reported(
    'L367',
    'SQPOLL asleep and a wait for too many',
    info(
      /waits for 2 completions/,
      /no more than 1 can come/,
      /only its timeout/,
      /submission thread sleeps/,
    ),
    scene('sqpoll-wait-more'),
  ),
  reported(
    'netty-226',
    'a wait for what was never submitted',
    warning(/1 request sits in the submission queue/, /not called io_uring_enter/, /waits for completions/),
    scene('wait-unsubmitted'),
  ),
  reported(
    'netty-17049',
    'data that nobody reads',
    warning(/TCP 127\.0\.0\.1:\d+ → 127\.0\.0\.1:\d+ has 512 bytes unread/, /no request of any ring waits/),
    scene('tcp-unserved'),
  ),
  reported(
    'lxc-4118',
    'a blocking read after a multishot poll',
    warning(/blocked in read on \/dev\/pts\/\d+/, /has a poll armed/, /nobody serves the ring/),
    scene('terminal-read'),
  ),
  reported(
    'zio-623',
    'polls that pile up on one file',
    warning(/512 polls are armed on one file/, /eventfd/, /without cancelling/),
    scene('polls-pile', '512'),
  ),
];

/** Nothing is wrong, or nothing that the kernel could know of. */
const HEALTHY: readonly Scenario[] = [
  reported(
    'zio-623',
    'receives whose time is up',
    info(/300 recvs wait for the peer to send on 300 sockets/),
    scene('recvs-given-up', '300'),
    healthy,
  ),
  reported(
    'libuv-4089',
    'a submission thread that spins for nothing',
    info(/submission thread iou-sqp-\d+ .* keeps a processor busy/, /worked for 0 s of/),
    busy(standStill, 'sqpoll-unused'),
    healthy,
  ),
  reported(
    'L943',
    'iowait of an idle server',
    info(/client to connect/, /Nothing is broken/, /iowait is no fault/, /no processor time/),
    scene('accept'),
    healthy,
  ),
  reported(
    'glommio-547',
    'a ring that polls the ring of the timers',
    info(/1 poll waits .*of ring 2 \(fd \d+\), in which only timers are pending: the next fires in/),
    scene('two-rings'),
    { ...healthy, ordinary: info(/1 poll waits .*of ring 2 \(fd \d+\), in which only timers are pending/) },
  ),
];

/** Of a lock of a ring whose holder is in the process; where there is none, golden cases have the stacks. */
const LOCKED: readonly Scenario[] = [
  reported(
    'L1387',
    'a ring’s lock that a stuck submission holds',
    {
      severity: 'critical',
      says: [/userfaultfd/],
      also: [/waits for the lock of an io_uring ring, which thread .* holds while its read waits/],
    },
    async (stage) => (await ringVictim(stage, ['ring-lock'], 1)).pid,
    {
      ordinary: {
        severity: 'critical',
        says: [/userfaultfd/],
        also: [/waits for the lock of an io_uring ring/],
      },
    },
  ),
];

export const CASES: readonly Scenario[] = [...ENDINGS, ...CROWDS, ...FORGOTTEN, ...LOCKED, ...HEALTHY];
